//! One line about one key.

use thiserror::Error;

use super::key::Key;

/// Longest part of a wrong value that is repeated, in characters.
const SHOWN: usize = 80;

/// Why a process cannot start with the settings it was given. Always one line; never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// The value is not of the kind that the key takes.
    #[error("{key}: got {got}, takes {takes}")]
    Malformed {
        /// The key.
        key: &'static str,
        /// What it got, quoted; for a secret, only its length.
        got: String,
        /// What it takes.
        takes: &'static str,
    },
    /// The key has no value, and no default.
    #[error("{key}: is not set, takes {takes}")]
    Missing {
        /// The key.
        key: &'static str,
        /// What it takes.
        takes: &'static str,
    },
    /// The value breaks a rule that another key brings in.
    #[error("{key}: {rule}")]
    Refused {
        /// The key.
        key: &'static str,
        /// The rule, without the value.
        rule: &'static str,
    },
    /// The `.env` file cannot be read.
    #[error(".env: {reason}")]
    EnvFile {
        /// What is wrong with it, without its content.
        reason: String,
    },
}

impl SettingsError {
    pub(super) fn malformed(key: &Key, got: &str) -> Self {
        let got = if key.secret {
            format!("a hidden value of {} bytes", got.len())
        } else if got.chars().count() > SHOWN {
            let start: String = got.chars().take(SHOWN).collect();
            format!("{start:?}…")
        } else {
            // Quoted with escapes, so that a line end in it does not make two lines.
            format!("{got:?}")
        };
        Self::Malformed { key: key.name, got, takes: key.takes }
    }

    pub(super) fn refused(key: &Key, rule: &'static str) -> Self {
        Self::Refused { key: key.name, rule }
    }

    pub(super) fn missing(key: &Key) -> Self {
        Self::Missing { key: key.name, takes: key.takes }
    }
}
