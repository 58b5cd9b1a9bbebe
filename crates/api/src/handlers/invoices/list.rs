//! `GET /invoices`

use actix_web::{get, web::Data};
use rubis_invoices::{
    InvoiceFilter, InvoicePosition, InvoiceSort, InvoiceStatus, ListedInvoice, SearchTerms,
};
use rubis_kernel::ClientId;
use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::{IntoParams, ToSchema};

use crate::{
    ApiError, ApiResult, App, Tenant,
    bodies::InvoiceBody,
    cursor::List,
    day::Day,
    labels,
    page::{PageBody, PageQuery},
    query::Query,
};

/// Filters, order and position of the page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListInvoices {
    /// States of the invoice, separated by commas: `pending,in_relance`.
    status: Option<String>,
    /// The client that owes it.
    #[param(value_type = Option<Uuid>)]
    client_id: Option<ClientId>,
    /// Words to look for in numbers and clients' names; every one has to occur.
    q: Option<String>,
    /// The first due date.
    #[param(value_type = Option<Date>)]
    due_from: Option<Day>,
    /// The last due date.
    #[param(value_type = Option<Date>)]
    due_to: Option<Day>,
    /// True if only late invoices are listed: due before today, with something outstanding.
    #[serde(default)]
    #[param(required = false)]
    overdue: bool,
    /// The order; left out, the latest created come first.
    #[param(value_type = Option<labels::InvoiceSort>)]
    sort: Option<String>,
    /// Number of rows, 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the previous page.
    cursor: Option<String>,
}

/// An invoice in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedInvoiceBody {
    /// The invoice.
    #[serde(flatten)]
    pub invoice: InvoiceBody,
    /// The client that owes it.
    pub client_name: String,
}

impl From<ListedInvoice> for ListedInvoiceBody {
    fn from(listed: ListedInvoice) -> Self {
        Self { invoice: listed.invoice.into(), client_name: listed.client_name }
    }
}

impl ListInvoices {
    /// Returns the list that the cursor belongs to.
    fn list(&self) -> List {
        let filter =
            ((&self.status, self.client_id, &self.q), (self.due_from, self.due_to, self.overdue), &self.sort);
        List::new("invoices", &filter)
    }

    fn page(&self) -> PageQuery {
        PageQuery { limit: self.limit, cursor: self.cursor.clone() }
    }

    fn statuses(&self) -> Result<Vec<InvoiceStatus>, ApiError> {
        let Some(names) = &self.status else { return Ok(Vec::new()) };
        let mut statuses = Vec::new();
        for name in names.split(',') {
            let status = parse_status(name.trim())?;
            // Each status is kept once, so that a long parameter does not make a long list.
            if !statuses.contains(&status) {
                statuses.push(status);
            }
        }
        Ok(statuses)
    }

    fn order(&self) -> Result<InvoiceSort, ApiError> {
        match self.sort.as_deref() {
            None => Ok(InvoiceSort::default()),
            Some(name) => InvoiceSort::parse(name).ok_or_else(|| {
                let known = InvoiceSort::ALL.map(InvoiceSort::as_str).join(", ");
                ApiError::invalid_field("sort", "unknown_value", format!("must be one of {known}"))
            }),
        }
    }
}

fn parse_status(name: &str) -> Result<InvoiceStatus, ApiError> {
    let known = InvoiceStatus::ALL.iter().copied();
    known.clone().find(|status| status.as_str() == name).ok_or_else(|| {
        let names = known.map(InvoiceStatus::as_str).collect::<Vec<_>>().join(", ");
        ApiError::invalid_field("status", "unknown_value", format!("must be some of {names}"))
    })
}

/// Lists the organization's invoices.
#[utoipa::path(
    tag = "invoices",
    params(ListInvoices),
    responses((status = 200, description = "A page of invoices.", body = PageBody<ListedInvoiceBody>)),
)]
#[get("/invoices")]
pub async fn list_invoices(
    tenant: Tenant,
    query: Query<ListInvoices>,
    app: Data<App>,
) -> ApiResult<PageBody<ListedInvoiceBody>> {
    let query = query.0;
    let sort = query.order()?;
    let asked = query.page().of(query.list(), &app)?;
    let mut filter = InvoiceFilter {
        statuses: query.statuses()?,
        client_id: query.client_id,
        search: query.q.as_deref().and_then(SearchTerms::parse),
        due_from: query.due_from.map(Date::from),
        due_to: query.due_to.map(Date::from),
        overdue_on: None,
    };
    let mut conn = app.db.get().await?;
    if query.overdue {
        let organization = rubis_accounts::organization(&conn, tenant.organization)
            .await?
            .ok_or_else(ApiError::not_found)?;
        filter.overdue_on = Some(organization.time_zone.local_date(app.clock.now()));
    }
    let (organization, after) = (tenant.organization, asked.after);
    let page =
        rubis_invoices::list_invoices(&mut conn, organization, &filter, sort, after, asked.limit).await?;
    Ok(asked.reply(page, |last| InvoicePosition::from(&last.invoice)))
}
