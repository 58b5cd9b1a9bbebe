//! Whom an event is about.

use rubis_db::AsyncPgConnection;

use crate::{Subscription, event_subject::Subject, queries::subscriptions};

/// Whom an event is about.
pub(crate) enum Subscriber {
    /// This organization's subscription, locked.
    Known(Box<Subscription>),
    /// Nobody here.
    Unknown,
    /// It says two different things.
    Conflicting,
}

/// Finds and locks what the organization has that an event names: by its metadata, else by the customer. Where
/// the two disagree, nobody is meant: metadata is a text that whoever can edit a subscription can write, and
/// must not let one company change another.
pub(crate) async fn find_subscriber(
    conn: &AsyncPgConnection,
    subject: &Subject,
) -> Result<Subscriber, diesel::result::Error> {
    let (organization, customer) = (subject.organization(), subject.customer());
    let mut rows = subscriptions::lock_named(conn, organization, customer).await?;
    let Some(found) = rows.pop() else { return Ok(Subscriber::Unknown) };
    let names_another = organization.is_some_and(|named| named != found.organization_id);
    let is_another_customer =
        found.customer.is_some() && customer.is_some() && found.customer.as_ref() != customer;
    if !rows.is_empty() || names_another || is_another_customer {
        return Ok(Subscriber::Conflicting);
    }
    Ok(Subscriber::Known(Box::new(found)))
}
