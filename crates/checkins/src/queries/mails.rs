//! The table `checkin_mails`.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rubis_db::{AsyncPgConnection, schema::checkin_mails};
use rubis_kernel::{CheckinMailId, EmailAddress, OrganizationId};
use time::OffsetDateTime;

/// Inserts a mail.
pub async fn insert(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mail: CheckinMailId,
    now: OffsetDateTime,
) -> QueryResult<()> {
    diesel::insert_into(checkin_mails::table)
        .values((
            checkin_mails::id.eq(mail.as_uuid()),
            checkin_mails::organization_id.eq(organization.as_uuid()),
            checkin_mails::created_at.eq(now),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// Returns the time at which the organization's last mail was made.
pub async fn last_made_at(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
) -> QueryResult<Option<OffsetDateTime>> {
    checkin_mails::table
        .filter(checkin_mails::organization_id.eq(organization.as_uuid()))
        .order(checkin_mails::id.desc())
        .select(checkin_mails::created_at)
        .first(conn)
        .await
        .optional()
}

/// Returns the time at which a mail was sent; `None` if it was not, or if there is no such mail.
pub async fn sent_at(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mail: CheckinMailId,
) -> QueryResult<Option<OffsetDateTime>> {
    checkin_mails::table
        .filter(checkin_mails::organization_id.eq(organization.as_uuid()))
        .filter(checkin_mails::id.eq(mail.as_uuid()))
        .select(checkin_mails::sent_at)
        .first(conn)
        .await
        .optional()
        .map(Option::flatten)
}

/// Records that a mail is being handed to the mail server, and its recipient.
pub async fn begin_sending(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mail: CheckinMailId,
    recipient: &EmailAddress,
    now: OffsetDateTime,
) -> QueryResult<()> {
    diesel::update(checkin_mails::table)
        .filter(checkin_mails::organization_id.eq(organization.as_uuid()))
        .filter(checkin_mails::id.eq(mail.as_uuid()))
        .set((checkin_mails::recipient.eq(recipient.as_str()), checkin_mails::sending_since.eq(now)))
        .execute(conn)
        .await
        .map(drop)
}

/// Records that the attempt to send a mail is over, and the time if it was sent.
pub async fn end_sending(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mail: CheckinMailId,
    sent_at: Option<OffsetDateTime>,
) -> QueryResult<()> {
    diesel::update(checkin_mails::table)
        .filter(checkin_mails::organization_id.eq(organization.as_uuid()))
        .filter(checkin_mails::id.eq(mail.as_uuid()))
        .set((
            checkin_mails::sending_since.eq(None::<OffsetDateTime>),
            sent_at.map(|sent_at| checkin_mails::sent_at.eq(sent_at)),
        ))
        .execute(conn)
        .await
        .map(drop)
}
