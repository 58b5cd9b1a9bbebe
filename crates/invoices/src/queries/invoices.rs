//! The table `invoices`, except its list.

use diesel::{
    ExpressionMethods, Insertable, IntoSql, NullableExpressionMethods, OptionalExtension, QueryDsl,
    Queryable, QueryableByName, Selectable, SelectableHelper, TextExpressionMethods,
    dsl::sql,
    result::Error,
    sql_types::{BigInt, Bool, Date as SqlDate, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_accounts::Pause;
use rubis_db::{
    AsyncPgConnection,
    schema::{invoices, sql_types},
    statement::{Bind as _, prepared, statement},
};
use rubis_kernel::{ClientId, Currency, InvoiceId, Money, OrganizationId, PlanId};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{all, found, unreadable, uuids};
use crate::{
    AwaitedAnswer, Client, Invoice, InvoiceScope, InvoiceStatus, NewInvoice,
    search::{client_line, numero_line, text_of_invoice},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = invoices, check_for_backend(diesel::pg::Pg))]
pub(crate) struct InvoiceRow {
    id: Uuid,
    organization_id: Uuid,
    client_id: Uuid,
    plan_id: Option<Uuid>,
    numero: String,
    amount_ttc_cents: i64,
    settled_cents: i64,
    currency: String,
    issue_date: Date,
    due_date: Date,
    status: InvoiceStatus,
    rubis_earned: i32,
    chased: bool,
    last_reminded_at: Option<OffsetDateTime>,
    paid_at: Option<OffsetDateTime>,
    cancelled_at: Option<OffsetDateTime>,
    paused_at: Option<OffsetDateTime>,
    paused_until: Option<Date>,
    awaits_answer_from: Option<OffsetDateTime>,
    awaits_answer_until: Option<OffsetDateTime>,
    settled_from: Option<InvoiceStatus>,
    credited: bool,
    overpaid_cents: i64,
    chain: i32,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<InvoiceRow> for Invoice {
    type Error = Error;

    fn try_from(row: InvoiceRow) -> Result<Self, Error> {
        let currency = Currency::from_stored(&row.currency).map_err(unreadable)?;
        // The previous release clears neither when it reopens an invoice.
        let is_paid = row.status == InvoiceStatus::Paid;
        Ok(Self {
            id: row.id.into(),
            organization_id: row.organization_id.into(),
            client_id: row.client_id.into(),
            plan_id: row.plan_id.map(Into::into),
            numero: row.numero,
            amount: Money::new(row.amount_ttc_cents, currency),
            settled: Money::new(row.settled_cents, currency),
            overpaid: Money::new(row.overpaid_cents, currency),
            issue_date: row.issue_date,
            due_date: row.due_date,
            status: row.status,
            rubis_earned: row.rubis_earned,
            chased: row.chased,
            last_reminded_at: row.last_reminded_at,
            paid_at: row.paid_at,
            settled_from: row.settled_from.filter(|_| is_paid),
            credited: is_paid && row.credited,
            cancelled_at: row.cancelled_at,
            pause: Pause::from_columns(row.paused_at, row.paused_until),
            awaited_answer: row
                .awaits_answer_from
                .zip(row.awaits_answer_until)
                .map(|(from, until)| AwaitedAnswer { from, until }),
            chain: row.chain,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = invoices, treat_none_as_default_value = false)]
struct NewRow<'invoice> {
    id: Uuid,
    organization_id: Uuid,
    client_id: Uuid,
    plan_id: Option<Uuid>,
    numero: &'invoice str,
    amount_ttc_cents: i64,
    currency: &'static str,
    issue_date: Date,
    due_date: Date,
    search_text: String,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

#[diesel::dsl::auto_type]
fn of_organization(organization: Uuid) -> _ {
    invoices::table.filter(invoices::organization_id.eq(organization))
}

#[diesel::dsl::auto_type]
fn one(organization: Uuid, id: Uuid) -> _ {
    let scoped: of_organization = of_organization(organization);
    scoped.filter(invoices::id.eq(id))
}

diesel::define_sql_function! {
    /// Returns one of the parts into which a separator splits a text, counted from 1.
    fn split_part(text: Text, separator: Text, part: Integer) -> Text;
}

diesel::define_sql_function! {
    /// Returns the first text, or the second one if the first is null.
    #[sql_name = "coalesce"]
    fn text_or(text: Nullable<Text>, other: Text) -> Text;
}

diesel::define_sql_function! {
    /// Key that is equal for two spellings of a number: ignores case, width, spaces, dashes and invisible characters.
    fn numero_key_of(numero: Text) -> Text;
}

/// Returns `None` if the client has an invoice with this number, without failing the transaction. Waits for another
/// transaction that is inserting one. Numbers written by earlier releases have no key: search for them first
/// ([`find_by_numero`]).
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: &NewInvoice,
    client: &Client,
    plan: Option<PlanId>,
    now: OffsetDateTime,
) -> Result<Option<Invoice>, Error> {
    found(
        diesel::insert_into(invoices::table)
            .values((
                NewRow {
                    id: InvoiceId::new().into(),
                    organization_id: organization.into(),
                    client_id: client.id.into(),
                    plan_id: plan.map(Into::into),
                    numero: &invoice.numero,
                    amount_ttc_cents: invoice.amount.cents,
                    currency: invoice.amount.currency.as_str(),
                    issue_date: invoice.issue_date,
                    due_date: invoice.due_date,
                    search_text: text_of_invoice(&invoice.numero, &client.name),
                    created_at: now,
                    updated_at: now,
                },
                invoices::numero_key.eq(numero_key_of(&invoice.numero).nullable()),
            ))
            .on_conflict_do_nothing()
            .returning(InvoiceRow::as_returning())
            .get_result(conn)
            .await,
    )
}

statement!(
    SaveProgress,
    "UPDATE invoices SET settled_cents = ?, status = ?, rubis_earned = ?, chased = ?,
         last_reminded_at = ?, paid_at = ?, cancelled_at = ?, settled_from = ?, credited = ?,
         overpaid_cents = ?, updated_at = ?
     WHERE organization_id = ? AND id = ?
     RETURNING paused_at, paused_until"
);

/// Columns that saving the progress of an invoice leaves unchanged.
#[derive(QueryableByName)]
struct PauseRow {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    paused_at: Option<OffsetDateTime>,
    #[diesel(sql_type = Nullable<SqlDate>)]
    paused_until: Option<Date>,
}

/// Saves the state of a locked invoice in one statement, as the table's checks require.
pub(crate) async fn save_progress(
    mut conn: &AsyncPgConnection,
    invoice: &Invoice,
    now: OffsetDateTime,
) -> Result<Invoice, Error> {
    let row: PauseRow = prepared::<SaveProgress>()
        .bind::<BigInt, _>(invoice.settled.cents)
        .bind::<sql_types::InvoiceStatus, _>(invoice.status)
        .bind::<Integer, _>(invoice.rubis_earned)
        .bind::<Bool, _>(invoice.chased)
        .bind::<Nullable<Timestamptz>, _>(invoice.last_reminded_at)
        .bind::<Nullable<Timestamptz>, _>(invoice.paid_at)
        .bind::<Nullable<Timestamptz>, _>(invoice.cancelled_at)
        .bind::<Nullable<sql_types::InvoiceStatus>, _>(invoice.settled_from)
        .bind::<Bool, _>(invoice.credited)
        .bind::<BigInt, _>(invoice.overpaid.cents)
        .bind::<Timestamptz, _>(now)
        .bind::<SqlUuid, _>(invoice.organization_id.as_uuid())
        .bind::<SqlUuid, _>(invoice.id.as_uuid())
        .get_result(&mut conn)
        .await?;
    let pause = Pause::from_columns(row.paused_at, row.paused_until);
    Ok(Invoice { pause, updated_at: now, ..invoice.clone() })
}

/// Saves the contents of an invoice. `new_client_name` is given if it went to another client. The key of its number is
/// written if `is_renumbered`, since a number written by an earlier release may have a duplicate.
pub(crate) async fn save_contents(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    new_client_name: Option<&str>,
    is_renumbered: bool,
    now: OffsetDateTime,
) -> Result<Invoice, Error> {
    if is_renumbered {
        diesel::update(one(invoice.organization_id.into(), invoice.id.into()))
            .set((
                invoices::client_id.eq(invoice.client_id.as_uuid()),
                invoices::numero.eq(&invoice.numero),
                invoices::numero_key.eq(numero_key_of(&invoice.numero).nullable()),
            ))
            .execute(conn)
            .await?;
    }
    let clients_line = text_or(new_client_name.map(client_line), split_part(invoices::search_text, "\n", 2));
    let numeros_line = format!("{}\n", numero_line(&invoice.numero));
    let search_text = numeros_line.into_sql::<Text>().concat(clients_line);
    diesel::update(one(invoice.organization_id.into(), invoice.id.into()))
        .set((
            invoices::client_id.eq(invoice.client_id.as_uuid()),
            invoices::plan_id.eq(invoice.plan_id.map(Uuid::from)),
            invoices::numero.eq(&invoice.numero),
            invoices::amount_ttc_cents.eq(invoice.amount.cents),
            invoices::issue_date.eq(invoice.issue_date),
            invoices::due_date.eq(invoice.due_date),
            invoices::chain.eq(invoice.chain),
            invoices::search_text.eq(search_text),
            invoices::updated_at.eq(now),
        ))
        .returning(InvoiceRow::as_returning())
        .get_result(conn)
        .await?
        .try_into()
}

pub(crate) async fn save_pause(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: InvoiceId,
    pause: Option<Pause>,
    now: OffsetDateTime,
) -> Result<Option<Invoice>, Error> {
    found(
        diesel::update(one(organization.into(), id.into()))
            .set((
                invoices::paused_at.eq(pause.map(|pause| pause.since)),
                invoices::paused_until.eq(pause.and_then(|pause| pause.until)),
                invoices::updated_at.eq(now),
            ))
            .returning(InvoiceRow::as_returning())
            .get_result(conn)
            .await,
    )
}

/// Saves the period during which an invoice's reminders wait for an answer.
pub(crate) async fn save_awaited_answer(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    awaited: Option<AwaitedAnswer>,
    now: OffsetDateTime,
) -> Result<Invoice, Error> {
    diesel::update(one(invoice.organization_id.into(), invoice.id.into()))
        .set((
            invoices::awaits_answer_from.eq(awaited.map(|awaited| awaited.from)),
            invoices::awaits_answer_until.eq(awaited.map(|awaited| awaited.until)),
            invoices::updated_at.eq(now),
        ))
        .returning(InvoiceRow::as_returning())
        .get_result(conn)
        .await?
        .try_into()
}

/// Writes a client's new name into the search text of their invoices.
pub(crate) async fn rename_client(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    name: &str,
) -> Result<(), Error> {
    // Ordered by id, as in every transaction that locks several invoices.
    of_organization(organization.into())
        .filter(invoices::client_id.eq(client.as_uuid()))
        .order(invoices::id)
        .select(invoices::id)
        .for_no_key_update()
        .load::<Uuid>(conn)
        .await?;
    let numeros_line = split_part(invoices::search_text, "\n", 1);
    diesel::update(of_organization(organization.into()).filter(invoices::client_id.eq(client.as_uuid())))
        .set(invoices::search_text.eq(numeros_line.concat("\n").concat(client_line(name))))
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn find(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: InvoiceId,
) -> Result<Option<Invoice>, Error> {
    found(one(organization.into(), id.into()).select(InvoiceRow::as_select()).first(conn).await)
}

pub(crate) async fn find_many(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    ids: &[InvoiceId],
) -> Result<Vec<Invoice>, Error> {
    all(of_organization(organization.into())
        .filter(invoices::id.eq_any(uuids(ids)))
        .select(InvoiceRow::as_select())
        .load(conn)
        .await?)
}

/// Locks the invoice against every other change; rows that refer to it can still be inserted meanwhile.
pub(crate) async fn lock(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    id: InvoiceId,
) -> Result<Option<Invoice>, Error> {
    found(
        one(organization.into(), id.into())
            .select(InvoiceRow::as_select())
            .for_no_key_update()
            .first(&mut conn)
            .await,
    )
}

/// Locks these invoices against every other change, in the order of their ids.
pub(crate) async fn lock_many(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    ids: &[InvoiceId],
) -> Result<Vec<Invoice>, Error> {
    all(invoices::table
        .filter(invoices::organization_id.eq(organization.as_uuid()))
        .filter(invoices::id.eq_any(uuids(ids)))
        .order(invoices::id)
        .select(InvoiceRow::as_select())
        .for_no_key_update()
        .load(conn)
        .await?)
}

/// Returns the client's invoice whose number has the same key as this one, except `aside`.
pub(crate) async fn find_by_numero(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    numero: &str,
    aside: Option<InvoiceId>,
) -> Result<Option<InvoiceId>, Error> {
    let found: Option<Uuid> = of_organization(organization.into())
        .filter(invoices::client_id.eq(client.as_uuid()))
        .filter(numero_key_of(invoices::numero).eq(numero_key_of(numero)))
        .filter(invoices::id.ne(aside.map_or(Uuid::nil(), Uuid::from)))
        .order(invoices::id)
        .select(invoices::id)
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(Into::into))
}

pub(crate) async fn open_of_client(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    after: Option<(Date, InvoiceId)>,
    limit: u32,
) -> Result<Vec<Invoice>, Error> {
    let mut query = invoices::table
        .filter(invoices::organization_id.eq(organization.as_uuid()))
        .filter(invoices::client_id.eq(client.as_uuid()))
        .filter(invoices::status.eq_any(InvoiceStatus::OPEN))
        .order((invoices::due_date, invoices::id))
        .limit(i64::from(limit))
        .select(InvoiceRow::as_select())
        .into_boxed();
    if let Some((due_date, id)) = after {
        query = query.filter(
            sql::<Bool>("(invoices.due_date, invoices.id) > (")
                .bind::<SqlDate, _>(due_date)
                .sql(", ")
                .bind::<SqlUuid, _>(id.as_uuid())
                .sql(")"),
        );
    }
    all(query.load(conn).await?)
}

/// Returns at most `limit` ids of open invoices, in ascending order.
pub(crate) async fn unfinished_ids(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: InvoiceScope,
    after: Option<InvoiceId>,
    limit: u32,
) -> Result<Vec<InvoiceId>, Error> {
    let mut query = invoices::table
        .filter(invoices::organization_id.eq(organization.as_uuid()))
        .filter(invoices::status.eq_any(InvoiceStatus::OPEN))
        .order(invoices::id)
        .limit(i64::from(limit))
        .select(invoices::id)
        .into_boxed();
    match scope {
        InvoiceScope::All => {}
        InvoiceScope::OfClient(client) => query = query.filter(invoices::client_id.eq(client.as_uuid())),
        InvoiceScope::OfPlan(plan) => query = query.filter(invoices::plan_id.eq(plan.as_uuid())),
    }
    if let Some(after) = after {
        query = query.filter(invoices::id.gt(after.as_uuid()));
    }
    Ok(query.load::<Uuid>(conn).await?.into_iter().map(Into::into).collect())
}
