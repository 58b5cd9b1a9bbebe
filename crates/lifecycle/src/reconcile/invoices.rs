//! Invoices that await an answer, and their questions.

use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::InvoiceStatus;
use rubis_kernel::{InvoiceId, OrganizationId};
use rubis_relances::PlanningTrigger;
use time::OffsetDateTime;

use super::{Finding, FindingKind, FindingOutcome, MAX_SUSPECTS, PAGE, PAGES, is_full};
use crate::plan_again::plan_invoice;

/// Compares the next invoices of the round that await an answer.
pub(super) async fn sweep(
    conn: &mut AsyncPgConnection,
    mut after: Option<InvoiceId>,
    now: OffsetDateTime,
    findings: &mut Vec<Finding>,
) -> Result<Option<InvoiceId>, diesel::result::Error> {
    for _ in 0..PAGES {
        let (last, suspects) = page(conn, after).await?;
        for (organization, invoice) in suspects.into_iter().take(MAX_SUSPECTS) {
            findings.extend(look_again(conn, organization, invoice, now).await?);
        }
        if last.is_none() {
            return Ok(None);
        }
        after = last;
    }
    Ok(after)
}

/// One page from one snapshot: its last invoice if another page may follow, and the suspects.
async fn page(
    conn: &mut AsyncPgConnection,
    after: Option<InvoiceId>,
) -> Result<(Option<InvoiceId>, Vec<(OrganizationId, InvoiceId)>), diesel::result::Error> {
    conn.build_transaction()
        .read_only()
        .repeatable_read()
        .run(async |conn| {
            let mut awaiting = rubis_invoices::awaiting_invoices(conn, after, PAGE).await?;
            let last = awaiting.last().filter(|_| is_full(awaiting.len())).map(|(_, invoice)| *invoice);
            let ids: Vec<InvoiceId> = awaiting.iter().map(|(_, invoice)| *invoice).collect();
            let asked = rubis_checkins::invoices_with_question_out(conn, &ids).await?;
            awaiting.retain(|(_, invoice)| !asked.contains(invoice));
            Ok((last, awaiting))
        })
        .await
}

async fn look_again(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    now: OffsetDateTime,
) -> Result<Option<Finding>, diesel::result::Error> {
    let is_repaired = conn
        .transaction(async |conn| {
            let Some(mut locked) = rubis_invoices::lock_invoice(conn, organization, invoice).await? else {
                return Ok(false);
            };
            let is_asked = rubis_checkins::has_question_out(conn, organization, invoice).await?;
            if is_asked || locked.status != InvoiceStatus::AwaitingUserConfirmation {
                return Ok(false);
            }
            rubis_checkins::no_longer_asked(conn, &mut locked, now).await?;
            plan_invoice(conn, &mut locked, PlanningTrigger::RulesChanged, now).await?;
            Ok::<_, diesel::result::Error>(true)
        })
        .await?;
    Ok(is_repaired.then(|| Finding {
        kind: FindingKind::InvoiceOfDeadCheckin,
        outcome: FindingOutcome::Repaired,
        organization: Some(organization),
        id: invoice.to_string(),
    }))
}
