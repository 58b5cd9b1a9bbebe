//! The table `organizations`.

use diesel::{
    AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper,
    deserialize::FromSqlRow,
    expression::AsExpression,
    result::Error,
    sql_types::{BigInt, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection, pg_enum,
    schema::{memberships, organizations, sql_types},
    statement::{Bind as _, prepared, statement},
};
use rubis_kernel::{EmailAddress, HolidayCalendar, OrganizationId, UserId};
use time::{Date, OffsetDateTime, Time};
use uuid::Uuid;

use super::unreadable;
use crate::{
    CatchUpPolicy, CheckinPolicy, Organization, Pause, PostalAddress, Role, organization_patch::holidays_of,
};

/// [`HolidayCalendar`] as stored in the database; the kernel does not depend on one.
#[derive(Clone, Copy, Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::HolidayCalendar)]
pub(crate) enum HolidayColumn {
    Metropolitan,
    AlsaceMoselle,
}

pg_enum!(HolidayColumn, sql_types::HolidayCalendar {
    Metropolitan => "metropolitan",
    AlsaceMoselle => "alsace_moselle",
});

impl HolidayColumn {
    /// Returns the value that the previous release reads.
    const fn of_choice(chosen: Option<HolidayCalendar>) -> Self {
        match chosen {
            Some(HolidayCalendar::AlsaceMoselle) => Self::AlsaceMoselle,
            _ => Self::Metropolitan,
        }
    }

    /// Returns the choice from a row of the previous release, which had no other way to select the second calendar.
    const fn choice(self) -> Option<HolidayCalendar> {
        match self {
            Self::Metropolitan => None,
            Self::AlsaceMoselle => Some(HolidayCalendar::AlsaceMoselle),
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = organizations, check_for_backend(diesel::pg::Pg))]
pub(crate) struct OrganizationRow {
    id: Uuid,
    name: String,
    time_zone: String,
    sending_time: Time,
    business_days_only: bool,
    holiday_calendar: HolidayColumn,
    catch_up_policy: CatchUpPolicy,
    checkins_enabled: bool,
    checkin_grace_hours: i32,
    checkin_wait_days: Option<i32>,
    signature: String,
    legal_mentions: String,
    address_line1: Option<String>,
    address_line2: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    country: Option<String>,
    siren: Option<String>,
    late_penalty_basis_points: Option<i32>,
    paused_at: Option<OffsetDateTime>,
    paused_until: Option<Date>,
    sender_verified_at: Option<OffsetDateTime>,
    chosen_holidays: Option<String>,
    silent_copies: Vec<Option<String>>,
    rubis_count: i64,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<OrganizationRow> for Organization {
    type Error = Error;

    fn try_from(row: OrganizationRow) -> Result<Self, Error> {
        let chosen = row.chosen_holidays.map(|name| name.parse()).transpose().map_err(unreadable)?;
        let chosen_holidays = chosen.or_else(|| row.holiday_calendar.choice());
        let address = PostalAddress {
            line1: row.address_line1,
            line2: row.address_line2,
            postal_code: row.postal_code,
            city: row.city,
            country: row.country,
        };
        Ok(Self {
            id: row.id.into(),
            name: row.name,
            time_zone: row.time_zone.parse().map_err(unreadable)?,
            sending_time: row.sending_time,
            business_days_only: row.business_days_only,
            holiday_calendar: holidays_of(chosen_holidays, &address),
            chosen_holidays,
            catch_up_policy: row.catch_up_policy,
            checkins: CheckinPolicy {
                enabled: row.checkins_enabled,
                grace_hours: u16::try_from(row.checkin_grace_hours).map_err(unreadable)?,
                wait_days: row.checkin_wait_days.map(u16::try_from).transpose().map_err(unreadable)?,
            },
            signature: row.signature,
            legal_mentions: row.legal_mentions,
            address,
            siren: row.siren,
            late_penalty_basis_points: row
                .late_penalty_basis_points
                .map(u16::try_from)
                .transpose()
                .map_err(unreadable)?,
            pause: Pause::from_columns(row.paused_at, row.paused_until),
            sender_verified_at: row.sender_verified_at,
            silent_copies: row
                .silent_copies
                .into_iter()
                .flatten()
                .map(|address| address.parse().map_err(unreadable))
                .collect::<Result<_, _>>()?,
            rubis_count: row.rubis_count,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Columns that users edit.
#[derive(AsChangeset)]
#[diesel(table_name = organizations, treat_none_as_null = true)]
struct Settings<'organization> {
    name: &'organization str,
    time_zone: &'static str,
    sending_time: Time,
    business_days_only: bool,
    holiday_calendar: HolidayColumn,
    chosen_holidays: Option<&'static str>,
    catch_up_policy: CatchUpPolicy,
    checkins_enabled: bool,
    checkin_grace_hours: i32,
    checkin_wait_days: Option<i32>,
    signature: &'organization str,
    legal_mentions: &'organization str,
    address_line1: Option<&'organization str>,
    address_line2: Option<&'organization str>,
    postal_code: Option<&'organization str>,
    city: Option<&'organization str>,
    country: Option<&'organization str>,
    siren: Option<&'organization str>,
    late_penalty_basis_points: Option<i32>,
    silent_copies: Vec<&'organization str>,
    paused_at: Option<OffsetDateTime>,
    paused_until: Option<Date>,
    updated_at: OffsetDateTime,
}

/// Initial values of a new organization; the other columns have defaults.
#[derive(Insertable)]
#[diesel(table_name = organizations, treat_none_as_default_value = false)]
struct NewRow<'organization> {
    id: Uuid,
    name: &'organization str,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    id: OrganizationId,
    name: &str,
    now: OffsetDateTime,
) -> Result<Organization, Error> {
    diesel::insert_into(organizations::table)
        .values(NewRow { id: id.into(), name, created_at: now, updated_at: now })
        .returning(OrganizationRow::as_returning())
        .get_result(conn)
        .await?
        .try_into()
}

pub(crate) async fn find(
    mut conn: &AsyncPgConnection,
    id: OrganizationId,
) -> Result<Option<Organization>, Error> {
    organizations::table
        .find(id.as_uuid())
        .select(OrganizationRow::as_select())
        .first(&mut conn)
        .await
        .optional()?
        .map(TryInto::try_into)
        .transpose()
}

/// Locks the organization against other changes; rows that refer to it can still be inserted meanwhile.
pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    id: OrganizationId,
) -> Result<Option<Organization>, Error> {
    organizations::table
        .find(id.as_uuid())
        .select(OrganizationRow::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?
        .map(TryInto::try_into)
        .transpose()
}

/// Saves settings and pause. The rubis are counted separately, see [`add_rubis`].
pub(crate) async fn save(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    now: OffsetDateTime,
) -> Result<Organization, Error> {
    let address = &organization.address;
    diesel::update(organizations::table.find(organization.id.as_uuid()))
        .set(Settings {
            name: &organization.name,
            time_zone: organization.time_zone.as_str(),
            sending_time: organization.sending_time,
            business_days_only: organization.business_days_only,
            holiday_calendar: HolidayColumn::of_choice(organization.chosen_holidays),
            chosen_holidays: organization.chosen_holidays.map(HolidayCalendar::as_str),
            catch_up_policy: organization.catch_up_policy,
            checkins_enabled: organization.checkins.enabled,
            checkin_grace_hours: i32::from(organization.checkins.grace_hours),
            checkin_wait_days: organization.checkins.wait_days.map(i32::from),
            signature: &organization.signature,
            legal_mentions: &organization.legal_mentions,
            address_line1: address.line1.as_deref(),
            address_line2: address.line2.as_deref(),
            postal_code: address.postal_code.as_deref(),
            city: address.city.as_deref(),
            country: address.country.as_deref(),
            siren: organization.siren.as_deref(),
            late_penalty_basis_points: organization.late_penalty_basis_points.map(i32::from),
            silent_copies: organization.silent_copies.iter().map(EmailAddress::as_str).collect(),
            paused_at: organization.pause.map(|pause| pause.since),
            paused_until: organization.pause.and_then(|pause| pause.until),
            updated_at: now,
        })
        .returning(OrganizationRow::as_returning())
        .get_result(conn)
        .await?
        .try_into()
}

/// Marks those of a user's organizations that may not send mails yet as verified senders; returns them.
pub(crate) async fn mark_sender_verified(
    conn: &mut AsyncPgConnection,
    owner: UserId,
    now: OffsetDateTime,
) -> Result<Vec<OrganizationId>, Error> {
    let owned = memberships::table
        .filter(memberships::user_id.eq(owner.as_uuid()))
        .filter(memberships::role.eq(Role::Owner))
        .select(memberships::organization_id);
    let ids: Vec<Uuid> = diesel::update(organizations::table)
        .filter(organizations::id.eq_any(owned))
        .filter(organizations::sender_verified_at.is_null())
        .set(organizations::sender_verified_at.eq(now))
        .returning(organizations::id)
        .get_results(conn)
        .await?;
    Ok(ids.into_iter().map(OrganizationId::from).collect())
}

statement!(AddRubis, "UPDATE organizations SET rubis_count = greatest(rubis_count + ?, 0) WHERE id = ?");

pub(crate) async fn add_rubis(
    conn: &mut AsyncPgConnection,
    id: OrganizationId,
    count: i64,
) -> Result<(), Error> {
    prepared::<AddRubis>().bind::<BigInt, _>(count).bind::<SqlUuid, _>(id.as_uuid()).execute(conn).await?;
    Ok(())
}
