//! Payments and credit notes.

use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use rubis_accounts::{Page, optional_line};
use rubis_db::{AsyncPgConnection, pg_enum, schema::sql_types};
use rubis_kernel::{FieldErrors, InvoiceId, OrganizationId, PaymentId};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use crate::{
    limits::{check_amount, check_date},
    queries,
};

/// Kind of entry that reduces the balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::PaymentKind)]
pub enum PaymentKind {
    /// Money was received.
    #[default]
    Payment,
    /// A part was waived.
    CreditNote,
}

pg_enum!(PaymentKind, sql_types::PaymentKind {
    Payment => "payment",
    CreditNote => "credit_note",
});

/// Means of payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::PaymentMethod)]
pub enum PaymentMethod {
    Transfer,
    Card,
    Cheque,
    DirectDebit,
    Cash,
    /// Another means, or an unknown one.
    #[default]
    Other,
}

pg_enum!(PaymentMethod, sql_types::PaymentMethod {
    Transfer => "transfer",
    Card => "card",
    Cheque => "cheque",
    DirectDebit => "direct_debit",
    Cash => "cash",
    Other => "other",
});

/// A payment or a credit note on an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub id: PaymentId,
    pub invoice_id: InvoiceId,
    pub kind: PaymentKind,
    /// Amount in minor units of the invoice's currency.
    pub amount_cents: i64,
    pub method: PaymentMethod,
    pub paid_on: Date,
    /// Source of the payment, in words for the activity feed (`via check-in`); may be empty.
    pub label: String,
    /// Time at which it was voided; a voided payment no longer counts.
    pub voided_at: Option<OffsetDateTime>,
    /// Reason for voiding it, if a person gave one.
    pub void_reason: Option<String>,
    /// Rank in the order in which the database recorded payments; 0 for those of earlier releases.
    pub position: i64,
    pub created_at: OffsetDateTime,
}

/// The position of a payment in the list of an invoice's payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentPosition {
    /// Rank in the order in which the database recorded payments.
    pub position: i64,
    /// Id, which orders the payments of earlier releases.
    pub id: PaymentId,
}

impl From<&Payment> for PaymentPosition {
    fn from(payment: &Payment) -> Self {
        Self { position: payment.position, id: payment.id }
    }
}

/// Input for a payment, not validated yet.
#[derive(Clone, Debug, Default)]
pub struct NewPaymentInput {
    /// 1 to 10^12 minor units; everything outstanding if not given.
    pub amount_cents: Option<i64>,
    /// `payment` or `credit_note`; `payment` if not given.
    pub kind: Option<String>,
    /// `transfer`, `card`, `cheque`, `direct_debit`, `cash` or `other`; `other` if not given.
    pub method: Option<String>,
    /// Not in the future; today if not given.
    pub paid_on: Option<Date>,
    /// At most 200 characters.
    pub label: Option<String>,
}

/// Validated payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// Amount in minor units of the invoice's currency; everything outstanding if `None`.
    pub amount_cents: Option<i64>,
    pub kind: PaymentKind,
    pub method: PaymentMethod,
    pub paid_on: Date,
    /// Source of the payment, in words for the activity feed.
    pub label: String,
}

impl NewPayment {
    /// Returns a payment of everything outstanding, today.
    #[must_use]
    pub fn of_balance(today: Date, label: impl Into<String>) -> Self {
        Self {
            amount_cents: None,
            kind: PaymentKind::Payment,
            method: PaymentMethod::Other,
            paid_on: today,
            label: label.into(),
        }
    }

    /// Validates a payment. `today` is the date in the organization's time zone.
    ///
    /// # Errors
    /// Every mistake, among them `amount_not_positive`, `unknown_value` and `in_the_future`.
    pub fn parse(input: &NewPaymentInput, today: Date) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        if let Some(cents) = input.amount_cents {
            check_amount(&mut errors, "amountCents", cents);
        }
        let kind =
            parse_label(&mut errors, "kind", input.kind.as_deref(), PaymentKind::ALL, PaymentKind::as_str);
        let method = parse_label(
            &mut errors,
            "method",
            input.method.as_deref(),
            PaymentMethod::ALL,
            PaymentMethod::as_str,
        );
        let paid_on = input.paid_on.unwrap_or(today);
        check_date(&mut errors, "paidAt", paid_on);
        if paid_on > today {
            errors.push("paidAt", "in_the_future", "must not be in the future");
        }
        let label = optional_line(&mut errors, "label", input.label.as_deref(), 200).unwrap_or_default();
        errors.into_result(Self { amount_cents: input.amount_cents, kind, method, paid_on, label })
    }
}

fn parse_label<T: Copy + Default>(
    errors: &mut FieldErrors,
    field: &str,
    label: Option<&str>,
    all: &[T],
    as_str: fn(T) -> &'static str,
) -> T {
    let Some(label) = label else { return T::default() };
    all.iter().copied().find(|value| as_str(*value) == label).unwrap_or_else(|| {
        let known: Vec<&str> = all.iter().map(|value| as_str(*value)).collect();
        errors.push(field, "unknown_value", format!("must be one of {}", known.join(", ")));
        T::default()
    })
}

/// Returns an invoice's payments and credit notes in the order in which they were recorded, including voided ones.
pub async fn payments_of(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> Result<Vec<Payment>, diesel::result::Error> {
    queries::payments::of_invoice(conn, organization, invoice).await
}

/// Returns a page of an invoice's payments, including voided ones, in the order in which they were recorded.
pub async fn list_payments(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    after: Option<PaymentPosition>,
    limit: u32,
) -> Result<Page<Payment>, diesel::result::Error> {
    let rows =
        queries::payments::page_of_invoice(conn, organization, invoice, after, i64::from(limit) + 1).await?;
    Ok(Page::from_one_more(rows, limit))
}

/// Returns the latest payments of an invoice, at most this many, in the order in which they were recorded.
pub async fn latest_payments_of(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    limit: u32,
) -> Result<Vec<Payment>, diesel::result::Error> {
    queries::payments::latest_of_invoice(conn, organization, invoice, limit).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 03 - 10);

    #[test]
    fn a_payment_of_which_nothing_is_said_is_of_everything_today() {
        let parsed = NewPayment::parse(&NewPaymentInput::default(), TODAY).unwrap();
        assert_eq!(parsed, NewPayment::of_balance(TODAY, ""));
    }

    #[test]
    fn every_mistake_about_a_payment_is_reported() {
        let wrong = NewPaymentInput {
            amount_cents: Some(0),
            kind: Some("gift".to_owned()),
            method: Some("shells".to_owned()),
            paid_on: Some(date!(2026 - 03 - 11)),
            label: Some("l".repeat(201)),
        };
        let errors = NewPayment::parse(&wrong, TODAY).unwrap_err();
        let found: Vec<_> =
            errors.as_slice().iter().map(|error| (error.field.as_str(), error.code)).collect();
        assert_eq!(
            found,
            [
                ("amountCents", "amount_not_positive"),
                ("kind", "unknown_value"),
                ("method", "unknown_value"),
                ("paidAt", "in_the_future"),
                ("label", "too_long"),
            ]
        );
    }
}
