//! A reminder with everything that a decision about it depends on, locked.

use futures_util::future::{try_join, try_join3};
use rubis_accounts::{Organization, Pause};
use rubis_db::AsyncPgConnection;
use rubis_invoices::{Client, Invoice};
use rubis_kernel::{OrganizationId, RelanceTaskId};
use time::{Date, Duration, OffsetDateTime, Time};

use crate::{
    plan::PlanStep,
    queries::{plans, tasks},
    task::RelanceTask,
    text::{RenderedText, TextError, render},
    variables::Values,
};

/// A reminder and what it depends on.
pub(crate) struct LockedTask {
    pub organization: Organization,
    pub invoice: Invoice,
    pub client: Client,
    pub step: PlanStep,
    pub task: RelanceTask,
    /// A reminder of the chain that goes on was sent. One of another debtor does not count.
    pub was_reminded: bool,
}

/// Locks a reminder's invoice and then the reminder, as every use case that changes both.
///
/// Statements that do not wait for each other's answers are sent together, here and by the callers: most of
/// what a reminder costs is the way to the database and back.
pub(crate) async fn lock_with_invoice(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
) -> Result<Option<(Invoice, RelanceTask, PlanStep)>, diesel::result::Error> {
    let (found, step) =
        try_join(tasks::find(conn, organization, task), plans::step_of_task(conn, organization, task))
            .await?;
    let Some((found, step)) = found.zip(step) else {
        return Ok(None);
    };
    let invoice = rubis_invoices::lock_invoice(conn, organization, found.invoice_id).await?;
    let task = tasks::lock(conn, organization, task).await?;
    Ok(invoice.zip(task).map(|(invoice, task)| (invoice, task, step)))
}

/// Locks a reminder as [`lock_with_invoice`] does, and reads the rest of what it depends on. The step of a draft is the
/// wording in force: its plan may have been edited since.
pub(crate) async fn lock_task(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTaskId,
) -> Result<Option<LockedTask>, diesel::result::Error> {
    let (found, step, tenant) = try_join3(
        tasks::find(conn, organization, task),
        plans::step_of_task(conn, organization, task),
        rubis_accounts::organization(conn, organization),
    )
    .await?;
    let (Some(found), Some(step), Some(tenant)) = (found, step, tenant) else {
        return Ok(None);
    };
    let Some(invoice) = rubis_invoices::lock_invoice(conn, organization, found.invoice_id).await? else {
        return Ok(None);
    };
    let (task, client, was_reminded) = try_join3(
        tasks::lock(conn, organization, task),
        rubis_invoices::client(conn, organization, invoice.client_id),
        tasks::was_sent_in_chain(conn, &invoice),
    )
    .await?;
    let (Some(task), Some(client)) = (task, client) else {
        return Ok(None);
    };
    let step = wording_in_force(conn, &task, step).await?;
    Ok(Some(LockedTask { organization: tenant, invoice, client, step, task, was_reminded }))
}

/// Reads a reminder and what it depends on without locks, to show it.
pub(crate) async fn read_task(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: RelanceTask,
) -> Result<Option<LockedTask>, diesel::result::Error> {
    let tenant = rubis_accounts::organization(conn, organization).await?;
    let invoice = rubis_invoices::invoice(conn, organization, task.invoice_id).await?;
    let (Some(tenant), Some(invoice)) = (tenant, invoice) else {
        return Ok(None);
    };
    let client = rubis_invoices::client(conn, organization, invoice.client_id).await?;
    let step = plans::step_of_task(conn, organization, task.id).await?;
    let (Some(client), Some(step)) = (client, step) else {
        return Ok(None);
    };
    let was_reminded = tasks::was_sent_in_chain(conn, &invoice).await?;
    let step = wording_in_force(conn, &task, step).await?;
    Ok(Some(LockedTask { organization: tenant, invoice, client, step, task, was_reminded }))
}

/// The step of a reminder; of a draft, the wording in force, if the plan still has the step.
async fn wording_in_force(
    conn: &AsyncPgConnection,
    task: &RelanceTask,
    step: PlanStep,
) -> Result<PlanStep, diesel::result::Error> {
    if step.retired_at.is_none() || !task.is_drafted() {
        return Ok(step);
    }
    let rewritten = plans::step_in_force(conn, task.organization_id, step.lineage_id).await?;
    Ok(rewritten.unwrap_or(step))
}

impl LockedTask {
    /// The pauses, of the organization, of the client and of the invoice.
    pub fn pauses(&self) -> impl Iterator<Item = Pause> + use<> {
        [self.organization.pause, self.client.pause, self.invoice.pause].into_iter().flatten()
    }

    /// Returns true if a pause holds the reminder back.
    pub fn is_paused(&self, now: OffsetDateTime) -> bool {
        let today = self.organization.time_zone.local_date(now);
        self.pauses().any(|pause| pause.holds_on(today))
    }

    /// The beginning of the organization's day.
    pub fn day_began(&self, now: OffsetDateTime) -> OffsetDateTime {
        let zone = self.organization.time_zone;
        zone.instant(zone.local_date(now), Time::MIDNIGHT)
    }

    /// The sending time of the next business day.
    pub fn next_sending_time(&self, now: OffsetDateTime) -> OffsetDateTime {
        let calendar = self.organization.sending_calendar();
        calendar.sending_instant(calendar.today(now) + Duration::days(1))
    }

    /// The day from which the spacing of the steps after the reminder counts if it is sent today: a reminder that is
    /// sent after its day delays them, one that is sent before it does not.
    pub fn meant_for_if_sent(&self, now: OffsetDateTime) -> Date {
        let calendar = self.organization.sending_calendar();
        let (today, meant_for) = (calendar.today(now), self.task.meant_for);
        if today > calendar.sending_day(meant_for) { today } else { meant_for }
    }

    /// The values of the reminder's text at this instant.
    pub fn values_at(&self, at: OffsetDateTime) -> Values {
        let values = Values::new(&self.organization, &self.client, &self.invoice, at);
        Values { was_reminded: self.was_reminded, ..values }
    }

    /// The reminder's text as it reads at this instant.
    pub fn text_at(&self, at: OffsetDateTime) -> Result<RenderedText, TextError> {
        render(&self.step.content.subject, &self.step.content.body, &self.values_at(at))
    }

    /// Returns true if the text that was written for the reminder at this instant would read the same today: the
    /// balance and the names in it are unchanged.
    pub fn draft_is_current(&self, written_at: OffsetDateTime) -> Result<bool, TextError> {
        Ok(self.task.text() == Some(&self.text_at(written_at)?))
    }
}
