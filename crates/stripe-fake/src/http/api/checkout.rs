//! `POST /v1/checkout/sessions`, `GET /v1/checkout/sessions/{id}`, `POST /v1/checkout/sessions/{id}/expire`.

use serde_json::Value;

use super::{Scene, fields};
use crate::form::Form;
use crate::problem::Problem;
use crate::state::{CheckoutSession, CheckoutStatus, State, new_id};

const KNOWN: [&str; 12] = [
    "mode",
    "customer",
    "client_reference_id",
    "line_items",
    "success_url",
    "cancel_url",
    "allow_promotion_codes",
    "payment_method_collection",
    "locale",
    "metadata",
    "subscription_data",
    "expand",
];

/// The longest trial that Stripe has.
const MAX_TRIAL_DAYS: u32 = 730;

pub(super) fn create(state: &mut State, form: &Form, scene: Scene<'_>) -> Result<Value, Problem> {
    fields::only(form, &KNOWN)?;
    if fields::required(form, "mode")? != "subscription" {
        return Err(Problem::bad_param("mode", "The fake plays subscriptions only"));
    }
    fields::flag(form, "allow_promotion_codes")?;
    let collection = form.text(&["payment_method_collection"]);
    if collection.is_some_and(|collection| !matches!(collection, "always" | "if_required")) {
        return Err(Problem::bad_param("payment_method_collection", "must be one of always or if_required"));
    }
    let customer = fields::required(form, "customer")?;
    if !state.has_customer(customer) {
        return Err(Problem::no_such_param("customer", customer, "customer"));
    }
    let price =
        form.text(&["line_items", "0", "price"]).ok_or_else(|| Problem::missing("line_items[0][price]"))?;
    if !state.prices.contains_key(price) {
        return Err(Problem::no_such_param("price", price, "line_items[0][price]"));
    }
    if form.text(&["line_items", "0", "quantity"]) != Some("1") {
        return Err(Problem::bad_param("line_items[0][quantity]", "The fake sells one of each"));
    }
    let session = CheckoutSession {
        id: new_id("cs_test"),
        created: scene.now,
        customer: customer.to_owned(),
        price: price.to_owned(),
        success_url: fields::web_address(form, "success_url")?,
        cancel_url: fields::web_address(form, "cancel_url")?,
        trial_days: trial_days(form)?,
        client_reference_id: form.text(&["client_reference_id"]).map(str::to_owned),
        metadata: fields::metadata(form, &["metadata"])?,
        subscription_metadata: fields::metadata(form, &["subscription_data", "metadata"])?,
        status: CheckoutStatus::Open,
        subscription: None,
    };
    let json = session.json(scene.public_url, scene.now);
    state.sessions.insert(session.id.clone(), session);
    Ok(json)
}

pub(super) fn read(state: &State, id: &str, scene: Scene<'_>) -> Result<Value, Problem> {
    let session = state.sessions.get(id).ok_or_else(|| Problem::no_such("checkout.session", id))?;
    Ok(session.json(scene.public_url, scene.now))
}

pub(super) fn expire(state: &mut State, id: &str, form: &Form, scene: Scene<'_>) -> Result<Value, Problem> {
    fields::only(form, &["expand"])?;
    let session = state.sessions.get_mut(id).ok_or_else(|| Problem::no_such("checkout.session", id))?;
    if session.status != CheckoutStatus::Open || session.is_expired(scene.now) {
        return Err(Problem::bad_param(
            "session",
            "Only Checkout Sessions with a status of open can be expired.",
        ));
    }
    session.status = CheckoutStatus::Expired;
    Ok(session.json(scene.public_url, scene.now))
}

fn trial_days(form: &Form) -> Result<Option<u32>, Problem> {
    let Some(days) = form.text(&["subscription_data", "trial_period_days"]) else { return Ok(None) };
    match days.parse() {
        Ok(days) if (1..=MAX_TRIAL_DAYS).contains(&days) => Ok(Some(days)),
        _ => Err(Problem::bad_param(
            "subscription_data[trial_period_days]",
            format!("The minimum number of trial period days is 1, the maximum {MAX_TRIAL_DAYS}."),
        )),
    }
}
