//! Reads check-ins and the openings of their links.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{CheckinClickId, CheckinMailId, CheckinTaskId, InvoiceId, OrganizationId};
use time::OffsetDateTime;

use crate::{
    queries::{clicks, tasks},
    task::CheckinTask,
    token::hash_of_token,
};

/// The check-in whose links hold this token. A malformed token and an unknown one are looked up alike.
///
/// # Errors
/// The database's.
pub async fn find_by_token(
    conn: &mut AsyncPgConnection,
    token: &str,
) -> Result<Option<CheckinTask>, diesel::result::Error> {
    tasks::find_by_token_hash(conn, hash_of_token(token)).await
}

/// A check-in, without a lock.
///
/// # Errors
/// The database's.
pub async fn checkin(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: CheckinTaskId,
) -> Result<Option<CheckinTask>, diesel::result::Error> {
    tasks::find(conn, organization, task).await
}

/// A check-in that nobody else changes until the transaction ends. Lock its invoice first.
///
/// # Errors
/// The database's.
pub async fn lock_checkin(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: CheckinTaskId,
) -> Result<Option<CheckinTask>, diesel::result::Error> {
    tasks::lock(conn, organization, task).await
}

/// All check-ins of an invoice, those planned first at the front.
///
/// # Errors
/// The database's.
pub async fn checkins_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> Result<Vec<CheckinTask>, diesel::result::Error> {
    tasks::of_invoice(conn, organization, invoice).await
}

/// The latest check-ins of an invoice, at most this many, those planned first at the front; those that planning
/// again replaced are left out.
///
/// # Errors
/// The database's.
pub async fn latest_checkins_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    limit: u32,
) -> Result<Vec<CheckinTask>, diesel::result::Error> {
    tasks::latest_of_invoice(conn, organization, invoice, limit.into()).await
}

/// All check-ins that were asked about in one mail, those planned first at the front.
///
/// # Errors
/// The database's.
pub async fn mates(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mail: CheckinMailId,
) -> Result<Vec<CheckinTask>, diesel::result::Error> {
    tasks::of_mail(conn, organization, mail).await
}

/// An opening of a link that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckinClick {
    /// Its id.
    pub id: CheckinClickId,
    /// When.
    pub at: OffsetDateTime,
    /// `GET`, `HEAD` or `POST`.
    pub method: String,
    /// Which link or button.
    pub link: String,
    /// What the program called itself.
    pub user_agent: String,
    /// What it was taken for.
    pub verdict: String,
}

/// All openings of a check-in's links, in the order in which they were kept.
///
/// # Errors
/// The database's.
pub async fn clicks_of(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: CheckinTaskId,
) -> Result<Vec<CheckinClick>, diesel::result::Error> {
    clicks::of_task(conn, organization, task).await
}
