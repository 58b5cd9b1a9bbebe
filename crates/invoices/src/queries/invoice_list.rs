//! The list of invoices.
//!
//! Which rows a page has is asked first, by ids alone, in SQL written here: its shape follows the filter, so
//! that each combination has an index to walk. The rows themselves are then loaded by their ids.
//!
//! The statement is prepared for its values each time and never cached: the best plan for a client with three
//! invoices is the worst for one with a million, and a plan made for all would be either.

use std::collections::HashMap;

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, QueryDsl, QueryableByName, SelectableHelper,
    pg::Pg,
    query_builder::BoxedSqlQuery,
    result::Error,
    sql_types::{Array, BigInt, Date as SqlDate, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::{clients, invoices, sql_types},
};
use rubis_kernel::{InvoiceId, OrganizationId};
use time::Date;
use uuid::Uuid;

use super::{invoices::InvoiceRow, uuids};
use crate::{InvoiceFilter, InvoicePosition, InvoiceSort, InvoiceStatus, ListedInvoice, SearchTerms};

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// A value of the statement, in the place of its number.
enum Bind<'list> {
    Uuid(Uuid),
    Date(Date),
    Cents(i64),
    Text(&'list str),
    Statuses(Vec<InvoiceStatus>),
}

/// The conditions of a statement, and the values that they name.
#[derive(Default)]
struct Conditions<'list> {
    sql: Vec<String>,
    binds: Vec<Bind<'list>>,
}

impl<'list> Conditions<'list> {
    /// Takes a value and gives the name under which a condition can use it.
    fn bind(&mut self, value: Bind<'list>) -> String {
        self.binds.push(value);
        format!("${}", self.binds.len())
    }

    fn require(&mut self, left: &str, operator: &str, value: Bind<'list>) {
        let name = self.bind(value);
        self.sql.push(format!("{left} {operator} {name}"));
    }
}

/// The ids of a page and of the invoice behind it, in the order of the list.
pub(crate) async fn ids(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    filter: &InvoiceFilter,
    sort: InvoiceSort,
    after: Option<InvoicePosition>,
    limit: u32,
) -> Result<Vec<InvoiceId>, Error> {
    let statuses = filter.effective_statuses();
    if statuses.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let (text, binds) = statement(organization, filter, statuses, sort, after, limit);
    let mut query: BoxedSqlQuery<'_, Pg, _> = diesel::sql_query(text).into_boxed();
    for bind in binds {
        query = match bind {
            Bind::Uuid(uuid) => query.bind::<SqlUuid, _>(uuid),
            Bind::Date(date) => query.bind::<SqlDate, _>(date),
            Bind::Cents(cents) => query.bind::<BigInt, _>(cents),
            Bind::Text(text) => query.bind::<Text, _>(text),
            Bind::Statuses(statuses) => query.bind::<Array<sql_types::InvoiceStatus>, _>(statuses),
        };
    }
    let rows: Vec<IdRow> = query.load(conn).await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

fn statement<'list>(
    organization: OrganizationId,
    filter: &'list InvoiceFilter,
    statuses: Option<Vec<InvoiceStatus>>,
    sort: InvoiceSort,
    after: Option<InvoicePosition>,
    limit: u32,
) -> (String, Vec<Bind<'list>>) {
    let mut conditions = Conditions::default();
    conditions.require("i.organization_id", "=", Bind::Uuid(organization.into()));
    if let Some(client) = filter.client_id {
        conditions.require("i.client_id", "=", Bind::Uuid(client.into()));
    }
    for pattern in filter
        .search
        .as_ref()
        .map(SearchTerms::patterns)
        .unwrap_or_default()
    {
        conditions.require("i.search_text", "LIKE", Bind::Text(pattern));
    }
    if let Some(date) = filter.due_from {
        conditions.require("i.due_date", ">=", Bind::Date(date));
    }
    if let Some(date) = filter.due_to {
        conditions.require("i.due_date", "<=", Bind::Date(date));
    }
    if let Some(date) = filter.overdue_on {
        conditions.require("i.due_date", "<", Bind::Date(date));
    }
    let descending = matches!(
        sort,
        InvoiceSort::DueDateDescending | InvoiceSort::CreatedAtDescending | InvoiceSort::AmountDescending
    );
    let (beyond, direction) = if descending { ("<", "DESC") } else { (">", "ASC") };
    let value = match sort {
        InvoiceSort::DueDate | InvoiceSort::DueDateDescending => Some("due_date"),
        InvoiceSort::Amount | InvoiceSort::AmountDescending => Some("amount_ttc_cents"),
        InvoiceSort::CreatedAt | InvoiceSort::CreatedAtDescending => None,
    };
    if let Some(after) = after {
        let id = conditions.bind(Bind::Uuid(after.id.into()));
        let condition = match sort {
            InvoiceSort::DueDate | InvoiceSort::DueDateDescending => {
                let date = conditions.bind(Bind::Date(after.due_date));
                format!("(i.due_date, i.id) {beyond} ({date}, {id})")
            }
            InvoiceSort::Amount | InvoiceSort::AmountDescending => {
                let cents = conditions.bind(Bind::Cents(after.amount_cents));
                format!("(i.amount_ttc_cents, i.id) {beyond} ({cents}, {id})")
            }
            InvoiceSort::CreatedAt | InvoiceSort::CreatedAtDescending => format!("i.id {beyond} {id}"),
        };
        conditions.sql.push(condition);
    }
    let columns = value.map_or_else(|| "id".to_owned(), |value| format!("{value}, id"));
    let order = |table: &str| {
        let id = format!("{table}.id {direction}");
        value.map_or_else(
            || id.clone(),
            |value| format!("{table}.{value} {direction}, {id}"),
        )
    };
    let rows = u64::from(limit) + 1;
    let text = match statuses {
        // The invoices of each state are found in order by themselves and then merged: together, those
        // outstanding would be picked out of the many more that were paid long ago.
        Some(statuses) if merges_states(filter) => {
            let wanted = conditions.bind(Bind::Statuses(statuses));
            format!(
                "SELECT page.id FROM unnest({wanted}) AS wanted(status) CROSS JOIN LATERAL (\
                 SELECT {columns} FROM invoices i WHERE {} AND i.status = wanted.status \
                 ORDER BY {} LIMIT {rows}) AS page ORDER BY {} LIMIT {rows}",
                conditions.sql.join(" AND "),
                order("i"),
                order("page"),
            )
        }
        statuses => {
            if let Some(statuses) = statuses {
                let wanted = conditions.bind(Bind::Statuses(statuses));
                conditions.sql.push(format!("i.status = ANY ({wanted})"));
            }
            format!(
                "SELECT i.id FROM invoices i WHERE {} ORDER BY {} LIMIT {rows}",
                conditions.sql.join(" AND "),
                order("i"),
            )
        }
    };
    (text, conditions.binds)
}

/// Whether a list of several states is put together from one list of each.
fn merges_states(filter: &InvoiceFilter) -> bool {
    filter.client_id.is_none() && filter.search.is_none()
}

/// The invoices with these ids and their clients' names, in the order of the ids.
pub(crate) async fn with_clients(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    ids: &[InvoiceId],
) -> Result<Vec<ListedInvoice>, Error> {
    let of_client = clients::organization_id
        .eq(invoices::organization_id)
        .and(clients::id.eq(invoices::client_id));
    let rows: Vec<(InvoiceRow, String)> = invoices::table
        .inner_join(clients::table.on(of_client))
        .filter(invoices::organization_id.eq(organization.as_uuid()))
        .filter(invoices::id.eq_any(uuids(ids)))
        .select((InvoiceRow::as_select(), clients::name))
        .load(conn)
        .await?;
    let mut by_id = HashMap::with_capacity(rows.len());
    for (row, client_name) in rows {
        let listed = ListedInvoice {
            invoice: row.try_into()?,
            client_name,
        };
        by_id.insert(listed.invoice.id, listed);
    }
    Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
}
