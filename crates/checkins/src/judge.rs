//! Judges and records the openings of links.

use rubis_db::AsyncPgConnection;

use crate::{
    CheckinRules, Opening, Verdict,
    opening::CheckinLink,
    queries::clicks,
    task::{CheckinAnswer, CheckinTask},
    verdict::verdict,
};

/// Judges the opening of one of the two links of a check-in, locked in this transaction: calls [`verdict`] with the
/// earlier openings.
pub async fn judge(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
    opening: &Opening,
    rules: &CheckinRules,
) -> Result<Verdict, diesel::result::Error> {
    let other = match opening.link.answer() {
        Some(CheckinAnswer::Paid) => CheckinLink::Pending,
        Some(CheckinAnswer::StillPending) | None => CheckinLink::Paid,
    };
    let opened_at = clicks::last_opened_at(conn, task, other.as_str(), Verdict::TOO_SOON).await?;
    Ok(verdict(task, opening, opened_at, rules))
}

/// Records an opening, in the transaction of its effect. The verdict is [`Verdict::as_str`] or the effect of a button,
/// in lower case with underscores.
pub async fn record_click(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
    opening: &Opening,
    verdict: &'static str,
) -> Result<(), diesel::result::Error> {
    clicks::insert(conn, task, opening, verdict).await
}
