//! Pages of a list.

use rubis_accounts::Page;
use rubis_kernel::PurposeKey;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use crate::{ApiError, App, Reply, cursor::List};

const DEFAULT_LIMIT: u32 = 50;
const LARGEST_LIMIT: u32 = 200;

/// Position and length of the page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Number of rows, 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// The `nextCursor` of the previous page.
    pub cursor: Option<String>,
}

/// A page that a request asks for.
#[derive(Debug)]
pub struct PageRequest<'app, Position> {
    key: &'app PurposeKey,
    list: List,
    /// Position of the last row of the previous page.
    pub after: Option<Position>,
    /// Maximum number of rows.
    pub limit: u32,
}

impl PageQuery {
    /// Returns the requested page of a list.
    ///
    /// # Errors
    /// `out_of_range` for the parameter `limit`, `invalid_cursor` for `cursor`.
    pub fn of<Position: DeserializeOwned>(
        self,
        list: List,
        app: &App,
    ) -> Result<PageRequest<'_, Position>, ApiError> {
        let key = &app.keys.cursor;
        let limit = page_size(self.limit)?;
        let after = list.after(key, self.cursor.as_deref())?;
        Ok(PageRequest { key, list, after, limit })
    }
}

impl<Position: Serialize> PageRequest<'_, Position> {
    /// Returns the response with the rows that were read, and the cursor after the last one if the list goes on.
    pub fn reply<Row, Body: From<Row>>(
        &self,
        page: Page<Row>,
        position: impl FnOnce(&Row) -> Position,
    ) -> Reply<PageBody<Body>> {
        let last = page.last_if_more();
        let next_cursor = last.map(|last| self.list.cursor(self.key, &position(last)));
        Reply(PageBody { items: page.items.into_iter().map(Body::from).collect(), next_cursor })
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageBody<T> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// The `cursor` of the next page; `null` on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl<T> PageBody<T> {
    /// Returns a list that always fits on one page.
    pub fn whole<Row>(rows: Vec<Row>) -> Self
    where
        T: From<Row>,
    {
        Self { items: rows.into_iter().map(T::from).collect(), next_cursor: None }
    }
}

/// Returns the number of rows of a page.
fn page_size(limit: Option<u32>) -> Result<u32, ApiError> {
    match limit {
        None => Ok(DEFAULT_LIMIT),
        Some(limit @ 1..=LARGEST_LIMIT) => Ok(limit),
        Some(_) => Err(ApiError::invalid_field(
            "limit",
            "out_of_range",
            format!("must be between 1 and {LARGEST_LIMIT}"),
        )),
    }
}
