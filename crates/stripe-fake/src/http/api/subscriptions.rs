//! `GET`, `POST` and `DELETE /v1/subscriptions/{id}`.

use serde_json::Value;
use time::OffsetDateTime;

use super::fields;
use crate::form::Form;
use crate::problem::Problem;
use crate::state::{PlayError, State};

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
