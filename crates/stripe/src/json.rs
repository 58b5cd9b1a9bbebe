//! Reading Stripe's JSON, written by any version of the API.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use time::OffsetDateTime;

use crate::error::MalformedObject;

/// Reads one object.
pub(crate) fn read<T: DeserializeOwned>(kind: &'static str, value: &Value) -> Result<T, MalformedObject> {
    T::deserialize(value).map_err(|error| MalformedObject { kind, reason: error.to_string() })
}

/// A reference to another object: its id, or the object itself if the response was expanded.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Reference<T> {
    Id(T),
    Expanded { id: T },
}

/// Reads the id of a reference.
pub(crate) fn id<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Reference::deserialize(deserializer).map(Reference::into_id)
}

/// Reads the id of a reference that may be null; a field that may be absent needs `default` as well.
pub(crate) fn optional_id<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(Option::<Reference<T>>::deserialize(deserializer)?.map(Reference::into_id))
}

impl<T> Reference<T> {
    fn into_id(self) -> T {
        match self {
            Self::Id(id) | Self::Expanded { id } => id,
        }
    }
}

/// Reads a field that may be null as its default.
pub(crate) fn null_as_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// An instant: seconds since 1970 in UTC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant(pub OffsetDateTime);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = i64::deserialize(deserializer)?;
        OffsetDateTime::from_unix_timestamp(seconds).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Reads a field that may be null or unreadable, which is `None` as well.
pub(crate) fn readable<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(T::deserialize(Value::deserialize(deserializer)?).ok())
}
