//! The table `client_service_locations`.

use diesel::{
    AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper, result::Error,
};
use diesel_async::RunQueryDsl;
use rubis_accounts::PostalAddress;
use rubis_db::{AsyncPgConnection, schema::client_service_locations};
use rubis_kernel::{ClientId, OrganizationId, ServiceLocationId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::uuids;
use crate::{NewServiceLocation, ServiceLocation};

#[derive(Queryable, Selectable)]
#[diesel(table_name = client_service_locations, check_for_backend(diesel::pg::Pg))]
struct LocationRow {
    id: Uuid,
    client_id: Uuid,
    name: String,
    address_line1: Option<String>,
    address_line2: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    country: Option<String>,
    created_at: OffsetDateTime,
}

impl From<LocationRow> for ServiceLocation {
    fn from(row: LocationRow) -> Self {
        Self {
            id: row.id.into(),
            client_id: row.client_id.into(),
            name: row.name,
            address: PostalAddress {
                line1: row.address_line1,
                line2: row.address_line2,
                postal_code: row.postal_code,
                city: row.city,
                country: row.country,
            },
            created_at: row.created_at,
        }
    }
}

/// Columns that users edit.
#[derive(AsChangeset, Insertable)]
#[diesel(table_name = client_service_locations, treat_none_as_null = true, treat_none_as_default_value = false)]
struct Contents<'location> {
    name: &'location str,
    address_line1: Option<&'location str>,
    address_line2: Option<&'location str>,
    postal_code: Option<&'location str>,
    city: Option<&'location str>,
    country: Option<&'location str>,
}

impl<'location> Contents<'location> {
    fn new(name: &'location str, address: &'location PostalAddress) -> Self {
        Self {
            name,
            address_line1: address.line1.as_deref(),
            address_line2: address.line2.as_deref(),
            postal_code: address.postal_code.as_deref(),
            city: address.city.as_deref(),
            country: address.country.as_deref(),
        }
    }
}

#[diesel::dsl::auto_type]
fn of(organization: Uuid, client: Uuid) -> _ {
    client_service_locations::table
        .filter(client_service_locations::organization_id.eq(organization))
        .filter(client_service_locations::client_id.eq(client))
}

#[diesel::dsl::auto_type]
fn one(organization: Uuid, client: Uuid, id: Uuid) -> _ {
    let scoped: of = of(organization, client);
    scoped.filter(client_service_locations::id.eq(id))
}

pub(crate) async fn of_client(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    after: Option<ServiceLocationId>,
    limit: i64,
) -> Result<Vec<ServiceLocation>, Error> {
    let rows: Vec<LocationRow> = of(organization.into(), client.into())
        .filter(client_service_locations::id.gt(after.map_or(Uuid::nil(), Uuid::from)))
        .order(client_service_locations::id)
        .limit(limit)
        .select(LocationRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(crate) async fn count(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
) -> Result<i64, Error> {
    of(organization.into(), client.into()).count().get_result(conn).await
}

/// Counts those of these service locations that belong to the client. They are locked against removal.
pub(crate) async fn count_of(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    ids: &[ServiceLocationId],
) -> Result<usize, Error> {
    let held: Vec<Uuid> = of(organization.into(), client.into())
        .filter(client_service_locations::id.eq_any(uuids(ids)))
        .select(client_service_locations::id)
        .for_key_share()
        .load(conn)
        .await?;
    Ok(held.len())
}

pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    id: ServiceLocationId,
) -> Result<Option<ServiceLocation>, Error> {
    let row: Option<LocationRow> = one(organization.into(), client.into(), id.into())
        .select(LocationRow::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(Into::into))
}

pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    location: &NewServiceLocation,
    now: OffsetDateTime,
) -> Result<ServiceLocation, Error> {
    diesel::insert_into(client_service_locations::table)
        .values((
            client_service_locations::id.eq(ServiceLocationId::new().as_uuid()),
            client_service_locations::organization_id.eq(organization.as_uuid()),
            client_service_locations::client_id.eq(client.as_uuid()),
            client_service_locations::created_at.eq(now),
            Contents::new(&location.name, &location.address),
        ))
        .returning(LocationRow::as_returning())
        .get_result(conn)
        .await
        .map(Into::into)
}

pub(crate) async fn save(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    location: &ServiceLocation,
) -> Result<ServiceLocation, Error> {
    diesel::update(one(organization.into(), location.client_id.into(), location.id.into()))
        .set(Contents::new(&location.name, &location.address))
        .returning(LocationRow::as_returning())
        .get_result(conn)
        .await
        .map(Into::into)
}

/// Reports whether there was such a service location.
pub(crate) async fn delete(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    id: ServiceLocationId,
) -> Result<bool, Error> {
    Ok(diesel::delete(one(organization.into(), client.into(), id.into())).execute(conn).await? > 0)
}
