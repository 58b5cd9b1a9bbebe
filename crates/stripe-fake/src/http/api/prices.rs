//! `GET /v1/prices`.

use serde_json::{Value, json};

use super::fields;
use crate::form::Form;
use crate::problem::Problem;
use crate::state::{Price, State};

pub(super) fn list(state: &State, form: &Form) -> Result<Value, Problem> {
    fields::only(form, &["lookup_keys", "active", "limit", "type", "currency", "expand"])?;
    let keys = form.list(&["lookup_keys"]);
    if keys.len() > 10 {
        return Err(Problem::bad_param("lookup_keys", "Up to 10 lookup keys"));
    }
    // Every price here is active.
    let active = fields::flag(form, "active")?.unwrap_or(true);
    let wanted = |price: &&Price| active && (keys.is_empty() || keys.contains(&price.lookup_key.as_str()));
    let limit = form.text(&["limit"]).and_then(|limit| limit.parse().ok()).unwrap_or(10);
    let data: Vec<Value> = state.prices.values().filter(wanted).take(limit).map(Price::json).collect();
    Ok(json!({ "object": "list", "data": data, "has_more": false, "url": "/v1/prices" }))
}
