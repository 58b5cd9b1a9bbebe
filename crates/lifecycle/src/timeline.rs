//! The timeline of an invoice: reminders and check-ins planned, sent, and not sent with their reasons.

use rubis_accounts::{ActivityEvent, Organization, Pause};
use rubis_checkins::CheckinTask;
use rubis_db::AsyncPgConnection;
use rubis_invoices::{AwaitedAnswer, Client, Invoice, Payment, Reason};
use rubis_jobs::JobState;
use rubis_kernel::{InvoiceId, OrganizationId, PlanStepId};
use rubis_relances::{ListedRelance, ListedStep, RelanceStatus};
use time::OffsetDateTime;

/// The most reminders, check-ins, payments and events of a timeline: the latest of each.
const MAX_ENTRIES: u32 = 200;

/// An invoice's chain, without the texts of its reminders.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The invoice.
    pub invoice: Invoice,
    /// Its debtor.
    pub client: Client,
    /// Its latest reminders, the earliest first, without those that planning again replaced.
    pub relances: Vec<TimelineRelance>,
    /// The questions to the user whether it was paid, the earliest first, without those that planning again
    /// replaced.
    pub checkins: Vec<CheckinTask>,
    /// Its payments and credit notes, in the order in which they were recorded.
    pub payments: Vec<Payment>,
    /// Its activity events, the earliest first.
    pub events: Vec<ActivityEvent>,
}

/// A reminder of the chain.
#[derive(Clone, Debug)]
pub struct TimelineRelance {
    /// The reminder.
    pub task: ListedRelance,
    /// The step it is.
    pub step: ListedStep,
    /// Reason why it was not sent, unless it waits for its date.
    pub why_not: Option<WhyNot>,
}

/// Reason why a reminder was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyNot {
    /// It was cancelled or failed, for this reason.
    Ended(String),
    /// It waits for a person's approval.
    AwaitsApproval,
    /// The organization's owner has not verified their address: nothing is sent on its behalf before.
    SenderNotVerified,
    /// The organization had written to as many recipients as it may on a day: it is sent at this instant.
    DailyLimit(OffsetDateTime),
    /// Reminders are paused, until this if it is known.
    Paused(Option<time::Date>),
    /// The user was asked whether the invoice is paid, or will have been by then: it waits for the answer, at
    /// most until this.
    AwaitsAnswer(OffsetDateTime),
    /// A worker is handing it to the mail server.
    BeingSent,
    /// An attempt failed; it is tried again.
    RetryAt(OffsetDateTime),
    /// Workers died over it again and again: operations have to look at it.
    Quarantined,
}

/// Returns the timeline of an invoice.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub async fn timeline(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    now: OffsetDateTime,
) -> Result<Option<Timeline>, diesel::result::Error> {
    let Some(invoice) = rubis_invoices::invoice(conn, organization, invoice).await? else {
        return Ok(None);
    };
    let Some(organization) = rubis_accounts::organization(conn, organization).await? else {
        return Ok(None);
    };
    let Some(client) = rubis_invoices::client(conn, organization.id, invoice.client_id).await? else {
        return Ok(None);
    };
    let tasks =
        rubis_relances::latest_relances_of_invoice(conn, organization.id, invoice.id, MAX_ENTRIES).await?;
    let step_ids: Vec<PlanStepId> = tasks.iter().map(|task| task.plan_step_id).collect();
    let steps = rubis_relances::steps_by_ids(conn, organization.id, &step_ids).await?;
    let job_ids: Vec<_> = tasks
        .iter()
        .filter(|task| task.status == RelanceStatus::Scheduled)
        .map(|task| task.queue_job_id())
        .collect();
    let jobs = rubis_jobs::find_many(conn, &job_ids).await?;

    let pause = longest_pause([organization.pause, client.pause, invoice.pause], &organization, now);
    let relances = tasks
        .into_iter()
        .filter_map(|task| {
            let step = steps.iter().find(|step| step.id == task.plan_step_id)?.clone();
            let job = jobs.iter().find(|job| job.id == task.queue_job_id());
            let holding =
                pause.filter(|pause| pause.holds_on(organization.time_zone.local_date(task.send_at)));
            let awaited = invoice.awaited_answer.filter(|awaited| {
                now < awaited.until && waits_for_answer(&organization, &invoice, &task, &step, *awaited)
            });
            let held_sender = !organization.is_sender_verified();
            let why_not = why_not(&task, job, held_sender, holding, awaited);
            Some(TimelineRelance { task, step, why_not })
        })
        .collect();
    let checkins =
        rubis_checkins::latest_checkins_of_invoice(conn, organization.id, invoice.id, MAX_ENTRIES).await?;
    let payments = rubis_invoices::latest_payments_of(conn, organization.id, invoice.id, MAX_ENTRIES).await?;
    let events = rubis_accounts::events_of_invoice(conn, organization.id, invoice.id, MAX_ENTRIES).await?;
    Ok(Some(Timeline { invoice, client, relances, checkins, payments, events }))
}

fn why_not(
    task: &ListedRelance,
    job: Option<&rubis_jobs::JobRow>,
    is_sender_unverified: bool,
    pause: Option<Pause>,
    awaited: Option<AwaitedAnswer>,
) -> Option<WhyNot> {
    match task.status {
        RelanceStatus::Sent => return None,
        RelanceStatus::Cancelled | RelanceStatus::Failed => {
            return Some(WhyNot::Ended(task.reason.clone().unwrap_or_default()));
        }
        RelanceStatus::Scheduled => {}
    }
    if task.awaits_approval() {
        return Some(WhyNot::AwaitsApproval);
    }
    match job {
        Some(job) if job.state == JobState::Dead => Some(WhyNot::Quarantined),
        Some(_) if task.sending_since.is_some() => Some(WhyNot::BeingSent),
        Some(job) if job.last_error.is_some() => Some(WhyNot::RetryAt(job.run_at)),
        _ if is_sender_unverified => Some(WhyNot::SenderNotVerified),
        _ => {
            let limited = task.reason.as_deref() == Some(Reason::DailyLimit.as_str());
            let limited = limited.then_some(WhyNot::DailyLimit(task.send_at));
            let paused = pause.map(|pause| WhyNot::Paused(pause.until));
            paused.or(limited).or_else(|| awaited.map(|awaited| WhyNot::AwaitsAnswer(awaited.until)))
        }
    }
}

/// Returns true if a reminder waits for the user's answer: its plan has an earlier date, and it is to be sent when
/// the wait ends.
fn waits_for_answer(
    organization: &Organization,
    invoice: &Invoice,
    task: &ListedRelance,
    step: &ListedStep,
    awaited: AwaitedAnswer,
) -> bool {
    let calendar = organization.sending_calendar();
    let offset = time::Duration::days(step.offset_days.into());
    task.send_at == calendar.in_business_hours(awaited.until)
        && calendar.sending_instant(invoice.due_date + offset) < awaited.until
}

/// The pause that holds reminders longest today, one without an end before all others.
fn longest_pause(
    pauses: [Option<Pause>; 3],
    organization: &Organization,
    now: OffsetDateTime,
) -> Option<Pause> {
    let today = organization.time_zone.local_date(now);
    pauses
        .into_iter()
        .flatten()
        .filter(|pause| pause.holds_on(today))
        .max_by_key(|pause| pause.until.unwrap_or(time::Date::MAX))
}
