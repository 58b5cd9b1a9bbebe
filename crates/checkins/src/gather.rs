//! Gathers all due check-ins of an organization into one mail.

use std::collections::{HashMap, HashSet};

use rubis_accounts::{Organization, Pause};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Invoice, Reason, set_awaited_answer};
use rubis_jobs::{FinishError, Lease};
use rubis_kernel::{CheckinMailId, ClientId, InvoiceId, OrganizationId};
use time::OffsetDateTime;

use crate::{
    asked::{AskedInvoice, lock_asked},
    call_off::call_off,
    jobs::{GatherCheckins, SendCheckinMail},
    plan_checkin::{PlanCheckin, plan_checkin},
    planning::{SHARING, holding_pauses},
    queries::{mails, tasks},
    state::CheckinEvent,
    task::{CheckinStatus, CheckinTask},
};

/// Maximum number of invoices in a mail.
pub const MAX_OF_MAIL: usize = 40;

/// Number of candidates read at once.
const PAGE: usize = 200;

/// Result for a check-in that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathered {
    /// It is in this mail, which is sent now with this many check-ins.
    Mail(CheckinMailId, usize),
    /// It is already in a mail, or was cancelled or deleted meanwhile.
    AlreadyDone,
    /// Its invoice is not to be asked about any more; it is cancelled.
    Cancelled(Reason),
    /// A pause applies: the check-in waits for its end, and is planned for it if it is known.
    Paused,
    /// The organization's owner has not verified their address: it is planned again when they do.
    SenderNotVerified,
    /// It was moved to a later date meanwhile.
    NotYetDue,
    /// Other check-ins of the organization are planned within the next minutes: it shares a mail with them.
    WaitsForOthers,
}

/// Puts a due check-in into a new mail, with the earliest other due ones of the organization, and enqueues the mail,
/// in one transaction. If several workers do so at once for one organization, one makes the mail and the others find
/// their check-ins in it.
///
/// # Errors
/// [`FinishError`]; nothing was recorded then.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn gather(
    conn: &mut AsyncPgConnection,
    job: &GatherCheckins,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<Gathered, FinishError> {
    conn.transaction(async |conn| {
        tasks::lock_gathering(conn, job.organization_id).await?;
        let organization = rubis_accounts::organization(conn, job.organization_id).await?;
        let own = tasks::find(conn, job.organization_id, job.task_id).await?;
        let (Some(organization), Some(own)) = (organization, own) else {
            lease.finish(conn).await?;
            return Ok(Gathered::AlreadyDone);
        };
        if let Some(until) = waits_for_others(conn, &organization, &own, now).await? {
            lease.reschedule(conn, until).await?;
            return Ok(Gathered::WaitsForOthers);
        }
        let candidates = candidates(conn, &organization, own, now).await?;
        let asked = lock_asked(conn, organization.id, &candidates).await?;
        let pauses = client_pauses(conn, organization.id, asked.iter().map(|asked| &asked.invoice)).await?;
        let (own, siblings): (Vec<_>, Vec<_>) = asked
            .into_iter()
            .map(|asked| (state_of(&organization, &asked, &pauses, now), asked))
            .partition(|(_, asked)| asked.task.id == job.task_id);
        match own.into_iter().next() {
            Some((State::Due, own)) => make_mail(conn, own, siblings, lease, now).await,
            Some((state, own)) => settle(conn, &organization, own, state, &pauses, lease, now).await,
            None => {
                lease.finish(conn).await?;
                Ok(Gathered::AlreadyDone)
            }
        }
    })
    .await
}

/// State of a check-in that may be due, read under its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Due,
    AlreadyDone,
    Cancelled(Reason),
    Paused,
    SenderNotVerified,
    NotYetDue,
}

/// Pauses of the paused clients.
type ClientPauses = HashMap<ClientId, Pause>;

fn state_of(
    organization: &Organization,
    asked: &AskedInvoice,
    pauses: &ClientPauses,
    now: OffsetDateTime,
) -> State {
    let AskedInvoice { invoice, task } = asked;
    if task.status != CheckinStatus::Scheduled || task.mail_id.is_some() {
        return State::AlreadyDone;
    }
    let off = (!organization.checkins.enabled).then_some(Reason::CheckinsOff);
    if let Some(reason) = Reason::not_to_chase(invoice.status).or(off) {
        return State::Cancelled(reason);
    }
    if task.send_at > now {
        return State::NotYetDue;
    }
    if !organization.is_sender_verified() {
        return State::SenderNotVerified;
    }
    if is_held(organization, invoice, task, pauses, now) { State::Paused } else { State::Due }
}

/// Reports whether a pause holds a check-in back. One that the user requested by a button is never held back.
fn is_held(
    organization: &Organization,
    invoice: &Invoice,
    task: &CheckinTask,
    pauses: &ClientPauses,
    now: OffsetDateTime,
) -> bool {
    let client_pause = pauses.get(&invoice.client_id).copied();
    task.renews.is_none() && !holding_pauses(organization, invoice, client_pause, now).is_empty()
}

/// Returns the check-in itself and the earliest others that are due and not paused, without locks: all of them have to
/// be known before the first is locked, because invoices are locked in the order of their ids.
async fn candidates(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    own: CheckinTask,
    now: OffsetDateTime,
) -> Result<Vec<CheckinTask>, diesel::result::Error> {
    let own_id = own.id;
    let mut chosen = vec![own];
    let mut after = None;
    loop {
        let page = tasks::due(conn, organization.id, now, after, PAGE).await?;
        let is_last = page.len() < PAGE;
        after = page.last().map(|task| (task.send_at, task.id));
        let unheld = without_held(conn, organization, page, now).await?;
        chosen.extend(unheld.into_iter().filter(|task| task.id != own_id));
        if is_last || chosen.len() >= MAX_OF_MAIL {
            chosen.truncate(MAX_OF_MAIL);
            return Ok(chosen);
        }
    }
}

/// Returns the time until which a due check-in waits to share a mail: the date of the last one that shares it and, for
/// one that came due after the organization's last mail was made, ten minutes after that mail. `None` if that time has
/// passed or the mail is full. One that the user requested by a button does not wait.
async fn waits_for_others(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    own: &CheckinTask,
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, diesel::result::Error> {
    if own.renews.is_some() || own.send_at > now {
        return Ok(None);
    }
    let near = tasks::due(conn, organization.id, now + SHARING, None, PAGE).await?;
    let near = without_held(conn, organization, near, now).await?;
    if !near.iter().any(|task| task.id == own.id) {
        return Ok(None);
    }
    let is_full = near.iter().filter(|task| task.send_at <= now).count() >= MAX_OF_MAIL;
    if is_full {
        return Ok(None);
    }
    let first = near.iter().map(|task| task.send_at).min();
    let last = first.and_then(|first| {
        near.iter().map(|task| task.send_at).filter(|send_at| *send_at <= first + SHARING).max()
    });
    let made = mails::last_made_at(conn, organization.id).await?.filter(|made| own.send_at > *made);
    Ok(last.max(made.map(|made| made + SHARING)).filter(|until| *until > now))
}

async fn without_held(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    tasks: Vec<CheckinTask>,
    now: OffsetDateTime,
) -> Result<Vec<CheckinTask>, diesel::result::Error> {
    let ids: Vec<InvoiceId> = tasks.iter().map(|task| task.invoice_id).collect();
    let invoices: HashMap<InvoiceId, Invoice> = rubis_invoices::invoices_by_ids(conn, organization.id, &ids)
        .await?
        .into_iter()
        .map(|invoice| (invoice.id, invoice))
        .collect();
    let pauses = client_pauses(conn, organization.id, invoices.values()).await?;
    let is_unheld = |task: &CheckinTask| {
        invoices
            .get(&task.invoice_id)
            .is_some_and(|invoice| !is_held(organization, invoice, task, &pauses, now))
    };
    Ok(tasks.into_iter().filter(is_unheld).collect())
}

async fn client_pauses(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoices: impl Iterator<Item = &Invoice>,
) -> Result<ClientPauses, diesel::result::Error> {
    let ids: HashSet<ClientId> = invoices.map(|invoice| invoice.client_id).collect();
    let ids: Vec<ClientId> = ids.into_iter().collect();
    let clients = rubis_invoices::clients_by_ids(conn, organization, &ids).await?;
    Ok(clients.into_iter().filter_map(|client| Some((client.id, client.pause?))).collect())
}

async fn make_mail(
    conn: &mut AsyncPgConnection,
    own: AskedInvoice,
    siblings: Vec<(State, AskedInvoice)>,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<Gathered, FinishError> {
    let organization = own.task.organization_id;
    let mail = CheckinMailId::new();
    let mut gathered = vec![own.task.after(CheckinEvent::Gathered { mail })?];
    let mut siblings_jobs = Vec::new();
    for (state, mut sibling) in siblings {
        match state {
            State::Due => {
                gathered.push(sibling.task.after(CheckinEvent::Gathered { mail })?);
                siblings_jobs.push(sibling.task.gather_job_id());
            }
            State::Cancelled(reason) => {
                call_off(conn, &mut sibling.invoice, &sibling.task, reason, now).await?;
                set_awaited_answer(conn, &mut sibling.invoice, None, now).await?;
            }
            // Their own jobs handle them.
            State::AlreadyDone | State::Paused | State::SenderNotVerified | State::NotYetDue => {}
        }
    }
    mails::insert(conn, organization, mail, now).await?;
    tasks::save(conn, organization, &gathered, now).await?;
    let job = SendCheckinMail { organization_id: organization, mail_id: mail };
    rubis_jobs::enqueue(conn, &job, now, now).await?;
    rubis_jobs::cancel(conn, &siblings_jobs).await?;
    lease.finish(conn).await?;
    Ok(Gathered::Mail(mail, gathered.len()))
}

/// Handles a check-in that is not due after all; the others have their own jobs.
async fn settle(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    own: AskedInvoice,
    state: State,
    pauses: &ClientPauses,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<Gathered, FinishError> {
    let AskedInvoice { mut invoice, task } = own;
    match state {
        State::NotYetDue => {
            lease.reschedule(conn, task.send_at).await?;
            Ok(Gathered::NotYetDue)
        }
        State::Cancelled(reason) => {
            call_off(conn, &mut invoice, &task, reason, now).await?;
            set_awaited_answer(conn, &mut invoice, None, now).await?;
            lease.finish(conn).await?;
            Ok(Gathered::Cancelled(reason))
        }
        State::Paused => {
            lease.finish(conn).await?;
            let client_pause = pauses.get(&invoice.client_id).copied();
            plan_checkin(conn, organization, &mut invoice, client_pause, PlanCheckin::default(), now).await?;
            Ok(Gathered::Paused)
        }
        State::SenderNotVerified => {
            lease.finish(conn).await?;
            Ok(Gathered::SenderNotVerified)
        }
        State::Due | State::AlreadyDone => {
            lease.finish(conn).await?;
            Ok(Gathered::AlreadyDone)
        }
    }
}
