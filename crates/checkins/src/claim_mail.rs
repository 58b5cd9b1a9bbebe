//! Decides which check-ins a due mail asks about, and composes it.

use std::collections::{HashMap, HashSet};

use rubis_accounts::Organization;
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Client, Reason, set_awaited_answer};
use rubis_jobs::{FinishError, Lease};
use rubis_kernel::{CheckinTaskId, ClientId, Email, EmailAddress, InvoiceId, PurposeKey, RenderError};
use time::{Duration, OffsetDateTime};

use crate::{
    CheckinRules,
    asked::{AskedInvoice, lock_of_mail},
    call_off::call_off,
    compose::{Question, compose},
    jobs::SendCheckinMail,
    links::CheckinLinks,
    plan_checkin::{PlanCheckin, plan_checkin},
    planning::holding_pauses,
    queries::{mails, tasks},
    state::CheckinEvent,
    task::{CheckinStatus, CheckinTask},
    token::{hash_of_token, token_of},
};

/// Values that every check-in mail of the product needs.
#[derive(Clone, Copy, Debug)]
pub struct MailTerms<'a> {
    /// The product's address; its domain also ends each `Message-ID`.
    pub sender: &'a EmailAddress,
    /// Links of the mail.
    pub links: &'a CheckinLinks,
    /// Key from which tokens are computed, of the purpose [`crate::KEY_PURPOSE`].
    pub key: &'a PurposeKey,
    /// Life of links and time for taking answers back, as the mails announce them.
    pub rules: &'a CheckinRules,
}

/// Result of claiming a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimedMail {
    /// Send this mail, then record the outcome.
    Send(Box<Email>),
    /// Nothing to send: it was sent before, or no check-in is left in it. That is recorded, and the job is finished.
    Settled,
}

/// Reasons why a mail could not be claimed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimMailError {
    /// Another worker has the job.
    #[error("the lease was lost")]
    LeaseLost,
    /// The organization has no owner to ask.
    #[error("the organization has no owner")]
    NoOwner,
    /// The mail cannot be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

impl From<FinishError> for ClaimMailError {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::LeaseLost => Self::LeaseLost,
            FinishError::Database(error) => Self::Database(error),
        }
    }
}

/// Decides what a mail asks about, in one transaction: either its check-ins are marked as being sent and it is
/// returned, or no check-in is left and the job is finished. A check-in whose invoice was settled, disputed or paused
/// meanwhile is removed. Claimed again, for example after a crash, the mail is identical as long as its data is the
/// same.
///
/// # Errors
/// [`ClaimMailError`]; nothing was recorded then.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn claim_mail(
    conn: &mut AsyncPgConnection,
    terms: &MailTerms<'_>,
    job: &SendCheckinMail,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<ClaimedMail, ClaimMailError> {
    conn.transaction(async |conn| {
        let asked = lock_of_mail(conn, job.organization_id, job.mail_id).await?;
        // Since the claim, the lease may have passed to another worker.
        lease.confirm(conn).await?;
        let organization = rubis_accounts::organization(conn, job.organization_id).await?;
        let is_sent = mails::sent_at(conn, job.organization_id, job.mail_id).await?.is_some();
        let (Some(organization), false) = (organization, is_sent) else {
            lease.finish(conn).await?;
            return Ok(ClaimedMail::Settled);
        };
        if !organization.is_sender_verified() {
            put_back(conn, &organization, &asked, lease, now).await?;
            return Ok(ClaimedMail::Settled);
        }
        let clients = clients_of(conn, &organization, &asked).await?;
        let wanted = without_unwanted(conn, &organization, asked, &clients, now).await?;
        if wanted.is_empty() {
            lease.finish(conn).await?;
            return Ok(ClaimedMail::Settled);
        }
        let owner = rubis_accounts::owner_of(conn, organization.id).await?.ok_or(ClaimMailError::NoOwner)?;

        // Uses the day of an interrupted attempt, so that its mail is the same.
        let began = wanted.iter().find_map(|asked| asked.task.sending_since).unwrap_or(now);
        let today = organization.time_zone.local_date(began);
        let tokens: Vec<(CheckinTaskId, String)> =
            wanted.iter().map(|asked| (asked.task.id, token_of(terms.key, asked.task.id))).collect();
        let claimed = wanted.iter().zip(&tokens).map(|(asked, (_, token))| {
            asked.task.after(CheckinEvent::Claimed { token: hash_of_token(token), at: now })
        });
        let claimed = claimed.collect::<Result<Vec<CheckinTask>, _>>()?;
        tasks::save(conn, organization.id, &claimed, now).await?;
        let questions = wanted
            .iter()
            .zip(tokens)
            .map(|(asked, (_, token))| Question::new(asked, clients.get(&asked.invoice.client_id), token))
            .collect();
        let email = compose(terms, &organization, &owner, job.mail_id, today, questions)?;
        mails::begin_sending(conn, organization.id, job.mail_id, &email.to.address, now).await?;
        Ok(ClaimedMail::Send(Box::new(email)))
    })
    .await
}

/// Removes check-ins from their mail, so that planning again finds them. Those that may be in the inbox stay in it: the
/// same mail is tried again at the sending time of the next business day.
async fn put_back(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    asked: &[AskedInvoice],
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<(), FinishError> {
    let scheduled = asked.iter().filter(|asked| asked.task.status == CheckinStatus::Scheduled);
    let held_back = scheduled.map(|asked| asked.task.after(CheckinEvent::PutBack));
    let held_back = held_back.collect::<Result<Vec<CheckinTask>, _>>()?;
    tasks::save(conn, organization.id, &held_back, now).await?;
    if !held_back.iter().any(CheckinTask::may_have_left) {
        return lease.finish(conn).await;
    }
    let calendar = organization.sending_calendar();
    lease.reschedule(conn, calendar.sending_instant(calendar.today(now) + Duration::DAY)).await
}

async fn clients_of(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    asked: &[AskedInvoice],
) -> Result<HashMap<ClientId, Client>, diesel::result::Error> {
    let ids: HashSet<ClientId> = asked.iter().map(|asked| asked.invoice.client_id).collect();
    let ids: Vec<ClientId> = ids.into_iter().collect();
    let clients = rubis_invoices::clients_by_ids(conn, organization.id, &ids).await?;
    Ok(clients.into_iter().map(|client| (client.id, client)).collect())
}

/// Removes the check-ins that are no longer to be sent, and returns paused ones to planning. A pause does not hold back
/// those that may be in the inbox: only the same mail is recognised as a repetition.
async fn without_unwanted(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    asked: Vec<AskedInvoice>,
    clients: &HashMap<ClientId, Client>,
    now: OffsetDateTime,
) -> Result<Vec<AskedInvoice>, diesel::result::Error> {
    let off = (!organization.checkins.enabled).then_some(Reason::CheckinsOff);
    let mut wanted = Vec::new();
    for mut asked in without_done(conn, organization, asked).await? {
        let AskedInvoice { invoice, task } = &mut asked;
        let client_pause = clients.get(&invoice.client_id).and_then(|client| client.pause);
        if let Some(reason) = Reason::not_to_chase(invoice.status).or(off) {
            call_off(conn, invoice, task, reason, now).await?;
            set_awaited_answer(conn, invoice, None, now).await?;
        } else if task.renews.is_none()
            && !task.may_have_left()
            && !holding_pauses(organization, invoice, client_pause, now).is_empty()
        {
            let put_back = task.after(CheckinEvent::PutBack)?;
            tasks::save(conn, organization.id, &[put_back], now).await?;
            plan_checkin(conn, organization, invoice, client_pause, PlanCheckin::default(), now).await?;
        } else {
            wanted.push(asked);
        }
    }
    Ok(wanted)
}

/// Returns the check-ins that are still to be sent. A failed one is sent again if an operator re-runs its dead letter,
/// unless another check-in has asked the user meanwhile.
async fn without_done(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    mut asked: Vec<AskedInvoice>,
) -> Result<Vec<AskedInvoice>, diesel::result::Error> {
    let failed: Vec<InvoiceId> = asked
        .iter()
        .filter(|asked| asked.task.status == CheckinStatus::Failed)
        .map(|asked| asked.invoice.id)
        .collect();
    let asked_otherwise = if failed.is_empty() {
        Vec::new()
    } else {
        tasks::invoices_with_live(conn, organization.id, &failed).await?
    };
    asked.retain(|asked| match asked.task.status {
        CheckinStatus::Scheduled => true,
        CheckinStatus::Failed => {
            asked.task.due_date == asked.invoice.due_date && !asked_otherwise.contains(&asked.invoice.id)
        }
        _ => false,
    });
    Ok(asked)
}
