//! `POST /v1/billing_portal/sessions`.

use serde_json::Value;

use super::{Scene, fields};
use crate::form::Form;
use crate::problem::Problem;
use crate::state::{PortalSession, State, new_id};

pub(super) fn create(state: &mut State, form: &Form, scene: Scene<'_>) -> Result<Value, Problem> {
    fields::only(form, &["customer", "return_url", "locale", "configuration"])?;
    let customer = fields::required(form, "customer")?;
    if !state.has_customer(customer) {
        return Err(Problem::no_such_param("customer", customer, "customer"));
    }
    let session = PortalSession {
        id: new_id("bps"),
        created: scene.now,
        customer: customer.to_owned(),
        return_url: fields::web_address(form, "return_url")?,
    };
    let json = session.json(scene.public_url);
    state.portals.insert(session.id.clone(), session);
    Ok(json)
}
