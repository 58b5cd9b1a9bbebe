//! The table `client_contacts`.

use diesel::{
    AsChangeset, ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper,
    result::Error,
};
use diesel_async::RunQueryDsl;
use rubis_db::{AsyncPgConnection, schema::client_contacts};
use rubis_kernel::{ClientId, ContactId, OrganizationId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{all, found, unreadable};
use crate::{Contact, NewContact};

#[derive(Queryable, Selectable)]
#[diesel(table_name = client_contacts, check_for_backend(diesel::pg::Pg))]
struct ContactRow {
    id: Uuid,
    client_id: Uuid,
    name: String,
    email: String,
    phone: Option<String>,
    job_title: Option<String>,
    receives_relances: bool,
    created_at: OffsetDateTime,
}

impl TryFrom<ContactRow> for Contact {
    type Error = Error;

    fn try_from(row: ContactRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.into(),
            client_id: row.client_id.into(),
            name: row.name,
            email: row.email.parse().map_err(unreadable)?,
            phone: row.phone,
            job_title: row.job_title,
            receives_relances: row.receives_relances,
            created_at: row.created_at,
        })
    }
}

/// Columns that users edit.
#[derive(AsChangeset, Insertable)]
#[diesel(table_name = client_contacts, treat_none_as_null = true, treat_none_as_default_value = false)]
struct Contents<'contact> {
    name: &'contact str,
    email: &'contact str,
    phone: Option<&'contact str>,
    job_title: Option<&'contact str>,
    receives_relances: bool,
}

#[diesel::dsl::auto_type]
fn of(organization: Uuid, client: Uuid) -> _ {
    client_contacts::table
        .filter(client_contacts::organization_id.eq(organization))
        .filter(client_contacts::client_id.eq(client))
}

#[diesel::dsl::auto_type]
fn one(organization: Uuid, client: Uuid, id: Uuid) -> _ {
    let scoped: of = of(organization, client);
    scoped.filter(client_contacts::id.eq(id))
}

pub(crate) async fn of_client(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
) -> Result<Vec<Contact>, Error> {
    all(of(organization.into(), client.into())
        .order(client_contacts::id)
        .select(ContactRow::as_select())
        .load(&mut conn)
        .await?)
}

pub(crate) async fn count(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
) -> Result<i64, Error> {
    of(organization.into(), client.into()).count().get_result(conn).await
}

pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    id: ContactId,
) -> Result<Option<Contact>, Error> {
    found(
        one(organization.into(), client.into(), id.into())
            .select(ContactRow::as_select())
            .for_no_key_update()
            .first(conn)
            .await,
    )
}

pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    contact: &NewContact,
    now: OffsetDateTime,
) -> Result<Contact, Error> {
    diesel::insert_into(client_contacts::table)
        .values((
            client_contacts::id.eq(ContactId::new().as_uuid()),
            client_contacts::organization_id.eq(organization.as_uuid()),
            client_contacts::client_id.eq(client.as_uuid()),
            client_contacts::created_at.eq(now),
            Contents {
                name: &contact.name,
                email: contact.email.as_str(),
                phone: contact.phone.as_deref(),
                job_title: contact.job_title.as_deref(),
                receives_relances: contact.receives_relances,
            },
        ))
        .returning(ContactRow::as_returning())
        .get_result(conn)
        .await?
        .try_into()
}

pub(crate) async fn save(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    contact: &Contact,
) -> Result<Contact, Error> {
    diesel::update(one(organization.into(), contact.client_id.into(), contact.id.into()))
        .set(Contents {
            name: &contact.name,
            email: contact.email.as_str(),
            phone: contact.phone.as_deref(),
            job_title: contact.job_title.as_deref(),
            receives_relances: contact.receives_relances,
        })
        .returning(ContactRow::as_returning())
        .get_result(conn)
        .await?
        .try_into()
}

/// Reports whether there was such a contact.
pub(crate) async fn delete(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    id: ContactId,
) -> Result<bool, Error> {
    Ok(diesel::delete(one(organization.into(), client.into(), id.into())).execute(conn).await? > 0)
}
