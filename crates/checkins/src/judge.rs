//! What the opening of a link means, and that it is kept.

use rubis_db::AsyncPgConnection;

use crate::{
    CheckinRules, Opening, Verdict,
    opening::CheckinLink,
    queries::clicks,
    task::{CheckinAnswer, CheckinTask},
    verdict::verdict,
};

/// What the opening of one of the two links of a check-in, locked in this transaction, means: [`verdict`]
/// with what is known of earlier openings.
///
/// # Errors
/// The database's.
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

/// Keeps an opening, in the transaction of its effect. The verdict is [`Verdict::as_str`], or what a button
/// did, in lower case and underscores.
///
/// # Errors
/// The database's.
pub async fn record_click(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
    opening: &Opening,
    verdict: &'static str,
) -> Result<(), diesel::result::Error> {
    clicks::insert(conn, task, opening, verdict).await
}
