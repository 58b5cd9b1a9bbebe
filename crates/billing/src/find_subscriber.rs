//! Finds the organization of an event.

use rubis_db::AsyncPgConnection;

use crate::{Subscription, event_subject::Subject, queries::subscriptions};

/// The organization that an event is about.
pub(crate) enum Subscriber {
    /// This organization's subscription, locked.
    Known(Box<Subscription>),
    /// No organization here.
    Unknown,
    /// The metadata and the customer name different organizations.
    Conflicting,
}

/// Finds and locks the subscription that an event names: by its metadata, else by the customer. If the
/// two disagree, no subscription is chosen: metadata can be written by any person who can edit a
/// subscription, and must not let one company change another.
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
