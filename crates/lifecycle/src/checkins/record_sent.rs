//! A mail that asks whether invoices were paid has left.

use rubis_accounts::ActivityKind;
use rubis_checkins::{AskedInvoice, CheckinRules, CheckinStatus, SendCheckinMail};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_jobs::{FinishError, Lease};
use rubis_relances::PlanningTrigger;
use serde_json::json;
use time::OffsetDateTime;

use crate::{checkins::ask::ask, events, plan_again::plan_invoice};

/// The mail server took the mail at an instant: each of its invoices awaits the user's answer from then on,
/// its reminders with it, and the job is finished, all in one transaction. What was answered or called off
/// while the mail was on its way stays so.
///
/// # Errors
/// [`FinishError`]; nothing was recorded then, and the same links are sent again.
pub async fn record_checkins_sent(
    conn: &mut AsyncPgConnection,
    job: &SendCheckinMail,
    lease: &Lease,
    rules: &CheckinRules,
    sent_at: OffsetDateTime,
) -> Result<(), FinishError> {
    conn.transaction(async |conn| {
        // The invoices are locked before the job's row, as planning does.
        let mut sent = rubis_checkins::record_sent(conn, job, rules, sent_at).await?;
        lease.finish(conn).await?;
        for asked in &mut sent {
            let AskedInvoice { invoice, task } = asked;
            let more = json!({ "checkinId": task.id });
            events::record(conn, invoice, ActivityKind::CheckinSent, None, more, sent_at).await?;
            if task.status != CheckinStatus::Sent {
                continue;
            }
            ask(conn, invoice, sent_at).await?;
            plan_invoice(conn, invoice, PlanningTrigger::RulesChanged, sent_at).await?;
        }
        Ok(())
    })
    .await
}
