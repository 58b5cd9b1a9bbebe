//! `subscriptions`.

use diesel::{
    deserialize::FromSqlRow,
    expression::AsExpression,
    prelude::*,
    sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection, pg_enum,
    schema::{sql_types, subscriptions},
    statement::{Bind as _, prepared, statement},
};
use rubis_kernel::OrganizationId;
use rubis_stripe::{CustomerId, SubscriptionStatus};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{BillingCycle, BillingPlan, StateMark, Subscription};

/// [`SubscriptionStatus`] as the database stores it; the gateway does not depend on diesel.
#[derive(Clone, Copy, Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::SubscriptionStatus)]
enum StatusColumn {
    Trialing,
    Active,
    PastDue,
    Canceled,
    Incomplete,
    IncompleteExpired,
    Unpaid,
    Paused,
}

pg_enum!(StatusColumn, sql_types::SubscriptionStatus {
    Trialing => "trialing",
    Active => "active",
    PastDue => "past_due",
    Canceled => "canceled",
    Incomplete => "incomplete",
    IncompleteExpired => "incomplete_expired",
    Unpaid => "unpaid",
    Paused => "paused",
});

impl From<SubscriptionStatus> for StatusColumn {
    fn from(status: SubscriptionStatus) -> Self {
        match status {
            SubscriptionStatus::Trialing => Self::Trialing,
            SubscriptionStatus::Active => Self::Active,
            SubscriptionStatus::PastDue => Self::PastDue,
            SubscriptionStatus::Canceled => Self::Canceled,
            SubscriptionStatus::Incomplete => Self::Incomplete,
            SubscriptionStatus::IncompleteExpired => Self::IncompleteExpired,
            SubscriptionStatus::Unpaid => Self::Unpaid,
            SubscriptionStatus::Paused => Self::Paused,
        }
    }
}

impl From<StatusColumn> for SubscriptionStatus {
    fn from(column: StatusColumn) -> Self {
        match column {
            StatusColumn::Trialing => Self::Trialing,
            StatusColumn::Active => Self::Active,
            StatusColumn::PastDue => Self::PastDue,
            StatusColumn::Canceled => Self::Canceled,
            StatusColumn::Incomplete => Self::Incomplete,
            StatusColumn::IncompleteExpired => Self::IncompleteExpired,
            StatusColumn::Unpaid => Self::Unpaid,
            StatusColumn::Paused => Self::Paused,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = subscriptions, check_for_backend(diesel::pg::Pg))]
struct SubscriptionRow {
    organization_id: Uuid,
    plan: BillingPlan,
    status: Option<StatusColumn>,
    billing_cycle: Option<BillingCycle>,
    stripe_customer_id: Option<String>,
    stripe_subscription_id: Option<String>,
    subscription_created_at: Option<OffsetDateTime>,
    current_period_end: Option<OffsetDateTime>,
    cancel_at_period_end: bool,
    trial_ends_at: Option<OffsetDateTime>,
    past_due_since: Option<OffsetDateTime>,
    failed_invoice_id: Option<String>,
    state_at: Option<OffsetDateTime>,
    state_fetched: bool,
    revision: i64,
    recap_queued_at: Option<OffsetDateTime>,
    recap_sent_at: Option<OffsetDateTime>,
}

impl From<SubscriptionRow> for Subscription {
    fn from(row: SubscriptionRow) -> Self {
        Self {
            organization_id: row.organization_id.into(),
            plan: row.plan,
            status: row.status.map(Into::into),
            cycle: row.billing_cycle,
            customer: row.stripe_customer_id.map(Into::into),
            stripe_id: row.stripe_subscription_id.map(Into::into),
            stripe_created_at: row.subscription_created_at,
            current_period_end: row.current_period_end,
            cancel_at_period_end: row.cancel_at_period_end,
            trial_ends_at: row.trial_ends_at,
            past_due_since: row.past_due_since,
            failed_invoice: row.failed_invoice_id.map(Into::into),
            state: row.state_at.map(|at| StateMark { at, fetched: row.state_fetched }),
            revision: row.revision,
            recap_queued_at: row.recap_queued_at,
            recap_sent_at: row.recap_sent_at,
        }
    }
}

/// Returns the organization's row; none if it signed up with a release that knew no subscriptions.
pub(crate) async fn find(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
) -> QueryResult<Option<Subscription>> {
    subscriptions::table
        .find(organization.as_uuid())
        .select(SubscriptionRow::as_select())
        .first(&mut conn)
        .await
        .optional()
        .map(|row| row.map(Into::into))
}

/// Returns the organization's row, locked until the transaction ends.
pub(crate) async fn lock(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
) -> QueryResult<Option<Subscription>> {
    subscriptions::table
        .find(organization.as_uuid())
        .select(SubscriptionRow::as_select())
        .for_no_key_update()
        .first(&mut conn)
        .await
        .optional()
        .map(|row| row.map(Into::into))
}

/// Works as [`lock`], and inserts the row if there is none.
pub(crate) async fn lock_or_insert(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    now: OffsetDateTime,
) -> QueryResult<Subscription> {
    if let Some(locked) = lock(conn, organization).await? {
        return Ok(locked);
    }
    insert(conn, organization, now).await?;
    lock(conn, organization).await?.ok_or(diesel::result::Error::NotFound)
}

/// Returns the rows of the organization and of the customer that an event names, none, one or two, locked
/// in the order of their ids.
pub(crate) async fn lock_named(
    mut conn: &AsyncPgConnection,
    organization: Option<OrganizationId>,
    customer: Option<&CustomerId>,
) -> QueryResult<Vec<Subscription>> {
    let of_organization = subscriptions::organization_id.nullable().eq(organization.map(Uuid::from));
    let of_customer = subscriptions::stripe_customer_id.eq(customer.map(CustomerId::as_str));
    let rows: Vec<SubscriptionRow> = subscriptions::table
        .filter(of_organization.or(of_customer))
        .order(subscriptions::organization_id)
        .select(SubscriptionRow::as_select())
        .for_no_key_update()
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

statement!(
    InsertSubscription,
    "INSERT INTO subscriptions (organization_id, created_at, updated_at)
     SELECT ?, clock.now, clock.now FROM (SELECT ?::timestamptz AS now) AS clock
     ON CONFLICT DO NOTHING"
);

/// Inserts the row of an organization unless there is one.
pub(crate) async fn insert(
    mut conn: &AsyncPgConnection,
    organization: OrganizationId,
    now: OffsetDateTime,
) -> QueryResult<()> {
    prepared::<InsertSubscription>()
        .bind::<SqlUuid, _>(organization.as_uuid())
        .bind::<Timestamptz, _>(now)
        .execute(&mut conn)
        .await
        .map(drop)
}

statement!(
    SaveSubscription,
    "UPDATE subscriptions SET plan = ?, status = ?, billing_cycle = ?, stripe_customer_id = ?,
         stripe_subscription_id = ?, subscription_created_at = ?, current_period_end = ?,
         cancel_at_period_end = ?, trial_ends_at = ?, past_due_since = ?, failed_invoice_id = ?,
         state_at = ?, state_fetched = ?, revision = ?, recap_queued_at = ?, recap_sent_at = ?,
         updated_at = ?
     WHERE organization_id = ?"
);

/// Saves a row that is locked.
pub(crate) async fn save(
    mut conn: &AsyncPgConnection,
    subscription: &Subscription,
    now: OffsetDateTime,
) -> QueryResult<()> {
    let text = |id: Option<&str>| id.map(str::to_owned);
    prepared::<SaveSubscription>()
        .bind::<sql_types::BillingPlan, _>(subscription.plan)
        .bind::<Nullable<sql_types::SubscriptionStatus>, _>(subscription.status.map(StatusColumn::from))
        .bind::<Nullable<sql_types::BillingCycle>, _>(subscription.cycle)
        .bind::<Nullable<Text>, _>(text(subscription.customer.as_ref().map(|id| id.as_str())))
        .bind::<Nullable<Text>, _>(text(subscription.stripe_id.as_ref().map(|id| id.as_str())))
        .bind::<Nullable<Timestamptz>, _>(subscription.stripe_created_at)
        .bind::<Nullable<Timestamptz>, _>(subscription.current_period_end)
        .bind::<Bool, _>(subscription.cancel_at_period_end)
        .bind::<Nullable<Timestamptz>, _>(subscription.trial_ends_at)
        .bind::<Nullable<Timestamptz>, _>(subscription.past_due_since)
        .bind::<Nullable<Text>, _>(text(subscription.failed_invoice.as_ref().map(|id| id.as_str())))
        .bind::<Nullable<Timestamptz>, _>(subscription.state.map(|state| state.at))
        .bind::<Bool, _>(subscription.state.is_some_and(|state| state.fetched))
        .bind::<BigInt, _>(subscription.revision)
        .bind::<Nullable<Timestamptz>, _>(subscription.recap_queued_at)
        .bind::<Nullable<Timestamptz>, _>(subscription.recap_sent_at)
        .bind::<Timestamptz, _>(now)
        .bind::<SqlUuid, _>(subscription.organization_id.as_uuid())
        .execute(&mut conn)
        .await
        .map(drop)
}

/// Saves the organization's customer if it has none, or has this one that is gone, and returns the one
/// that counts: another that is there, or that of a subscription which began meanwhile.
pub(crate) async fn save_customer(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    gone: Option<&CustomerId>,
    customer: &CustomerId,
    now: OffsetDateTime,
) -> QueryResult<CustomerId> {
    let locked = lock_or_insert(conn, organization, now).await?;
    let is_live = locked.is_live();
    if let Some(known) = locked.customer
        && (is_live || Some(&known) != gone)
    {
        return Ok(known);
    }
    diesel::update(subscriptions::table.find(organization.as_uuid()))
        .set((subscriptions::stripe_customer_id.eq(customer.as_str()), subscriptions::updated_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(customer.clone())
}

/// Returns the organizations whose trial ends until this instant and whose recap was not sent, at most
/// `limit` of those that come after one, locked, in the order of their ids. Rows locked by another
/// transaction are skipped.
pub(crate) async fn lock_without_recap(
    conn: &mut AsyncPgConnection,
    now: OffsetDateTime,
    until: OffsetDateTime,
    after: Option<OrganizationId>,
    limit: i64,
) -> QueryResult<Vec<Subscription>> {
    let after = after.map_or(Uuid::nil(), Uuid::from);
    let rows: Vec<SubscriptionRow> = subscriptions::table
        .filter(subscriptions::organization_id.gt(after))
        .filter(subscriptions::status.eq(StatusColumn::Trialing))
        .filter(subscriptions::recap_sent_at.is_null())
        .filter(subscriptions::trial_ends_at.gt(now))
        .filter(subscriptions::trial_ends_at.le(until))
        .filter(subscriptions::cancel_at_period_end.eq(false))
        .order(subscriptions::organization_id)
        .limit(limit)
        .select(SubscriptionRow::as_select())
        .for_no_key_update()
        .skip_locked()
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
