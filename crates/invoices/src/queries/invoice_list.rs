//! The list of invoices.
//!
//! The first statement selects ids only, in SQL written here: its shape follows the filter, so that no combination
//! reads all invoices of an organization. The rows are then loaded by their ids.
//!
//! These statements are planned for their values each time and never cached: the best plan for a client with three
//! invoices is the worst for one with a million, and a generic plan would be wrong for one of them. The connection
//! caches only the statements that one index serves completely for all values.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, QueryDsl, QueryableByName, SelectableHelper,
    result::Error,
    sql_types::{BigInt, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rubis_db::{
    AsyncPgConnection,
    schema::{clients, invoices},
};
use rubis_kernel::{InvoiceId, OrganizationId};
use uuid::Uuid;

use super::{
    invoices::InvoiceRow,
    uuids,
    written::{Value, Written},
};
use crate::{InvoiceFilter, InvoicePosition, InvoiceSort, InvoiceStatus, ListedInvoice, SearchTerms};

/// Limits of how far one way of finding a page is followed before another is tried.
#[derive(Clone, Copy)]
struct Bounds {
    /// Number of invoices examined along the order, in the hope that a page of them meets the filter.
    nearby: u32,
    /// Number of invoices meeting the filter that are sorted, rather than searched along the order.
    sorted: u32,
}

/// About ten milliseconds for the first and a hundred for the second, on the smallest machine.
const BOUNDS: Bounds = Bounds { nearby: 5000, sorted: 50_000 };

/// Number of invoices that are sorted before any are searched along the order, if the user searches for a number.
const WITH_NUMBER: u32 = 1000;

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct MatchRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    matches: i64,
}

/// Parts from which the statements for one page are built.
struct Parts<'list> {
    /// Start of the page: conditions that an index on the order can use.
    place: Vec<String>,
    /// Other conditions of the filter.
    filter: Vec<String>,
    /// Names of the values with the patterns that its text has to match.
    patterns: Vec<String>,
    /// Keys that its text has to contain, which find a few more than the patterns match.
    keys: Option<String>,
    /// Name of the value with its possible states.
    statuses: Option<String>,
    /// Values, by their numbers.
    binds: Vec<Value<'list>>,
    sort: InvoiceSort,
    /// One row more than the page has.
    rows: u64,
}

/// Returns the ids of a page and of the invoice after it, in the order of the list.
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
    let parts = Parts::new(organization, filter, statuses, sort, after, limit);
    ids_within(conn, filter, &parts, BOUNDS).await
}

async fn ids_within(
    conn: &mut AsyncPgConnection,
    filter: &InvoiceFilter,
    parts: &Parts<'_>,
    bounds: Bounds,
) -> Result<Vec<InvoiceId>, Error> {
    if is_answered_by_index(filter, parts.sort) {
        return run_kept(conn, parts).await;
    }
    if has_index(filter, parts.sort) {
        return run(conn, parts, parts.along_index(parts.rows)).await;
    }
    // No index has both the filter and the order. If many invoices meet the filter, a page of them is soon found along
    // the order; if few do, they are found by the filter and sorted. Statistics cannot decide between the two (two
    // words may be frequent and never occur together), so both are tried within bounds: the order first, but the
    // filter first if the search has a number, which few invoices have.
    if filter.search.as_ref().is_some_and(SearchTerms::has_number)
        && let Some(sorted) = run_sorted(conn, parts, WITH_NUMBER.min(bounds.sorted)).await?
    {
        return Ok(sorted);
    }
    let nearby = run(conn, parts, parts.nearby(bounds.nearby)).await?;
    if u64::try_from(nearby.len()).is_ok_and(|found| found >= parts.rows) {
        return Ok(nearby);
    }
    if let Some(sorted) = run_sorted(conn, parts, bounds.sorted).await? {
        return Ok(sorted);
    }
    run(conn, parts, parts.planned(parts.rows)).await
}

/// Reports whether an index has the filter's columns before those of the order, or the filter leaves little to sort.
fn has_index(filter: &InvoiceFilter, sort: InvoiceSort) -> bool {
    let in_range = filter.due_from.is_some() || filter.due_to.is_some();
    if filter.client_id.is_some() {
        return true;
    }
    if filter.search.is_some() {
        return false;
    }
    match sort {
        InvoiceSort::DueDate | InvoiceSort::DueDateDescending => true,
        InvoiceSort::CreatedAt | InvoiceSort::CreatedAtDescending => !in_range,
        InvoiceSort::Amount | InvoiceSort::AmountDescending => {
            !in_range && filter.statuses.is_empty() && filter.overdue_on.is_none()
        }
    }
}

/// Reports whether one index serves the whole query, in the order of the list. It is then the best plan for every
/// organization.
fn is_answered_by_index(filter: &InvoiceFilter, sort: InvoiceSort) -> bool {
    let by_due_date = [filter.due_from, filter.due_to, filter.overdue_on].iter().any(Option::is_some);
    has_index(filter, sort) && !by_due_date && filter.client_id.is_none() && filter.search.is_none()
}

impl<'list> Parts<'list> {
    fn new(
        organization: OrganizationId,
        filter: &'list InvoiceFilter,
        statuses: Option<Vec<InvoiceStatus>>,
        sort: InvoiceSort,
        after: Option<InvoicePosition>,
        limit: u32,
    ) -> Self {
        let mut parts = Self {
            place: Vec::new(),
            filter: Vec::new(),
            patterns: Vec::new(),
            keys: None,
            statuses: None,
            binds: Vec::new(),
            sort,
            rows: u64::from(limit) + 1,
        };
        let organization = parts.bind(Value::Uuid(organization.into()));
        parts.place.push(format!("i.organization_id = {organization}"));
        if let Some(after) = after {
            let condition = parts.beyond(after);
            parts.place.push(condition);
        }
        let due = [("<", filter.overdue_on), (">=", filter.due_from), ("<=", filter.due_to)];
        for (operator, date) in due {
            if let Some(date) = date {
                let condition = format!("i.due_date {operator} {}", parts.bind(Value::Date(date)));
                let by_due_date = matches!(sort, InvoiceSort::DueDate | InvoiceSort::DueDateDescending);
                if by_due_date { &mut parts.place } else { &mut parts.filter }.push(condition);
            }
        }
        if let Some(client) = filter.client_id {
            let client = parts.bind(Value::Uuid(client.into()));
            parts.filter.push(format!("i.client_id = {client}"));
        }
        if let Some(search) = &filter.search {
            let patterns = search.patterns().iter().map(|pattern| parts.bind(Value::Text(pattern)));
            parts.patterns = patterns.collect();
            let literals = search.literals().into_iter().map(|literal| parts.bind(Value::Owned(literal)));
            let keys: Vec<String> =
                literals.map(|literal| format!("search_keys({organization}, {literal})")).collect();
            parts.keys = Some(keys.join(" || "));
        }
        parts.statuses = statuses.map(|statuses| parts.bind(Value::Statuses(statuses)));
        parts
    }

    /// Adds a value and returns the name under which a statement can use it.
    fn bind(&mut self, value: Value<'list>) -> String {
        self.binds.push(value);
        format!("${}", self.binds.len())
    }

    /// Builds the condition that an invoice comes after a position, as a row comparison at which an index scan can
    /// start.
    fn beyond(&mut self, position: InvoicePosition) -> String {
        let (value, bind) = match self.sort {
            InvoiceSort::DueDate | InvoiceSort::DueDateDescending => {
                ("i.due_date", Value::Date(position.due_date))
            }
            InvoiceSort::Amount | InvoiceSort::AmountDescending => {
                ("i.amount_ttc_cents", Value::Cents(position.amount_cents))
            }
            InvoiceSort::CreatedAt | InvoiceSort::CreatedAtDescending => {
                ("i.id", Value::Uuid(position.id.into()))
            }
        };
        let comparison = if self.direction() == "DESC" { "<" } else { ">" };
        let bound = self.bind(bind);
        if value == "i.id" {
            return format!("{value} {comparison} {bound}");
        }
        let id = self.bind(Value::Uuid(position.id.into()));
        format!("({value}, i.id) {comparison} ({bound}, {id})")
    }

    const fn direction(&self) -> &'static str {
        match self.sort {
            InvoiceSort::DueDate | InvoiceSort::CreatedAt | InvoiceSort::Amount => "ASC",
            InvoiceSort::DueDateDescending
            | InvoiceSort::CreatedAtDescending
            | InvoiceSort::AmountDescending => "DESC",
        }
    }

    fn order(&self) -> String {
        let direction = self.direction();
        match self.sort {
            InvoiceSort::DueDate | InvoiceSort::DueDateDescending => {
                format!("i.due_date {direction}, i.id {direction}")
            }
            InvoiceSort::Amount | InvoiceSort::AmountDescending => {
                format!("i.amount_ttc_cents {direction}, i.id {direction}")
            }
            InvoiceSort::CreatedAt | InvoiceSort::CreatedAtDescending => format!("i.id {direction}"),
        }
    }

    fn conditions(&self) -> String {
        let mut all: Vec<String> = self.place.iter().chain(&self.filter).cloned().collect();
        all.extend(self.search_conditions("i.search_text"));
        all.extend(self.status_condition());
        all.join(" AND ")
    }

    /// Like [`Self::conditions`], but finds the searched text by its keys. The patterns are kept away from the trigram
    /// index, which takes longer to read the more organizations there are.
    fn conditions_with_keys(&self) -> String {
        let mut all: Vec<String> = self.place.iter().chain(&self.filter).cloned().collect();
        if let Some(keys) = &self.keys {
            all.push(format!("search_keys(i.organization_id, i.search_text) @> ({keys})"));
        }
        all.extend(self.search_conditions("(i.search_text || '')"));
        all.extend(self.status_condition());
        all.join(" AND ")
    }

    fn search_conditions(&self, text: &str) -> impl Iterator<Item = String> {
        self.patterns.iter().map(move |pattern| format!("{text} LIKE {pattern}"))
    }

    fn status_condition(&self) -> Option<String> {
        self.statuses.as_ref().map(|statuses| format!("i.status = ANY ({statuses})"))
    }

    /// Builds the query along the index that has filter and order. The invoices of each state are read in order
    /// separately and then merged; read together, the outstanding ones would be filtered out of the many more paid
    /// long ago.
    fn along_index(&self, rows: u64) -> String {
        let of_client = self.filter.iter().any(|condition| condition.starts_with("i.client_id"));
        let Some(statuses) = self.statuses.as_ref().filter(|_| !of_client) else { return self.planned(rows) };
        let conditions: Vec<&str> = self.place.iter().chain(&self.filter).map(String::as_str).collect();
        format!(
            "SELECT i.id FROM unnest({statuses}) AS wanted(status) CROSS JOIN LATERAL (\
             SELECT i.id, i.due_date, i.amount_ttc_cents FROM invoices i \
             WHERE {conditions} AND i.status = wanted.status ORDER BY {order} LIMIT {rows}\
             ) AS i ORDER BY {order} LIMIT {rows}",
            conditions = conditions.join(" AND "),
            order = self.order(),
        )
    }

    /// Builds the query that leaves the choice to PostgreSQL.
    fn planned(&self, rows: u64) -> String {
        let (conditions, order) = (self.conditions(), self.order());
        format!("SELECT i.id FROM invoices i WHERE {conditions} ORDER BY {order} LIMIT {rows}")
    }

    /// Builds the query for those of the next `bound` invoices along the order that meet the filter.
    fn nearby(&self, bound: u32) -> String {
        let mut filter = self.filter.clone();
        filter.extend(self.search_conditions("i.search_text"));
        filter.extend(self.status_condition());
        format!(
            "SELECT i.id FROM (\
             SELECT i.id, i.due_date, i.amount_ttc_cents, i.client_id, i.status, i.search_text FROM invoices i \
             WHERE {place} ORDER BY {order} LIMIT {bound}\
             ) AS i WHERE {filter} ORDER BY {order} LIMIT {rows}",
            place = self.place.join(" AND "),
            filter = filter.join(" AND "),
            order = self.order(),
            rows = self.rows,
        )
    }

    /// Builds the query that finds the invoices by the filter and then sorts them. It also returns their number, at
    /// most `bound` + 1; the extra one shows that the page may be wrong.
    fn sorted(&self, bound: u32) -> String {
        format!(
            "WITH i AS MATERIALIZED (\
             SELECT i.id, i.due_date, i.amount_ttc_cents FROM invoices i WHERE {conditions} LIMIT {bound} + 1\
             ) SELECT i.id, (SELECT count(*) FROM i) AS matches FROM i ORDER BY {order} LIMIT {rows}",
            conditions = self.conditions_with_keys(),
            order = self.order(),
            rows = self.rows,
        )
    }

    fn once(&self, text: String) -> Written<'list> {
        Written::once(text, self.binds.clone())
    }
}

async fn run(conn: &mut AsyncPgConnection, parts: &Parts<'_>, text: String) -> Result<Vec<InvoiceId>, Error> {
    let rows: Vec<IdRow> = parts.once(text).load(conn).await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// Runs the query along the index that serves it alone. Pages of almost the same size share a statement, so that a
/// connection does not accumulate hundreds of them.
async fn run_kept(conn: &mut AsyncPgConnection, parts: &Parts<'_>) -> Result<Vec<InvoiceId>, Error> {
    let text = parts.along_index(parts.rows.next_power_of_two());
    let rows: Vec<IdRow> = Written::kept(text, parts.binds.clone()).load(conn).await?;
    let wanted = usize::try_from(parts.rows).unwrap_or(usize::MAX);
    Ok(rows.into_iter().take(wanted).map(|row| row.id.into()).collect())
}

/// Returns `None` if too many invoices meet the filter to sort them.
async fn run_sorted(
    conn: &mut AsyncPgConnection,
    parts: &Parts<'_>,
    bound: u32,
) -> Result<Option<Vec<InvoiceId>>, Error> {
    let rows: Vec<MatchRow> = parts.once(parts.sorted(bound)).load(conn).await?;
    let too_many = rows.iter().any(|row| row.matches > i64::from(bound));
    Ok((!too_many).then(|| rows.into_iter().map(|row| row.id.into()).collect()))
}

/// Returns the invoices with these ids and their clients' names, in the order of the ids.
pub(crate) async fn with_clients(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    ids: &[InvoiceId],
) -> Result<Vec<ListedInvoice>, Error> {
    let of_client =
        clients::organization_id.eq(invoices::organization_id).and(clients::id.eq(invoices::client_id));
    let rows: Vec<(InvoiceRow, String)> = invoices::table
        .inner_join(clients::table.on(of_client))
        .filter(invoices::organization_id.eq(organization.as_uuid()))
        .filter(invoices::id.eq_any(uuids(ids)))
        .select((InvoiceRow::as_select(), clients::name))
        .load(conn)
        .await?;
    let mut by_id = HashMap::with_capacity(rows.len());
    for (row, client_name) in rows {
        let listed = ListedInvoice { invoice: row.try_into()?, client_name };
        by_id.insert(listed.invoice.id, listed);
    }
    Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
}
