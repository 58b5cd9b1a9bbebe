//! Plans the reminders of an invoice, the first time or again.

use rubis_accounts::{ActivityKind, NewEvent, Organization, Pause};
use rubis_db::AsyncPgConnection;
use rubis_invoices::{Invoice, Reason};
use rubis_kernel::RelanceTaskId;
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    cancel_planned::call_off,
    changes::{Changes, Moment},
    history::History,
    jobs::SendRelance,
    planning::{CATCH_UP_DELAY, CatchUp, PlanningRules},
    queries::{plans, tasks},
    task::RelanceTask,
};

/// The reason why an invoice is planned again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanningTrigger {
    /// A signed-in user created or changed the invoice: what is planned for it, drafts included, is planned afresh.
    InvoiceChanged,
    /// As [`Self::InvoiceChanged`], by a link of a mail.
    InvoiceChangedByLink,
    /// A signed-in user ended a pause.
    Resumed,
    /// The rules or the plan changed, a pause began or ended on its own, or the chain runs late: a formal notice that
    /// waits for its approval goes on waiting.
    RulesChanged,
    /// The user answered in the app that the invoice is not paid: what waited for that is sent.
    AnsweredPending,
    /// As [`Self::AnsweredPending`], by a link of a mail.
    AnsweredPendingByLink,
}

impl PlanningTrigger {
    /// Reports if a reminder that could be called off stays as it is: one that a user drafted, approved or sent at once
    /// keeps what that user decided, unless the invoice is another.
    pub(crate) const fn leaves_alone(self, task: &RelanceTask) -> bool {
        match self {
            Self::InvoiceChanged | Self::InvoiceChangedByLink => false,
            Self::Resumed | Self::RulesChanged | Self::AnsweredPending | Self::AnsweredPendingByLink => {
                task.is_drafted() || task.hurried_at.is_some()
            }
        }
    }

    /// Set if the invoice itself changed. Any other change has an event of its own, for any number of invoices.
    const fn is_of_invoice(self) -> bool {
        matches!(self, Self::InvoiceChanged | Self::InvoiceChangedByLink)
    }

    /// The time at which overdue reminders are sent.
    pub(crate) const fn catch_up(self) -> CatchUp {
        match self {
            Self::InvoiceChanged | Self::Resumed | Self::AnsweredPending => CatchUp::AtOnce,
            Self::InvoiceChangedByLink | Self::RulesChanged | Self::AnsweredPendingByLink => {
                CatchUp::InBusinessHours
            }
        }
    }
}

/// Plans the reminders of an invoice, in the caller's transaction, which holds the invoice's lock.
///
/// A scheduled reminder that no worker has claimed keeps its row and its job, with another date if need be; other ones
/// are called off and planned afresh. A reminder that was sent, or taken out by hand, is not planned again. An
/// invoice that is not to be reminded loses all that is planned.
///
/// A pause with an end moves what it holds back to that end, where the catch-up policy applies.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(organization = %organization.id, invoice = %invoice.id))]
pub async fn plan_relances(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    invoice: &Invoice,
    client_pause: Option<Pause>,
    trigger: PlanningTrigger,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let existing = tasks::lock_of_invoice(conn, organization.id, invoice.id).await?;
    let steps = match invoice.plan_id {
        Some(plan) if Reason::not_to_chase(invoice.status).is_none() => {
            plans::find(conn, organization.id, plan).await?.map(|plan| plan.steps).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let history = History::read(conn, organization, (&existing, invoice.chain), trigger, now).await?;
    let rules = PlanningRules {
        calendar: organization.sending_calendar(),
        policy: organization.catch_up_policy,
        catch_up: trigger.catch_up(),
        awaited_answer: invoice.awaited_answer,
    };
    let moment = Moment { now, from: planned_from(organization, invoice, client_pause, now) };
    let changes = Changes::plan(&rules, invoice.due_date, (&steps, &history), &existing, trigger, moment);

    let reason = Reason::not_to_chase(invoice.status).unwrap_or(Reason::Replanned);
    call_off(conn, organization.id, &changes.replaced, reason, now).await?;
    tasks::move_to(conn, organization.id, &changes.moved, now).await?;
    if !changes.new.is_empty() {
        tasks::insert(conn, invoice, &changes.new, now).await?;
    }
    if trigger.is_of_invoice() && changes.new.iter().any(|task| task.skipped.is_none()) {
        record_planned(conn, invoice, &changes.scheduled, now).await?;
    }
    // Those that stay are enqueued too: a pause without an end lets jobs go.
    let jobs: Vec<(SendRelance, OffsetDateTime)> = changes
        .scheduled
        .into_iter()
        .map(|(task_id, send_at)| (SendRelance { organization_id: organization.id, task_id }, send_at))
        .collect();
    rubis_jobs::enqueue_many(conn, &jobs, now).await.map(drop)
}

/// Records in the feed how many reminders are planned, and the date of the first one.
async fn record_planned(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    scheduled: &[(RelanceTaskId, OffsetDateTime)],
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let first = scheduled.iter().map(|(_, send_at)| *send_at).min();
    let meta = json!({
        "invoiceId": invoice.id,
        "clientId": invoice.client_id,
        "count": scheduled.len(),
        "firstSendAt": first.and_then(|first| first.format(&Rfc3339).ok()),
    });
    let event =
        NewEvent { kind: ActivityKind::RelancesPlanned, invoice_id: Some(invoice.id), actor: None, meta };
    rubis_accounts::record(conn, invoice.organization_id, event, now).await
}

/// The instant from which steps count as overdue: now, or just before the end of a pause.
fn planned_from(
    organization: &Organization,
    invoice: &Invoice,
    client_pause: Option<Pause>,
    now: OffsetDateTime,
) -> OffsetDateTime {
    let calendar = organization.sending_calendar();
    [organization.pause, client_pause, invoice.pause]
        .into_iter()
        .flatten()
        .filter(|pause| pause.holds_on(calendar.today(now)))
        .filter_map(|pause| pause.until)
        .map(|until| calendar.sending_instant(until) - CATCH_UP_DELAY)
        .fold(now, OffsetDateTime::max)
}
