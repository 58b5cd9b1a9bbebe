//! A client: a company or a person that owes money.

use rubis_accounts::{AddressInput, Pause, PostalAddress, optional_line, optional_siren, required_line};
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, EmailAddress, FieldErrors, OrganizationId, optional_text};
use time::OffsetDateTime;

use crate::{
    client_kind::{ClientKind, check_numbers, parse_kind},
    queries,
    vat_number::optional_vat_number,
};

/// Maximum length of a client's name, in characters.
pub const MAX_CLIENT_NAME_CHARS: usize = 200;
const MAX_PHONE: usize = 40;
const MAX_NOTES: usize = 5000;

/// A company or a person that owes the organization money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub id: ClientId,
    pub organization_id: OrganizationId,
    pub name: String,
    /// Recipient of the reminders.
    pub email: EmailAddress,
    /// Phone number, as entered.
    pub phone: Option<String>,
    /// Address for letters.
    pub address: PostalAddress,
    pub kind: ClientKind,
    /// Nine-digit company number.
    pub siren: Option<String>,
    /// VAT number, without spaces.
    pub vat_number: Option<String>,
    /// Internal notes of the organization about the client; may be empty.
    pub notes: String,
    /// Pause of the client's reminders, if any.
    pub pause: Option<Pause>,
    pub created_at: OffsetDateTime,
    /// Time of the last change to any of these fields.
    pub updated_at: OffsetDateTime,
}

/// Input for a new client, not validated yet.
#[derive(Clone, Debug, Default)]
pub struct NewClientInput {
    /// At most 200 characters.
    pub name: String,
    /// A mail address.
    pub email: String,
    /// At most 40 characters.
    pub phone: Option<String>,
    /// Address for letters.
    pub address: AddressInput,
    /// `company` or `person`; if it is not given, a client with a SIREN or a VAT number is a company, any other a
    /// person.
    pub kind: Option<String>,
    /// Nine digits, spaces ignored.
    pub siren: Option<String>,
    /// An intra-community VAT number, spaces ignored.
    pub vat_number: Option<String>,
    /// At most 5000 characters.
    pub notes: Option<String>,
}

/// Validated input for a new client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClient {
    pub(crate) name: String,
    pub(crate) email: EmailAddress,
    pub(crate) phone: Option<String>,
    pub(crate) address: PostalAddress,
    pub(crate) kind: ClientKind,
    pub(crate) siren: Option<String>,
    pub(crate) vat_number: Option<String>,
    pub(crate) notes: String,
}

impl NewClient {
    /// Validates the input for a new client.
    ///
    /// # Errors
    /// Every mistake, among them `invalid_email`, `several_addresses`, `invalid_siren`, `invalid_vat_number` and
    /// `company_number`.
    pub fn parse(input: NewClientInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let found = &mut errors;
        let name = required_line(found, "name", &input.name, MAX_CLIENT_NAME_CHARS);
        let email = parse_email(found, &input.email);
        let phone = optional_line(found, "phone", input.phone.as_deref(), MAX_PHONE);
        let address = input.address.parse_below(found, "address");
        let given = input.kind.and_then(|kind| parse_kind(found, "kind", &kind));
        let siren = optional_siren(found, input.siren.as_deref());
        let vat_number = optional_vat_number(found, input.vat_number.as_deref());
        check_numbers(found, given, siren.is_some() || vat_number.is_some());
        let kind = ClientKind::of(given, siren.as_deref(), vat_number.as_deref());
        let notes = optional_text(found, "notes", input.notes.as_deref(), MAX_NOTES).unwrap_or_default();
        match email {
            Some(email) => {
                errors.into_result(Self { name, email, phone, address, kind, siren, vat_number, notes })
            }
            None => Err(errors),
        }
    }

    /// Returns a client of whom only name and address are known, as given on an invoice.
    pub(crate) fn named(name: String, email: EmailAddress, kind: ClientKind) -> Self {
        Self {
            name,
            email,
            phone: None,
            address: PostalAddress::default(),
            kind,
            siren: None,
            vat_number: None,
            notes: String::new(),
        }
    }
}

/// Input for a change of a client. `None` keeps the current value, `Some(None)` clears it.
#[derive(Clone, Debug, Default)]
pub struct ClientInput {
    /// At most 200 characters.
    pub name: Option<String>,
    /// A mail address.
    pub email: Option<String>,
    /// At most 40 characters.
    pub phone: Option<Option<String>>,
    /// Replaces the whole address.
    pub address: Option<AddressInput>,
    /// `company` or `person`.
    pub kind: Option<String>,
    /// Nine digits, spaces ignored.
    pub siren: Option<Option<String>>,
    /// An intra-community VAT number, spaces ignored.
    pub vat_number: Option<Option<String>>,
    /// At most 5000 characters.
    pub notes: Option<String>,
}

/// Validated change of a client.
#[derive(Clone, Debug, Default)]
pub struct ClientPatch {
    name: Option<String>,
    email: Option<EmailAddress>,
    phone: Option<Option<String>>,
    address: Option<PostalAddress>,
    kind: Option<ClientKind>,
    siren: Option<Option<String>>,
    vat_number: Option<Option<String>>,
    notes: Option<String>,
}

impl ClientPatch {
    /// Validates a change.
    ///
    /// # Errors
    /// Those of [`NewClient::parse`].
    pub fn parse(input: ClientInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let found = &mut errors;
        let patch = Self {
            name: input.name.map(|name| required_line(found, "name", &name, MAX_CLIENT_NAME_CHARS)),
            email: input.email.and_then(|email| parse_email(found, &email)),
            phone: input.phone.map(|phone| optional_line(found, "phone", phone.as_deref(), MAX_PHONE)),
            address: input.address.map(|address| address.parse_below(found, "address")),
            kind: input.kind.and_then(|kind| parse_kind(found, "kind", &kind)),
            siren: input.siren.map(|siren| optional_siren(found, siren.as_deref())),
            vat_number: input.vat_number.map(|number| optional_vat_number(found, number.as_deref())),
            notes: input
                .notes
                .map(|notes| optional_text(found, "notes", Some(&notes), MAX_NOTES).unwrap_or_default()),
        };
        errors.into_result(patch)
    }

    /// Applies this change to a client.
    ///
    /// # Errors
    /// `company_number` if a person keeps or is given a company number.
    pub(crate) fn apply(self, mut client: Client) -> Result<Client, FieldErrors> {
        let given = self.kind;
        set(&mut client.name, self.name);
        set(&mut client.email, self.email);
        set(&mut client.phone, self.phone);
        set(&mut client.address, self.address);
        set(&mut client.siren, self.siren);
        set(&mut client.vat_number, self.vat_number);
        set(&mut client.notes, self.notes);
        let mut errors = FieldErrors::new();
        check_numbers(&mut errors, given, client.siren.is_some() || client.vat_number.is_some());
        let known = given.or(Some(client.kind));
        client.kind = ClientKind::of(known, client.siren.as_deref(), client.vat_number.as_deref());
        errors.into_result(client)
    }
}

/// Returns the organization's client with this id.
pub async fn client(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    id: ClientId,
) -> Result<Option<Client>, diesel::result::Error> {
    queries::clients::find(conn, organization, id).await
}

/// Returns those of these clients that belong to the organization, in no particular order.
pub async fn clients_by_ids(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    ids: &[ClientId],
) -> Result<Vec<Client>, diesel::result::Error> {
    queries::clients::find_many(conn, organization, ids).await
}

/// Parses a mail address; a mistake is recorded for `email`.
pub(crate) fn parse_email(errors: &mut FieldErrors, email: &str) -> Option<EmailAddress> {
    rubis_kernel::mail_address(errors, "email", email)
}

/// Replaces the current value if there is a new one.
pub(crate) fn set<T>(current: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *current = new;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_about_a_client_is_reported() {
        let wrong = NewClientInput {
            name: "a\0".to_owned(),
            email: "personne".to_owned(),
            phone: Some("0".repeat(41)),
            address: AddressInput { country: Some("ZZ".to_owned()), ..AddressInput::default() },
            kind: Some("sarl".to_owned()),
            siren: Some("000000001".to_owned()),
            vat_number: Some("FR".to_owned()),
            notes: Some("n".repeat(5001)),
        };
        let errors = NewClient::parse(wrong).unwrap_err();
        let found: Vec<_> =
            errors.as_slice().iter().map(|error| (error.field.as_str(), error.code)).collect();
        assert_eq!(
            found,
            [
                ("name", "control_character"),
                ("email", "invalid_email"),
                ("phone", "too_long"),
                ("address.country", "unknown_country"),
                ("kind", "unknown_value"),
                ("siren", "invalid_siren"),
                ("vatNumber", "invalid_vat_number"),
                ("notes", "too_long"),
            ]
        );
    }

    #[test]
    fn a_client_needs_a_name_and_an_address_alone() {
        let least = NewClientInput {
            name: "Boulangerie Petit".to_owned(),
            email: "Compta@Petit.example.FR".to_owned(),
            ..NewClientInput::default()
        };
        assert_eq!(NewClient::parse(least).unwrap().email.as_str(), "Compta@petit.example.fr");
    }

    fn with(kind: Option<&str>, siren: Option<&str>) -> Result<NewClient, FieldErrors> {
        NewClient::parse(NewClientInput {
            name: "Boulangerie Petit".to_owned(),
            email: "compta@petit.example".to_owned(),
            kind: kind.map(str::to_owned),
            siren: siren.map(str::to_owned),
            ..NewClientInput::default()
        })
    }

    #[test]
    fn a_number_makes_a_client_a_company_and_nothing_known_a_person() {
        let siren = Some("732829320");
        assert_eq!(with(None, siren).unwrap().kind, ClientKind::Company);
        assert_eq!(with(Some("company"), None).unwrap().kind, ClientKind::Company);
        assert_eq!(with(None, None).unwrap().kind, ClientKind::Person);
        assert_eq!(with(Some("person"), None).unwrap().kind, ClientKind::Person);
        let refused = with(Some("person"), siren).unwrap_err();
        assert_eq!(
            (refused.as_slice()[0].field.as_str(), refused.as_slice()[0].code),
            ("kind", "company_number")
        );
    }
}
