//! `GET /v1/subscriptions`, and `GET`, `POST` and `DELETE /v1/subscriptions/{id}`.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::fields;
use crate::form::Form;
use crate::problem::Problem;
use crate::state::{PlayError, State, Subscription};

const LISTED_BY: [&str; 4] = ["customer", "status", "limit", "starting_after"];

pub(super) fn list(state: &State, form: &Form) -> Result<Value, Problem> {
    fields::only(form, &LISTED_BY)?;
    let customer = fields::required(form, "customer")?;
    if !state.customers.contains_key(customer) {
        return Err(Problem::no_such_param("customer", customer, "customer"));
    }
    let status = form.text(&["status"]);
    let is_wanted = |one: &&Subscription| match status {
        None => !one.is_over(),
        Some("all") => true,
        Some(status) => one.status.as_str() == status,
    };
    let limit: usize = match form.text(&["limit"]).map(str::parse) {
        None => 10,
        Some(Ok(limit)) if (1..=100).contains(&limit) => limit,
        Some(_) => return Err(Problem::bad_param("limit", "must be between 1 and 100")),
    };
    let mut found = state.subscriptions_of(customer);
    if let Some(last) = form.text(&["starting_after"]) {
        let place = found.iter().position(|one| one.id == last);
        let place = place.ok_or_else(|| Problem::no_such_param("subscription", last, "starting_after"))?;
        found.drain(..=place);
    }
    let mut wanted = found.into_iter().filter(is_wanted);
    let page: Vec<Value> = wanted
        .by_ref()
        .take(limit)
        .map(|one| state.subscription_json(&one.id, state.shapes.api).map_err(refused))
        .collect::<Result<_, _>>()?;
    let has_more = wanted.next().is_some();
    Ok(json!({ "object": "list", "data": page, "has_more": has_more, "url": "/v1/subscriptions" }))
}

pub(super) fn read(state: &State, id: &str) -> Result<Value, Problem> {
    state.subscription_json(id, state.shapes.api).map_err(refused)
}

pub(super) fn update(
    state: &mut State,
    id: &str,
    form: &Form,
    now: OffsetDateTime,
) -> Result<Value, Problem> {
    fields::only(form, &["cancel_at_period_end", "items", "metadata", "trial_end", "proration_behavior"])?;
    if let Some(price) = form.text(&["items", "0", "price"]) {
        state.change_price(id, price, now).map_err(refused)?;
    }
    if let Some(cancel) = fields::flag(form, "cancel_at_period_end")? {
        state.set_cancel_at_period_end(id, cancel, now).map_err(refused)?;
    }
    let metadata = fields::metadata(form, &["metadata"])?;
    if !metadata.is_empty() {
        state.change(id, now, |subscription| subscription.metadata.extend(metadata)).map_err(refused)?;
    }
    match form.text(&["trial_end"]) {
        None => {}
        Some("now") => state.charge(id, true, now).map_err(refused)?,
        Some(_) => return Err(Problem::bad_param("trial_end", "The fake knows the value now only")),
    }
    read(state, id)
}

pub(super) fn cancel(state: &mut State, id: &str, now: OffsetDateTime) -> Result<Value, Problem> {
    state.cancel(id, now).map_err(refused)?;
    read(state, id)
}

fn refused(error: PlayError) -> Problem {
    match error {
        PlayError::Unknown { kind, id } => Problem::no_such(kind, &id),
        PlayError::Impossible(reason) => Problem::bad_param("id", reason),
    }
}
