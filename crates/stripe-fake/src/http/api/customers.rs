//! `POST /v1/customers`, and `GET`, `POST` and `DELETE /v1/customers/{id}`.

use serde_json::Value;
use time::OffsetDateTime;

use super::fields;
use crate::form::Form;
use crate::problem::Problem;
use crate::state::{Customer, State, new_id};

const KNOWN: [&str; 6] = ["name", "email", "description", "metadata", "preferred_locales", "phone"];

pub(super) fn create(state: &mut State, form: &Form, now: OffsetDateTime) -> Result<Value, Problem> {
    fields::only(form, &KNOWN)?;
    let mut customer = Customer {
        id: new_id("cus"),
        created: now,
        name: None,
        email: None,
        metadata: Default::default(),
        deleted: false,
    };
    describe(&mut customer, form)?;
    let json = customer.json();
    state.customers.insert(customer.id.clone(), customer);
    Ok(json)
}

pub(super) fn read(state: &State, id: &str) -> Result<Value, Problem> {
    state.customers.get(id).map(Customer::json).ok_or_else(|| Problem::no_such("customer", id))
}

pub(super) fn update(state: &mut State, id: &str, form: &Form) -> Result<Value, Problem> {
    fields::only(form, &KNOWN)?;
    let customer = state.customers.get_mut(id).filter(|customer| !customer.deleted);
    let customer = customer.ok_or_else(|| Problem::no_such("customer", id))?;
    describe(customer, form)?;
    Ok(customer.json())
}

pub(super) fn delete(state: &mut State, id: &str, now: OffsetDateTime) -> Result<Value, Problem> {
    state.delete_customer(id, now).map_err(|_refused| Problem::no_such("customer", id))?;
    read(state, id)
}

fn describe(customer: &mut Customer, form: &Form) -> Result<(), Problem> {
    let metadata = fields::metadata(form, &["metadata"])?;
    let email = form.text(&["email"]);
    if let Some(email) = email.filter(|email| !email.contains('@')) {
        return Err(Problem::invalid_email(email));
    }
    if let Some(email) = email {
        customer.email = Some(email.to_owned());
    }
    if let Some(name) = form.text(&["name"]) {
        customer.name = Some(name.to_owned());
    }
    customer.metadata.extend(metadata);
    Ok(())
}
