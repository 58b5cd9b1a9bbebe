//! Pages of a list.

use rubis_accounts::Page;
use rubis_kernel::PurposeKey;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{ApiError, cursor::List};

const DEFAULT_LIMIT: u32 = 50;
const LARGEST_LIMIT: u32 = 200;

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
    /// Returns a page, with the cursor after its last row if the list goes on.
    pub fn new<Row, Position: Serialize>(
        page: Page<Row>,
        list: &List,
        key: &PurposeKey,
        position: impl FnOnce(&Row) -> Position,
    ) -> Self
    where
        T: From<Row>,
    {
        let next_cursor = page.last_if_more().map(|last| list.cursor(key, &position(last)));
        Self { items: page.items.into_iter().map(T::from).collect(), next_cursor }
    }

    /// Returns a list that always fits on one page.
    pub fn whole<Row>(rows: Vec<Row>) -> Self
    where
        T: From<Row>,
    {
        Self { items: rows.into_iter().map(T::from).collect(), next_cursor: None }
    }
}

/// Returns the number of rows of a page.
///
/// # Errors
/// `out_of_range` for the parameter `limit`.
pub fn page_size(limit: Option<u32>) -> Result<u32, ApiError> {
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
