//! The user answers about several invoices of one mail at once.

use std::collections::HashMap;

use rubis_checkins::{AskedInvoice, CheckinAnswer, CheckinRules, CheckinTask};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_kernel::{CheckinTaskId, InvoiceId};
use time::OffsetDateTime;

use crate::checkins::{
    answer::answer_locked,
    confirm,
    outcome::{AnsweredBy, CheckinError, CheckinOutcome},
};

/// Records answers about invoices of the mail that this token came with, by a button, all in one transaction.
/// One that takes no answer any more does not keep the others from being answered; one that is of another mail
/// is invalid. The outcomes come in the order of the answers; none where the token is unknown. One mail confirms
/// those that settled an invoice, and they can be undone together.
///
/// # Errors
/// [`CheckinError`]; nothing was recorded then.
#[tracing::instrument(skip_all)]
pub async fn answer_many(
    conn: &mut AsyncPgConnection,
    token: &str,
    answers: &[(CheckinTaskId, CheckinAnswer)],
    user_agent: &str,
    rules: &CheckinRules,
    now: OffsetDateTime,
) -> Result<Option<Vec<(CheckinTaskId, CheckinOutcome)>>, CheckinError> {
    conn.transaction(async |conn| {
        let Some(found) = rubis_checkins::find_by_token(conn, token).await? else {
            return Ok(None);
        };
        if found.is_gone(rules, now) {
            let gone = answers.iter().map(|(id, _)| (*id, CheckinOutcome::Gone));
            return Ok(Some(gone.collect()));
        }
        let wanted: Vec<CheckinTask> = of_same_mail(conn, found)
            .await?
            .into_iter()
            .filter(|task| answers.iter().any(|(id, _)| *id == task.id))
            .collect();
        let mut asked = lock_all(conn, &wanted).await?;
        let by = AnsweredBy::Button { user_agent: user_agent.to_owned() };
        let mut outcomes = Vec::with_capacity(answers.len());
        for (id, answer) in answers {
            let outcome = match asked.get_mut(id) {
                Some(asked) => answer_locked(conn, asked, *answer, &by, rules, now).await?,
                None => CheckinOutcome::Invalid,
            };
            outcomes.push((*id, outcome));
        }
        let settled = outcomes.iter().filter(|(_, outcome)| *outcome == CheckinOutcome::Settled);
        let mut settled: Vec<CheckinTaskId> = settled.map(|(id, _)| *id).collect();
        settled.sort_unstable();
        confirm(conn, &settled, &asked, now).await?;
        Ok(Some(outcomes))
    })
    .await
}

/// Lets one mail confirm the invoices that were settled in one go.
async fn confirm(
    conn: &mut AsyncPgConnection,
    settled: &[CheckinTaskId],
    asked: &HashMap<CheckinTaskId, AskedInvoice>,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let Some(AskedInvoice { task, .. }) = settled.first().and_then(|first| asked.get(first)) else {
        return Ok(());
    };
    if settled.len() > 1 {
        rubis_checkins::record_answered_together(conn, task.organization_id, settled, now).await?;
    }
    confirm::request(conn, task, now).await
}

/// A check-in and the others of its mail.
async fn of_same_mail(
    conn: &mut AsyncPgConnection,
    task: CheckinTask,
) -> Result<Vec<CheckinTask>, diesel::result::Error> {
    match task.mail_id {
        Some(mail) => rubis_checkins::siblings(conn, task.organization_id, mail).await,
        None => Ok(vec![task]),
    }
}

/// Locks the invoices of check-ins and then these, each in the order of their ids, before any is answered.
pub(crate) async fn lock_all(
    conn: &mut AsyncPgConnection,
    tasks: &[CheckinTask],
) -> Result<HashMap<CheckinTaskId, AskedInvoice>, diesel::result::Error> {
    let mut asked = HashMap::new();
    let Some(first) = tasks.first() else {
        return Ok(asked);
    };
    let organization = first.organization_id;
    let ids: Vec<InvoiceId> = tasks.iter().map(|task| task.invoice_id).collect();
    let invoices = rubis_invoices::lock_invoices(conn, organization, &ids).await?;
    for task in tasks {
        let task = rubis_checkins::lock_checkin(conn, organization, task.id).await?;
        let Some(task) = task else { continue };
        if let Some(invoice) = invoices.iter().find(|invoice| invoice.id == task.invoice_id) {
            asked.insert(task.id, AskedInvoice { invoice: invoice.clone(), task });
        }
    }
    Ok(asked)
}
