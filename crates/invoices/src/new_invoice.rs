//! Input for a new invoice, before and after validation.

use rubis_accounts::required_line;
use rubis_kernel::{ClientId, Currency, CurrencyError, EmailAddress, FieldErrors, Money};
use time::Date;

use crate::{
    LineInput, NewLine,
    client::MAX_CLIENT_NAME_CHARS,
    client_kind::{ClientKind, parse_kind},
    limits::{check_amount, check_date},
    line::parse_lines,
};

/// Maximum length of an invoice's number, in characters.
pub const MAX_NUMERO_CHARS: usize = 64;

/// Input for a new invoice, not validated yet. Either `client_id` or `client` is given.
#[derive(Clone, Debug)]
pub struct NewInvoiceInput {
    /// An existing client.
    pub client_id: Option<ClientId>,
    /// A client by name and address, found or created.
    pub client: Option<InvoicedClientInput>,
    /// At most 64 characters.
    pub numero: String,
    /// 1 to 10^12 minor units of the currency.
    pub amount_ttc_cents: i64,
    /// An ISO 4217 code; `EUR` if not given.
    pub currency: Option<String>,
    /// In this century.
    pub issue_date: Date,
    /// Not before the issue date.
    pub due_date: Date,
    /// At most 200.
    pub items: Vec<LineInput>,
}

/// Input for a client named on an invoice.
#[derive(Clone, Debug)]
pub struct InvoicedClientInput {
    /// At most 200 characters.
    pub name: String,
    /// Recipient of the reminders.
    pub email: String,
    /// `company` or `person`, for a client that is created.
    pub kind: Option<String>,
    /// True to create a new client even if similar ones exist.
    pub create_new: bool,
}

/// Client of a new invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvoicedClient {
    /// A client that exists.
    Known(ClientId),
    /// The client with a name and an address.
    Named(NamedClient),
}

/// A client by name and address, ignoring case, accents, spaces and invisible characters; created if there is neither
/// such a client nor a similar one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedClient {
    pub name: String,
    pub email: EmailAddress,
    /// Kind of a client that is created.
    pub kind: ClientKind,
    /// True to create a client even if similar ones exist.
    pub create_new: bool,
}

/// Validated input for a new invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvoice {
    pub client: InvoicedClient,
    pub numero: String,
    /// Total, VAT included.
    pub amount: Money,
    pub issue_date: Date,
    pub due_date: Date,
    pub lines: Vec<NewLine>,
}

impl NewInvoice {
    /// Validates the input for a new invoice.
    ///
    /// # Errors
    /// Every mistake, among them `amount_not_positive`, `amount_too_large`, `unknown_currency`,
    /// `unsupported_currency`, `due_before_issue` and `date_out_of_range`.
    pub fn parse(input: NewInvoiceInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let client = parse_client(&mut errors, input.client_id, input.client);
        let numero = required_line(&mut errors, "numero", &input.numero, MAX_NUMERO_CHARS);
        check_amount(&mut errors, "amountTtcCents", input.amount_ttc_cents);
        let currency = parse_currency(&mut errors, input.currency.as_deref());
        check_date(&mut errors, "issueDate", input.issue_date);
        check_date(&mut errors, "dueDate", input.due_date);
        if input.due_date < input.issue_date {
            errors.push("dueDate", "due_before_issue", "must not be before the issue date");
        }
        let lines = parse_lines(&mut errors, &input.items);
        let amount = Money::new(input.amount_ttc_cents, currency);
        match client {
            Some(client) => errors.into_result(Self {
                client,
                numero,
                amount,
                issue_date: input.issue_date,
                due_date: input.due_date,
                lines,
            }),
            None => Err(errors),
        }
    }
}

fn parse_currency(errors: &mut FieldErrors, code: Option<&str>) -> Currency {
    match code.map(str::parse) {
        None => Currency::EUR,
        Some(Ok(currency)) => currency,
        Some(Err(CurrencyError::Unknown(_))) => {
            errors.push("currency", "unknown_currency", "must be an ISO 4217 code, such as EUR");
            Currency::EUR
        }
        Some(Err(refused @ CurrencyError::WithoutMinorUnit { .. })) => {
            errors.push("currency", "unsupported_currency", format!("must be a means of payment: {refused}"));
            Currency::EUR
        }
    }
}

/// Returns the client of the invoice; `None` if a mistake was recorded.
fn parse_client(
    errors: &mut FieldErrors,
    id: Option<ClientId>,
    named: Option<InvoicedClientInput>,
) -> Option<InvoicedClient> {
    match (id, named) {
        (Some(id), None) => Some(InvoicedClient::Known(id)),
        (None, Some(named)) => {
            let name = required_line(errors, "client.name", &named.name, MAX_CLIENT_NAME_CHARS);
            let kind = named.kind.and_then(|kind| parse_kind(errors, "client.kind", &kind));
            let kind = kind.unwrap_or(ClientKind::Person);
            let email = rubis_kernel::mail_address(errors, "client.email", &named.email)?;
            let create_new = named.create_new;
            Some(InvoicedClient::Named(NamedClient { name, email, kind, create_new }))
        }
        (None, None) => {
            errors.push("clientId", "required", "must be given, or client with a name and an email");
            None
        }
        (Some(_), Some(_)) => {
            errors.push("client", "ambiguous", "must not be given together with clientId");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn input() -> NewInvoiceInput {
        NewInvoiceInput {
            client_id: Some(ClientId::new()),
            client: None,
            numero: " F-2026-001 ".to_owned(),
            amount_ttc_cents: 120_000,
            currency: None,
            issue_date: date!(2026 - 03 - 01),
            due_date: date!(2026 - 03 - 31),
            items: Vec::new(),
        }
    }

    fn mistakes(input: NewInvoiceInput) -> Vec<(String, &'static str)> {
        match NewInvoice::parse(input) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.as_slice().iter().map(|error| (error.field.clone(), error.code)).collect(),
        }
    }

    fn mistake(input: NewInvoiceInput) -> (String, &'static str) {
        let mut found = mistakes(input);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn an_invoice_is_in_euros_unless_it_says_otherwise() {
        let invoice = NewInvoice::parse(input()).unwrap();
        assert_eq!((invoice.amount.currency, invoice.numero.as_str()), (Currency::EUR, "F-2026-001"));
        let francs = NewInvoiceInput { currency: Some("CHF".to_owned()), ..input() };
        assert_eq!(NewInvoice::parse(francs).unwrap().amount.currency.as_str(), "CHF");
    }

    #[test]
    fn an_amount_lies_between_a_cent_and_ten_billion() {
        for right in [1, 1_000_000_000_000] {
            assert!(mistakes(NewInvoiceInput { amount_ttc_cents: right, ..input() }).is_empty());
        }
        for (wrong, code) in [
            (0, "amount_not_positive"),
            (-1, "amount_not_positive"),
            (i64::MIN, "amount_not_positive"),
            (1_000_000_000_001, "amount_too_large"),
            (i64::MAX, "amount_too_large"),
        ] {
            let found = mistake(NewInvoiceInput { amount_ttc_cents: wrong, ..input() });
            assert_eq!(found, ("amountTtcCents".to_owned(), code));
        }
    }

    #[test]
    fn an_invoice_is_due_on_its_issue_date_at_the_earliest() {
        assert!(mistakes(NewInvoiceInput { due_date: date!(2026 - 03 - 01), ..input() }).is_empty());
        let found = mistake(NewInvoiceInput { due_date: date!(2026 - 02 - 28), ..input() });
        assert_eq!(found, ("dueDate".to_owned(), "due_before_issue"));
    }

    #[test]
    fn dates_lie_in_this_century() {
        let found = mistake(NewInvoiceInput { issue_date: date!(1999 - 12 - 31), ..input() });
        assert_eq!(found, ("issueDate".to_owned(), "date_out_of_range"));
        let found = mistake(NewInvoiceInput { due_date: date!(2100 - 01 - 01), ..input() });
        assert_eq!(found, ("dueDate".to_owned(), "date_out_of_range"));
        let latest =
            NewInvoiceInput { issue_date: date!(2000 - 01 - 01), due_date: date!(2099 - 12 - 31), ..input() };
        assert!(mistakes(latest).is_empty());
    }

    #[test]
    fn a_number_is_there_and_short_and_printable() {
        for (wrong, code) in [
            ("  ", "required"),
            (&*"9".repeat(65), "too_long"),
            ("F\0A", "control_character"),
            ("F\n1", "control_character"),
        ] {
            assert_eq!(
                mistake(NewInvoiceInput { numero: wrong.to_owned(), ..input() }),
                ("numero".to_owned(), code)
            );
        }
    }

    #[test]
    fn a_currency_exists() {
        for wrong in ["XXZ", "eur", "", "EURO"] {
            let found = mistake(NewInvoiceInput { currency: Some(wrong.to_owned()), ..input() });
            assert_eq!(found, ("currency".to_owned(), "unknown_currency"), "{wrong:?}");
        }
    }

    #[test]
    fn a_currency_is_one_that_can_be_paid_in() {
        for right in ["XPF", "JPY", "TND", "KWD"] {
            assert!(mistakes(NewInvoiceInput { currency: Some(right.to_owned()), ..input() }).is_empty());
        }
        for wrong in ["XXX", "XTS", "XAU", "XDR"] {
            let found = mistake(NewInvoiceInput { currency: Some(wrong.to_owned()), ..input() });
            assert_eq!(found, ("currency".to_owned(), "unsupported_currency"), "{wrong:?}");
        }
    }

    #[test]
    fn an_invoice_names_one_client() {
        let named = |email: &str| {
            Some(InvoicedClientInput {
                name: "Boulangerie Petit".to_owned(),
                email: email.to_owned(),
                kind: None,
                create_new: false,
            })
        };
        assert!(
            mistakes(NewInvoiceInput { client_id: None, client: named("a@exemple.fr"), ..input() })
                .is_empty()
        );
        let neither = NewInvoiceInput { client_id: None, ..input() };
        assert_eq!(mistake(neither), ("clientId".to_owned(), "required"));
        let both = NewInvoiceInput { client: named("a@exemple.fr"), ..input() };
        assert_eq!(mistake(both), ("client".to_owned(), "ambiguous"));
        let wrong = NewInvoiceInput { client_id: None, client: named("petit"), ..input() };
        assert_eq!(mistake(wrong), ("client.email".to_owned(), "invalid_email"));
        let odd =
            named("a@exemple.fr").map(|named| InvoicedClientInput { kind: Some("firm".to_owned()), ..named });
        let wrong = NewInvoiceInput { client_id: None, client: odd, ..input() };
        assert_eq!(mistake(wrong), ("client.kind".to_owned(), "unknown_value"));
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let wrong =
            NewInvoiceInput { numero: String::new(), amount_ttc_cents: 0, client_id: None, ..input() };
        assert_eq!(mistakes(wrong).len(), 3);
    }
}
