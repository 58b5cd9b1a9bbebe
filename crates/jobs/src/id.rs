//! The deterministic id of a job.

use std::{fmt, str::FromStr, sync::Arc};

/// The longest id that the table takes, in characters.
const MAX_LENGTH: usize = 200;

/// `kind:key`, for example `relance:0198…`. It follows from what the job is about, so that asking
/// twice for the same thing gives one job. Copies share the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(Arc<str>);

/// A text that is no job's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no job id: `kind:key` is expected, of at most {MAX_LENGTH} characters")]
pub struct InvalidJobId(pub String);

impl JobId {
    /// The id of the job of this kind about `key`, usually a row's id.
    #[must_use]
    pub fn new(kind: &str, key: impl fmt::Display) -> Self {
        Self(format!("{kind}:{key}").into())
    }

    /// Returns the kind: the part before the first colon.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.split_once(':').map_or(self.as_str(), |(kind, _)| kind)
    }

    /// The key of the job: all after the first colon.
    #[must_use]
    pub fn key(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, key)| key)
    }

    /// The whole id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An id that comes from the table, which checks what it holds.
    pub(crate) fn from_database(id: String) -> Self {
        Self(id.into())
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for JobId {
    type Err = InvalidJobId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = text.split_once(':').is_some_and(|(kind, key)| !kind.is_empty() && !key.is_empty());
        if !well_formed || text.chars().count() > MAX_LENGTH || text.contains('\0') {
            return Err(InvalidJobId(text.to_owned()));
        }
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_what_comes_before_the_first_colon() {
        assert_eq!(JobId::new("relance", "a:b").kind(), "relance");
    }

    #[test]
    fn only_a_kind_and_a_key_make_an_id() {
        assert!("relance:1".parse::<JobId>().is_ok());
        for text in ["", "relance", ":1", "relance:", "relance:\0", &format!("a:{}", "b".repeat(MAX_LENGTH))]
        {
            assert_eq!(text.parse::<JobId>(), Err(InvalidJobId(text.to_owned())));
        }
    }
}
