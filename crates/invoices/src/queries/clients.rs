//! The table `clients`.

use diesel::{
    AsChangeset, ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper,
    TextExpressionMethods,
    dsl::sql,
    result::Error,
    sql_types::{Bool, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_accounts::{Pause, PostalAddress};
use rubis_db::{AsyncPgConnection, schema::clients};
use rubis_kernel::{ClientId, EmailAddress, OrganizationId};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{all, found, lower, unreadable, uuids};
use crate::{
    Client, ClientKind, ClientPosition, NewClient, SearchTerms, identify_client::Namesake,
    search::text_of_client,
};

/// Maximum number of clients with one address that are searched for a similar name.
const MAX_AT_ADDRESS: i64 = 200;
/// Maximum number of clients with one name that are considered.
const MAX_ELSEWHERE: i64 = 10;

#[derive(Queryable, Selectable)]
#[diesel(table_name = clients, check_for_backend(diesel::pg::Pg))]
struct ClientRow {
    id: Uuid,
    organization_id: Uuid,
    name: String,
    email: String,
    phone: Option<String>,
    address_line1: Option<String>,
    address_line2: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    country: Option<String>,
    kind: Option<ClientKind>,
    siren: Option<String>,
    vat_number: Option<String>,
    notes: String,
    paused_at: Option<OffsetDateTime>,
    paused_until: Option<Date>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<ClientRow> for Client {
    type Error = Error;

    fn try_from(row: ClientRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.into(),
            organization_id: row.organization_id.into(),
            name: row.name,
            email: row.email.parse().map_err(unreadable)?,
            phone: row.phone,
            address: PostalAddress {
                line1: row.address_line1,
                line2: row.address_line2,
                postal_code: row.postal_code,
                city: row.city,
                country: row.country,
            },
            kind: ClientKind::of(row.kind, row.siren.as_deref(), row.vat_number.as_deref()),
            siren: row.siren,
            vat_number: row.vat_number,
            notes: row.notes,
            pause: Pause::from_columns(row.paused_at, row.paused_until),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Columns that users edit.
#[derive(AsChangeset, Insertable)]
#[diesel(table_name = clients, treat_none_as_null = true, treat_none_as_default_value = false)]
struct Contents<'client> {
    name: &'client str,
    email: &'client str,
    phone: Option<&'client str>,
    address_line1: Option<&'client str>,
    address_line2: Option<&'client str>,
    postal_code: Option<&'client str>,
    city: Option<&'client str>,
    country: Option<&'client str>,
    kind: ClientKind,
    siren: Option<&'client str>,
    vat_number: Option<&'client str>,
    notes: &'client str,
    search_text: String,
    updated_at: OffsetDateTime,
}

#[diesel::dsl::auto_type]
fn of_organization(organization: Uuid) -> _ {
    clients::table.filter(clients::organization_id.eq(organization))
}

#[diesel::dsl::auto_type]
fn one(organization: Uuid, id: Uuid) -> _ {
    let scoped: of_organization = of_organization(organization);
    scoped.filter(clients::id.eq(id))
}

pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: &NewClient,
    now: OffsetDateTime,
) -> Result<Client, Error> {
    let address = &client.address;
    let contents = Contents {
        name: &client.name,
        email: client.email.as_str(),
        phone: client.phone.as_deref(),
        address_line1: address.line1.as_deref(),
        address_line2: address.line2.as_deref(),
        postal_code: address.postal_code.as_deref(),
        city: address.city.as_deref(),
        country: address.country.as_deref(),
        kind: client.kind,
        siren: client.siren.as_deref(),
        vat_number: client.vat_number.as_deref(),
        notes: &client.notes,
        search_text: search_text(
            &client.name,
            &client.email,
            [&client.phone, &address.postal_code, &address.city, &client.siren, &client.vat_number],
        ),
        updated_at: now,
    };
    diesel::insert_into(clients::table)
        .values((
            clients::id.eq(ClientId::new().as_uuid()),
            clients::organization_id.eq(organization.as_uuid()),
            clients::created_at.eq(now),
            contents,
        ))
        .returning(ClientRow::as_returning())
        .get_result(conn)
        .await?
        .try_into()
}

/// Saves the columns that users edit; the pause is saved separately.
pub(crate) async fn save(
    conn: &mut AsyncPgConnection,
    client: &Client,
    now: OffsetDateTime,
) -> Result<Client, Error> {
    let address = &client.address;
    diesel::update(one(client.organization_id.into(), client.id.into()))
        .set(Contents {
            name: &client.name,
            email: client.email.as_str(),
            phone: client.phone.as_deref(),
            address_line1: address.line1.as_deref(),
            address_line2: address.line2.as_deref(),
            postal_code: address.postal_code.as_deref(),
            city: address.city.as_deref(),
            country: address.country.as_deref(),
            kind: client.kind,
            siren: client.siren.as_deref(),
            vat_number: client.vat_number.as_deref(),
            notes: &client.notes,
            search_text: search_text(
                &client.name,
                &client.email,
                [&client.phone, &address.postal_code, &address.city, &client.siren, &client.vat_number],
            ),
            updated_at: now,
        })
        .returning(ClientRow::as_returning())
        .get_result(conn)
        .await?
        .try_into()
}

fn search_text(name: &str, email: &EmailAddress, others: [&Option<String>; 5]) -> String {
    let mut parts = vec![name, email.as_str()];
    parts.extend(others.into_iter().filter_map(Option::as_deref));
    text_of_client(&parts)
}

pub(crate) async fn save_pause(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: ClientId,
    pause: Option<Pause>,
    now: OffsetDateTime,
) -> Result<Option<Client>, Error> {
    found(
        diesel::update(one(organization.into(), id.into()))
            .set((
                clients::paused_at.eq(pause.map(|pause| pause.since)),
                clients::paused_until.eq(pause.and_then(|pause| pause.until)),
                clients::updated_at.eq(now),
            ))
            .returning(ClientRow::as_returning())
            .get_result(conn)
            .await,
    )
}

/// Reports whether there was such a client.
pub(crate) async fn delete(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: ClientId,
) -> Result<bool, Error> {
    Ok(diesel::delete(one(organization.into(), id.into())).execute(conn).await? > 0)
}

pub(crate) async fn find(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    id: ClientId,
) -> Result<Option<Client>, Error> {
    found(one(organization.into(), id.into()).select(ClientRow::as_select()).first(&mut conn).await)
}

pub(crate) async fn find_many(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    ids: &[ClientId],
) -> Result<Vec<Client>, Error> {
    all(of_organization(organization.into())
        .filter(clients::id.eq_any(uuids(ids)))
        .select(ClientRow::as_select())
        .load(conn)
        .await?)
}

/// Locks the client against other changes; invoices can still be created meanwhile.
pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: ClientId,
) -> Result<Option<Client>, Error> {
    found(
        one(organization.into(), id.into())
            .select(ClientRow::as_select())
            .for_no_key_update()
            .first(conn)
            .await,
    )
}

/// Locks the client against changes; other transactions can hold the same lock.
pub(crate) async fn share(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: ClientId,
) -> Result<Option<Client>, Error> {
    found(one(organization.into(), id.into()).select(ClientRow::as_select()).for_share().first(conn).await)
}

diesel::define_sql_function! {
    /// Key that is equal for two spellings of a name: ignores case, accents, spaces and invisible characters.
    fn client_name_key(name: Text) -> Text;
}

/// Returns the clients with this address, those with this name first, and then the clients with this name and another
/// address.
pub(crate) async fn namesakes(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    name: &str,
    email: &EmailAddress,
) -> Result<Vec<Namesake>, Error> {
    let is_named = || client_name_key(clients::name).eq(client_name_key(name));
    let at_address: Vec<(ClientRow, bool)> = of_organization(organization.into())
        .filter(lower(clients::email).eq(lower(email.as_str())))
        .order((is_named().desc(), clients::id))
        .limit(MAX_AT_ADDRESS)
        .select((ClientRow::as_select(), is_named()))
        .load(conn)
        .await?;
    let elsewhere: Vec<ClientRow> = of_organization(organization.into())
        .filter(is_named())
        .filter(lower(clients::email).ne(lower(email.as_str())))
        .order(clients::id)
        .limit(MAX_ELSEWHERE)
        .select(ClientRow::as_select())
        .load(conn)
        .await?;
    let at_address = at_address.into_iter().map(|(row, has_name)| (row, has_name, true));
    let elsewhere = elsewhere.into_iter().map(|row| (row, true, false));
    at_address
        .chain(elsewhere)
        .map(|(row, has_name, has_email)| Ok(Namesake { client: row.try_into()?, has_name, has_email }))
        .collect()
}

/// Makes the transactions that may create a client with this name or address wait for each other until they end.
pub(crate) async fn serialize_creation(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    name: &str,
    email: &EmailAddress,
) -> Result<(), Error> {
    // Always in this order, so that two of them do not deadlock.
    diesel::sql_query(
        "SELECT pg_advisory_xact_lock(hashtextextended($1 || lower($2), 0)),
                pg_advisory_xact_lock(hashtextextended($1 || client_name_key($3), 1))",
    )
    .bind::<Text, _>(format!("client/{organization}/"))
    .bind::<Text, _>(email.as_str())
    .bind::<Text, _>(name)
    .execute(conn)
    .await
    .map(drop)
}

/// Returns one row more than `limit`, ordered by name.
pub(crate) async fn list(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    search: Option<&SearchTerms>,
    after: Option<&ClientPosition>,
    limit: u32,
) -> Result<Vec<Client>, Error> {
    let mut query = clients::table
        .filter(clients::organization_id.eq(organization.as_uuid()))
        .order((lower(clients::name), clients::id))
        .limit(i64::from(limit) + 1)
        .select(ClientRow::as_select())
        .into_boxed();
    for pattern in search.map(SearchTerms::patterns).unwrap_or_default() {
        query = query.filter(clients::search_text.like(pattern.clone()));
    }
    if let Some(after) = after {
        query = query.filter(
            sql::<Bool>("(lower(clients.name), clients.id) > (lower(")
                .bind::<Text, _>(after.name.clone())
                .sql("), ")
                .bind::<SqlUuid, _>(after.id.as_uuid())
                .sql(")"),
        );
    }
    all(query.load(conn).await?)
}

/// Returns at most `limit` ids, in ascending order.
pub(crate) async fn ids(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    after: Option<ClientId>,
    limit: u32,
) -> Result<Vec<ClientId>, Error> {
    let mut query = clients::table
        .filter(clients::organization_id.eq(organization.as_uuid()))
        .order(clients::id)
        .limit(i64::from(limit))
        .select(clients::id)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(clients::id.gt(after.as_uuid()));
    }
    Ok(query.load::<Uuid>(conn).await?.into_iter().map(Into::into).collect())
}
