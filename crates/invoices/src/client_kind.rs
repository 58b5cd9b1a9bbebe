//! The kind of a client.

use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use rubis_db::{pg_enum, schema::sql_types};
use rubis_kernel::FieldErrors;

/// Kind of a client. Only companies owe the creditor what the Code de commerce adds to the debt: penalties at its
/// rate, and the indemnity of 40 €.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::ClientKind)]
pub enum ClientKind {
    /// A company or another professional.
    Company,
    /// A person who buys as a consumer.
    Person,
}

pg_enum!(ClientKind, sql_types::ClientKind {
    Company => "company",
    Person => "person",
});

impl ClientKind {
    /// Returns the kind of a client with these numbers. A SIREN or a VAT number belongs to a company. A client for
    /// whom neither a number nor a kind is known is a person, so that no amount is claimed that they may not owe.
    #[must_use]
    pub const fn of(given: Option<Self>, siren: Option<&str>, vat_number: Option<&str>) -> Self {
        match given {
            _ if siren.is_some() || vat_number.is_some() => Self::Company,
            Some(kind) => kind,
            None => Self::Person,
        }
    }
}

/// Parses a kind; a mistake is recorded for the field.
pub(crate) fn parse_kind(errors: &mut FieldErrors, field: &str, typed: &str) -> Option<ClientKind> {
    let kind = ClientKind::ALL.iter().copied().find(|kind| kind.as_str() == typed);
    if kind.is_none() {
        errors.push(field, "unknown_value", "must be company or person");
    }
    kind
}

/// Records a mistake for `kind` if a person is given a company's number.
pub(crate) fn check_numbers(errors: &mut FieldErrors, kind: Option<ClientKind>, has_number: bool) {
    if kind == Some(ClientKind::Person) && has_number {
        errors.push("kind", "company_number", "must be company: only a company has a SIREN or a VAT number");
    }
}
