//! Cursors: the position at which a list continues. They are opaque to clients, and valid for one list
//! only.

use actix_web::http::StatusCode;
use rubis_kernel::{PurposeKey, sha256};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::ApiError;

/// A list in one order under one filter, to which a cursor belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    name: &'static str,
    filter: [u8; 32],
}

#[derive(Serialize, Deserialize)]
struct Sealed<Name, Position> {
    list: Name,
    filter: [u8; 32],
    after: Position,
}

impl List {
    /// Returns the list of this name with these filters and this order. `filter` must hold everything
    /// that decides which rows the list has and how they are sorted.
    #[must_use]
    pub fn new(name: &'static str, filter: &impl Serialize) -> Self {
        // The filters are strings, numbers and dates, whose serialization cannot fail.
        let filter = serde_json::to_vec(filter).unwrap_or_default();
        Self { name, filter: sha256(&filter) }
    }

    /// Returns the cursor that continues after a position. It is sealed, so that clients cannot make one
    /// themselves.
    #[must_use]
    pub fn cursor(&self, key: &PurposeKey, after: &impl Serialize) -> String {
        let sealed = Sealed { list: self.name, filter: self.filter, after };
        key.seal(&serde_json::to_vec(&sealed).unwrap_or_default())
    }

    /// Returns the position in a request's cursor, if it has one.
    pub fn after<P: DeserializeOwned>(
        &self,
        key: &PurposeKey,
        cursor: Option<&str>,
    ) -> Result<Option<P>, ApiError> {
        cursor.map(|cursor| self.position(key, cursor)).transpose()
    }

    /// Returns the position in a cursor.
    ///
    /// # Errors
    /// `invalid_cursor` if the cursor was made for another list, filter or order, or by another party.
    pub fn position<P: DeserializeOwned>(&self, key: &PurposeKey, cursor: &str) -> Result<P, ApiError> {
        let refused = || {
            ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_cursor",
                "The cursor belongs to another list, filter or order. Start from the first page.",
            )
            .about("cursor")
        };
        let payload = key.open(cursor).ok_or_else(refused)?;
        let sealed: Sealed<String, P> = serde_json::from_slice(&payload).map_err(|_| refused())?;
        if sealed.list == self.name && sealed.filter == self.filter {
            Ok(sealed.after)
        } else {
            Err(refused())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PurposeKey {
        "0123456789abcdef0123456789abcdef".parse::<rubis_kernel::AppKey>().unwrap().derive("cursor")
    }

    #[test]
    fn a_cursor_goes_on_in_its_own_list_alone() {
        let list = List::new("invoices", &("pending", "dueDate"));
        let cursor = list.cursor(&key(), &("2026-03-15", 7));
        assert_eq!(list.position::<(String, i32)>(&key(), &cursor).unwrap(), ("2026-03-15".to_owned(), 7));
        for other in [
            List::new("clients", &("pending", "dueDate")),
            List::new("invoices", &("paid", "dueDate")),
            List::new("invoices", &("pending", "amount")),
        ] {
            assert_eq!(
                other.position::<(String, i32)>(&key(), &cursor).unwrap_err().to_string(),
                "invalid_cursor"
            );
        }
    }

    #[test]
    fn a_mangled_cursor_is_refused() {
        let list = List::new("invoices", &());
        let cursor = list.cursor(&key(), &7);
        for mangled in ["", "abc", "é", &cursor[1..], &cursor[..cursor.len() - 1]] {
            assert!(list.position::<i32>(&key(), mangled).is_err(), "{mangled}");
        }
        assert!(list.position::<String>(&key(), &cursor).is_err());
    }
}
