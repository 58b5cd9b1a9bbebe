//! A person at a client.

use rubis_accounts::{optional_line, required_line};
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, ContactId, EmailAddress, FieldErrors, OrganizationId};
use time::OffsetDateTime;

use crate::{
    client::{parse_email, set},
    queries,
};

/// A person at a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub id: ContactId,
    /// Client that the contact works for.
    pub client_id: ClientId,
    pub name: String,
    pub email: EmailAddress,
    pub phone: Option<String>,
    pub job_title: Option<String>,
    /// True if the contact is put in copy of the reminders.
    pub receives_relances: bool,
    pub created_at: OffsetDateTime,
}

/// Input for a new contact, not validated yet.
#[derive(Clone, Debug, Default)]
pub struct NewContactInput {
    /// At most 200 characters.
    pub name: String,
    /// A mail address.
    pub email: String,
    /// At most 40 characters.
    pub phone: Option<String>,
    /// At most 100 characters.
    pub job_title: Option<String>,
    /// True if the contact is put in copy of the reminders.
    pub receives_relances: bool,
}

/// Validated input for a new contact.
#[derive(Clone, Debug)]
pub struct NewContact {
    pub(crate) name: String,
    pub(crate) email: EmailAddress,
    pub(crate) phone: Option<String>,
    pub(crate) job_title: Option<String>,
    pub(crate) receives_relances: bool,
}

impl NewContact {
    /// Validates the input for a new contact.
    ///
    /// # Errors
    /// Every mistake in `name`, `email`, `phone` and `jobTitle`.
    pub fn parse(input: &NewContactInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let name = required_line(&mut errors, "name", &input.name, 200);
        let email = parse_email(&mut errors, &input.email);
        let phone = optional_line(&mut errors, "phone", input.phone.as_deref(), 40);
        let job_title = optional_line(&mut errors, "jobTitle", input.job_title.as_deref(), 100);
        match email {
            Some(email) => errors.into_result(Self {
                name,
                email,
                phone,
                job_title,
                receives_relances: input.receives_relances,
            }),
            None => Err(errors),
        }
    }
}

/// Input for a change of a contact. `None` keeps the current value, `Some(None)` clears it.
#[derive(Clone, Debug, Default)]
pub struct ContactInput {
    /// At most 200 characters.
    pub name: Option<String>,
    /// A mail address.
    pub email: Option<String>,
    /// At most 40 characters.
    pub phone: Option<Option<String>>,
    /// At most 100 characters.
    pub job_title: Option<Option<String>>,
    /// True if the contact is put in copy of the reminders.
    pub receives_relances: Option<bool>,
}

/// Validated change of a contact.
#[derive(Clone, Debug, Default)]
pub struct ContactPatch {
    name: Option<String>,
    email: Option<EmailAddress>,
    phone: Option<Option<String>>,
    job_title: Option<Option<String>>,
    receives_relances: Option<bool>,
}

impl ContactPatch {
    /// Validates a change.
    ///
    /// # Errors
    /// Those of [`NewContact::parse`].
    pub fn parse(input: ContactInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let found = &mut errors;
        let patch = Self {
            name: input.name.map(|name| required_line(found, "name", &name, 200)),
            email: input.email.and_then(|email| parse_email(found, &email)),
            phone: input.phone.map(|phone| optional_line(found, "phone", phone.as_deref(), 40)),
            job_title: input.job_title.map(|title| optional_line(found, "jobTitle", title.as_deref(), 100)),
            receives_relances: input.receives_relances,
        };
        errors.into_result(patch)
    }

    /// Applies this change to a contact.
    pub(crate) fn apply(self, mut contact: Contact) -> Contact {
        set(&mut contact.name, self.name);
        set(&mut contact.email, self.email);
        set(&mut contact.phone, self.phone);
        set(&mut contact.job_title, self.job_title);
        set(&mut contact.receives_relances, self.receives_relances);
        contact
    }
}

/// Returns a client's contacts, oldest first; none if the client belongs to another organization.
pub async fn contacts_of(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
) -> Result<Vec<Contact>, diesel::result::Error> {
    queries::contacts::of_client(conn, organization, client).await
}
