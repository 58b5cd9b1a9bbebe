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
    /// The number on it.
    pub numero: String,
    /// Who owes it.
    pub client_name: String,
    /// Its total, VAT included, in minor units of the currency.
    pub amount_ttc_cents: i64,
    /// Outstanding amount, in minor units of the currency.
    pub balance_cents: i64,
    /// The currency's ISO 4217 code.
    pub currency: &'static str,
    /// When it is due.
    pub due_date: Date,
}

/// One question, and what was answered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckinCardBody {
    /// Its id, by which it can be answered together with the others of its mail.
    pub checkin_id: Uuid,
    /// How it stands. `already_answered`: the invoice is settled, though not by an answer here.
    #[schema(value_type = labels::CheckinState)]
    pub status: &'static str,
    /// The invoice it asks about; `null` once the links have ended and no answer can be taken back.
    #[schema(required)]
    pub invoice: Option<CheckinInvoiceBody>,
    /// What was answered.
    #[schema(value_type = Option<labels::CheckinAnswer>, required)]
    pub answer: Option<&'static str>,
    /// When.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub answered_at: Option<OffsetDateTime>,
    /// Until when it can be answered; `null` until that is known.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub expires_at: Option<OffsetDateTime>,
    /// Whether the answer `paid` can be taken back.
    pub can_undo: bool,
    /// Until when.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub undo_until: Option<OffsetDateTime>,
    /// Whether fresh links can be asked for.
    pub can_renew: bool,
}

/// A check-in, with the others that were asked about in the same mail.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckinBody {
    /// The one whose token was given.
    #[serde(flatten)]
    pub checkin: CheckinCardBody,
    /// The others of its mail.
    pub mates: Vec<CheckinCardBody>,
    /// The number of answers that `POST /checkin/{token}/undo-together` undoes; 0 unless several were given in one go.
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
    /// A check-in with the value of its buttons.
    #[must_use]
    pub fn new(view: CheckinView, button_value: String) -> Self {
        Self {
            undo_together: view.undo_together,
            checkin: view.checkin.into(),
            mates: view.mates.into_iter().map(CheckinCardBody::from).collect(),
            button_value,
        }
    }
}
