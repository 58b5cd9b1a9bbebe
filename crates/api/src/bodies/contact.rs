//! A person at a client.

use rubis_invoices::Contact;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A person at a client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactBody {
    /// Its id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// Their mail address.
    pub email: String,
    /// Their telephone number.
    #[schema(required)]
    pub phone: Option<String>,
    /// Their job title.
    #[schema(required)]
    pub job_title: Option<String>,
    /// True if they are sent a copy of the reminders.
    pub receives_relances: bool,
    /// Time at which they were created.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl From<Contact> for ContactBody {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id.into(),
            name: contact.name,
            email: contact.email.to_string(),
            phone: contact.phone,
            job_title: contact.job_title,
            receives_relances: contact.receives_relances,
            created_at: contact.created_at,
        }
    }
}
