//! Fields of a change that can be left out, set, or emptied with `null`.

use serde::{Deserialize, Deserializer};

/// What a field that is there says: `null` is `Some(None)`. With `#[serde(default)]`, a field that is not
/// there is `None`.
///
/// # Errors
/// The value's.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
