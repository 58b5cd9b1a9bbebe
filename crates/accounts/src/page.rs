//! One page of a list.

/// Some rows of a list, and whether there are more after them.
///
/// The next page begins after the last row. A cursor carries the position of that row (its sort value and its id), so
/// that a page costs the same at any depth and stays correct after inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// True if the list goes on after the last row.
    pub more: bool,
}

impl<T> Page<T> {
    /// Makes a page of `limit` rows from a query for one row more; that extra row shows that the list goes on.
    #[must_use]
    pub fn from_one_more(mut rows: Vec<T>, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        Self { items: rows, more }
    }

    /// Returns the last row, if the list goes on after it.
    #[must_use]
    pub fn last_if_more(&self) -> Option<&T> {
        self.items.last().filter(|_| self.more)
    }

    /// Converts the rows of the page.
    #[must_use]
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), more: self.more }
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn a_page_goes_on_exactly_when_one_more_row_was_found() {
        let full = Page::from_one_more(vec![1, 2, 3], 2);
        assert_eq!((full.items.as_slice(), full.last_if_more()), ([1, 2].as_slice(), Some(&2)));
        let last = Page::from_one_more(vec![1, 2], 2);
        assert_eq!((last.items.as_slice(), last.last_if_more()), ([1, 2].as_slice(), None));
        assert_eq!(Page::<i32>::from_one_more(Vec::new(), 2).last_if_more(), None);
    }
}
