//! A check-in as the holder of its token may see it.

use rubis_lifecycle::{CheckinCard, CheckinInvoice, CheckinView};
use serde::Serialize;
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::labels;

/// The invoice that a check-in asks about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckinInvoiceBody {
    /// The number printed on it.
    pub numero: String,
    /// The name of the client that owes it.
    pub client_name: String,
    /// Its total, VAT included, in minor units of the currency.
    pub amount_ttc_cents: i64,
    /// Outstanding amount, in minor units of the currency.
    pub balance_cents: i64,
    /// The currency's ISO 4217 code.
    pub currency: &'static str,
    /// The due date.
    pub due_date: Date,
}

/// One question and its answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckinCardBody {
    /// Its id, by which it can be answered together with the others of its mail.
    pub checkin_id: Uuid,
    /// Its status. `already_answered`: the invoice is settled, though not by an answer here.
    #[schema(value_type = labels::CheckinState)]
    pub status: &'static str,
    /// The invoice it asks about; `null` once the links have expired and no answer can be undone.
    #[schema(required)]
    pub invoice: Option<CheckinInvoiceBody>,
    /// The answer.
    #[schema(value_type = Option<labels::CheckinAnswer>, required)]
    pub answer: Option<&'static str>,
    /// Time of the answer.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub answered_at: Option<OffsetDateTime>,
    /// Time until which it can be answered; `null` if that is not known yet.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub expires_at: Option<OffsetDateTime>,
    /// True if the answer `paid` can be undone.
    pub can_undo: bool,
    /// Time until which it can be undone.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub undo_until: Option<OffsetDateTime>,
    /// True if fresh links can be requested.
    pub can_renew: bool,
}

/// A check-in, with the others that were asked about in the same mail.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckinBody {
    /// The check-in whose token was given.
    #[serde(flatten)]
    pub checkin: CheckinCardBody,
    /// The other check-ins of the same mail.
    pub mates: Vec<CheckinCardBody>,
    /// The number of answers that `POST /checkin/{token}/undo-together` undoes; 0 unless several were
    /// given at once.
    pub undo_together: usize,
    /// The value of `X-Checkin-Button` with which a button of the page sends its request. Valid for an hour.
    pub button_value: String,
}

impl From<CheckinInvoice> for CheckinInvoiceBody {
    fn from(invoice: CheckinInvoice) -> Self {
        Self {
            amount_ttc_cents: invoice.amount.cents,
            balance_cents: invoice.balance.cents,
            currency: invoice.amount.currency.as_str(),
            due_date: invoice.due_date,
            numero: invoice.numero,
            client_name: invoice.client_name,
        }
    }
}

impl From<CheckinCard> for CheckinCardBody {
    fn from(card: CheckinCard) -> Self {
        Self {
            checkin_id: card.id.into(),
            status: card.state.as_str(),
            invoice: card.invoice.map(CheckinInvoiceBody::from),
            answer: card.answer.map(|answer| answer.as_str()),
            answered_at: card.answered_at,
            expires_at: card.expires_at,
            can_undo: card.can_undo,
            undo_until: card.undo_until,
            can_renew: card.can_renew,
        }
    }
}

impl CheckinBody {
    /// Returns a check-in with the value of its buttons.
    #[must_use]
    pub fn new(view: CheckinView, button_value: String) -> Self {
        Self {
            undo_together: view.undo_together,
            checkin: view.checkin.into(),
            mates: view.siblings.into_iter().map(CheckinCardBody::from).collect(),
            button_value,
        }
    }
}
