//! Reads check-ins and the openings of their links.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{CheckinClickId, CheckinMailId, CheckinTaskId, InvoiceId, OrganizationId};
use time::OffsetDateTime;

use crate::{
    queries::{clicks, tasks},
    task::CheckinTask,
    token::hash_of_token,
};

/// Returns the check-in whose links contain this token. A malformed token is looked up like an unknown one.
pub async fn find_by_token(
    conn: &mut AsyncPgConnection,
    token: &str,
) -> Result<Option<CheckinTask>, diesel::result::Error> {
    tasks::find_by_token_hash(conn, hash_of_token(token)).await
}

/// Returns a check-in, without a lock.
pub async fn checkin(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: CheckinTaskId,
) -> Result<Option<CheckinTask>, diesel::result::Error> {
    tasks::find(conn, organization, task).await
}

/// Returns a check-in, locked until the transaction ends. Lock its invoice first.
pub async fn lock_checkin(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: CheckinTaskId,
) -> Result<Option<CheckinTask>, diesel::result::Error> {
    tasks::lock(conn, organization, task).await
}

/// Returns all check-ins of an invoice, oldest first.
pub async fn checkins_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> Result<Vec<CheckinTask>, diesel::result::Error> {
    tasks::of_invoice(conn, organization, invoice).await
}

/// Returns the latest check-ins of an invoice, at most this many, oldest first; those replaced by a new planning are
/// left out.
pub async fn latest_checkins_of_invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    limit: u32,
) -> Result<Vec<CheckinTask>, diesel::result::Error> {
    tasks::latest_of_invoice(conn, organization, invoice, limit.into()).await
}

/// Returns all check-ins of one mail, oldest first.
pub async fn siblings(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mail: CheckinMailId,
) -> Result<Vec<CheckinTask>, diesel::result::Error> {
    tasks::of_mail(conn, organization, mail).await
}

/// A recorded opening of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckinClick {
    pub id: CheckinClickId,
    pub at: OffsetDateTime,
    /// `GET`, `HEAD` or `POST`.
    pub method: String,
    /// Name of the link or button.
    pub link: String,
    /// User agent of the program.
    pub user_agent: String,
    /// Verdict on the opening.
    pub verdict: String,
}

/// Returns all openings of a check-in's links, in the order in which they were recorded.
pub async fn clicks_of(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    task: CheckinTaskId,
) -> Result<Vec<CheckinClick>, diesel::result::Error> {
    clicks::of_task(conn, organization, task).await
}
