//! Fields of a change that can be left out, set, or emptied with `null`.

use serde::{Deserialize, Deserializer};

/// Deserializes a field that is present: `null` is `Some(None)`. With `#[serde(default)]`, a missing
/// field is `None`.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
