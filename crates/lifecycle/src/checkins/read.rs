//! The view of a check-in for the holder of its token.

use std::collections::HashMap;

use rubis_checkins::{CheckinAnswer, CheckinRules, CheckinStatus, CheckinTask, Opening, Visibility};
use rubis_db::AsyncPgConnection;
use rubis_invoices::{Client, Invoice, InvoiceStatus, Reason};
use rubis_kernel::{CheckinTaskId, ClientId, InvoiceId, Money, TimeZone};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::checkins::settlement::settlement;

/// A check-in as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckinView {
    /// The check-in of the token.
    pub checkin: CheckinCard,
    /// The others of its mail that show their invoices, in the order in which the mail asks about them.
    pub siblings: Vec<CheckinCard>,
    /// The number of answers that can be undone together; 0 unless several were given in one go.
    pub undo_together: usize,
    /// Time zone of the organization.
    pub time_zone: TimeZone,
}

/// The question about one invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckinCard {
    /// Its id.
    pub id: CheckinTaskId,
    /// Its state.
    pub state: CheckinState,
    /// The invoice; `None` once its links have ended and no answer can be taken back.
    pub invoice: Option<CheckinInvoice>,
    pub answer: Option<CheckinAnswer>,
    pub answered_at: Option<OffsetDateTime>,
    /// End of its links; `None` before its mail was sent.
    pub expires_at: Option<OffsetDateTime>,
    /// Until when the answer can be taken back, where it can be.
    pub undo_until: Option<OffsetDateTime>,
    /// True if the answer can be taken back.
    pub can_undo: bool,
    /// True if fresh links can be requested.
    pub can_renew: bool,
}

/// The invoice that a check-in asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckinInvoice {
    /// Its number.
    pub numero: String,
    /// The name of the client who owes it.
    pub client_name: String,
    /// Its total.
    pub amount: Money,
    /// Its outstanding amount.
    pub balance: Money,
    /// Its due date.
    pub due_date: Date,
}

/// Reasons why a check-in cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadCheckinError {
    /// Its links ended too long ago.
    #[error("the check-in ended too long ago")]
    Gone,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// State of a check-in as its page shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckinState {
    /// It waits for an answer.
    Open,
    /// The invoice was declared paid, and is.
    Paid,
    /// The invoice was declared still pending.
    StillPending,
    /// The invoice was settled otherwise.
    AlreadyAnswered,
    /// Its links have ended.
    Expired,
}

impl CheckinState {
    /// The name that the API knows it by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::StillPending => "pending",
            Self::AlreadyAnswered => "already_answered",
            Self::Expired => "expired",
        }
    }
}

/// The check-in of a token, and the others of its mail; none where the token is unknown. Changes nothing.
///
/// # Errors
/// [`ReadCheckinError`].
#[tracing::instrument(skip_all)]
pub async fn read_checkin(
    conn: &mut AsyncPgConnection,
    token: &str,
    rules: &CheckinRules,
    now: OffsetDateTime,
) -> Result<Option<CheckinView>, ReadCheckinError> {
    let Some(found) = rubis_checkins::find_by_token(conn, token).await? else {
        return Ok(None);
    };
    let visibility = found.visibility(rules, now);
    if visibility == Visibility::Gone {
        return Err(ReadCheckinError::Gone);
    }
    let organization_id = found.organization_id;
    let Some(organization) = rubis_accounts::organization(conn, organization_id).await? else {
        return Ok(None);
    };
    let id = found.id;
    let tasks = match found.mail_id {
        Some(mail) if visibility == Visibility::Full => {
            rubis_checkins::siblings(conn, organization_id, mail).await?
        }
        _ => vec![found],
    };
    let invoice_ids: Vec<InvoiceId> = tasks.iter().map(|task| task.invoice_id).collect();
    let invoices = rubis_invoices::invoices_by_ids(conn, organization_id, &invoice_ids).await?;
    let client_ids: Vec<ClientId> = invoices.iter().map(|invoice| invoice.client_id).collect();
    let clients = rubis_invoices::clients_by_ids(conn, organization_id, &client_ids).await?;
    let invoices: HashMap<InvoiceId, Invoice> =
        invoices.into_iter().map(|invoice| (invoice.id, invoice)).collect();
    let clients: HashMap<ClientId, Client> = clients.into_iter().map(|client| (client.id, client)).collect();

    let group = group_of(&tasks, id);
    let mut undo_together = 0;
    let (mut checkin, mut siblings) = (None, Vec::new());
    for task in tasks {
        let Some(invoice) = invoices.get(&task.invoice_id) else { continue };
        let Some(client) = clients.get(&invoice.client_id) else { continue };
        let visibility = task.visibility(rules, now);
        if task.id != id && visibility != Visibility::Full {
            continue;
        }
        let in_time = task.undo_until(rules).filter(|until| now < *until);
        let undo_until = match in_time {
            Some(until) if settlement(conn, invoice, task.payment_id).await?.is_some() => Some(until),
            _ => None,
        };
        if undo_until.is_some() && group.is_some() && task.answered_with == group {
            undo_together += 1;
        }
        let can_renew = organization.checkins.enabled && can_be_renewed(&task, invoice, now);
        let card = CheckinCard {
            id: task.id,
            state: state_of(&task, invoice, now),
            invoice: (visibility == Visibility::Full).then(|| shown(invoice, client)),
            answer: task.answer,
            answered_at: task.answered_at,
            expires_at: task.expires_at,
            undo_until,
            can_undo: undo_until.is_some(),
            can_renew,
        };
        if task.id == id { checkin = Some(card) } else { siblings.push(card) }
    }
    let undo_together = if undo_together > 1 { undo_together } else { 0 };
    let time_zone = organization.time_zone;
    Ok(checkin.map(|checkin| CheckinView { checkin, siblings, undo_together, time_zone }))
}

/// Keeps that the page of a token's check-in was opened, which changes nothing else.
///
/// # Errors
/// The database's.
pub async fn record_page_opening(
    conn: &mut AsyncPgConnection,
    token: &str,
    opening: &Opening,
    rules: &CheckinRules,
) -> Result<(), diesel::result::Error> {
    match rubis_checkins::find_by_token(conn, token).await? {
        Some(task) if !task.is_gone(rules, opening.at) => {
            rubis_checkins::record_click(conn, &task, opening, "shown").await
        }
        _ => Ok(()),
    }
}

/// Outcome of a press whose button was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedButton {
    /// It is recorded with the check-in.
    Recorded,
    /// The links of the check-in ended too long ago.
    Gone,
    /// No check-in has this token.
    Unknown,
}

/// Records a press of a button that the page did not set, which changes nothing else.
///
/// # Errors
/// The database's.
pub async fn record_refused_button(
    conn: &mut AsyncPgConnection,
    token: &str,
    opening: &Opening,
    rules: &CheckinRules,
) -> Result<RefusedButton, diesel::result::Error> {
    match rubis_checkins::find_by_token(conn, token).await? {
        None => Ok(RefusedButton::Unknown),
        Some(task) if task.is_gone(rules, opening.at) => Ok(RefusedButton::Gone),
        Some(task) => {
            rubis_checkins::record_click(conn, &task, opening, "refused_button").await?;
            Ok(RefusedButton::Recorded)
        }
    }
}

/// The answers given in one go that the page of a check-in is about: with its own, or else the last of its mail.
fn group_of(tasks: &[CheckinTask], id: CheckinTaskId) -> Option<Uuid> {
    let own = tasks.iter().find(|task| task.id == id).and_then(|task| task.answered_with);
    let last = tasks.iter().filter(|task| task.answered_with.is_some()).max_by_key(|task| task.answered_at);
    own.or_else(|| last.and_then(|last| last.answered_with))
}

fn shown(invoice: &Invoice, client: &Client) -> CheckinInvoice {
    CheckinInvoice {
        numero: invoice.numero.clone(),
        client_name: client.name.clone(),
        amount: invoice.amount,
        balance: invoice.balance(),
        due_date: invoice.due_date,
    }
}

fn state_of(task: &CheckinTask, invoice: &Invoice, now: OffsetDateTime) -> CheckinState {
    let is_paid = invoice.status == InvoiceStatus::Paid;
    match task.answer {
        Some(CheckinAnswer::Paid) if is_paid => CheckinState::Paid,
        _ if is_paid => CheckinState::AlreadyAnswered,
        // It was declared paid, and reopened since.
        Some(CheckinAnswer::Paid) => CheckinState::Expired,
        Some(CheckinAnswer::StillPending) => CheckinState::StillPending,
        None if invoice.status.is_open() && task.takes_answers(now) => CheckinState::Open,
        None => CheckinState::Expired,
    }
}

/// Returns true if fresh links can be requested in place of these, apart from the rate limit.
fn can_be_renewed(task: &CheckinTask, invoice: &Invoice, now: OffsetDateTime) -> bool {
    task.status != CheckinStatus::Answered
        && !task.takes_answers(now)
        && Reason::not_to_chase(invoice.status).is_none()
}
