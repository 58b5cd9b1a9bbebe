//! A notice to the user whose mails were given up during an outage of the mail server.

use rubis_db::AsyncPgConnection;
use rubis_kernel::OrganizationId;
use time::{OffsetDateTime, Time};

use crate::{
    account_mail::{AccountMail, AccountMailKind},
    queries,
};

/// Enqueues the mail about given-up mails to the organization's owner: one a day, for any number of mails. It waits
/// for the mail server like any other.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn notify_of_mail_outage(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let Some(owner) = queries::memberships::first_owner(conn, organization).await? else {
        return Ok(());
    };
    let mail =
        AccountMailKind::MailOutage { organization_id: organization, on: now.replace_time(Time::MIDNIGHT) };
    rubis_jobs::ensure(conn, &AccountMail { user_id: owner.id, mail }, now, now).await.map(drop)
}
