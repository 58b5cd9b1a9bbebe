//! Errors of the settings: one line about one key.

use thiserror::Error;

use super::key::Key;

/// Maximum length of the part of a wrong value that is shown, in characters.
const SHOWN: usize = 80;

/// Reasons why a process cannot start with its settings. Always one line; never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// The value is not of the kind that the key takes.
    #[error("{key}: got {got}, takes {takes}")]
    Malformed {
        key: &'static str,
        /// Its value, quoted; for a secret, only the length.
        got: String,
        /// Description of the values that it takes.
        takes: &'static str,
    },
    /// The key has no value, and no default.
    #[error("{key}: is not set, takes {takes}")]
    Missing {
        key: &'static str,
        /// Description of the values that it takes.
        takes: &'static str,
    },
    /// The value breaks a rule that depends on another key.
    #[error("{key}: {rule}")]
    Refused {
        key: &'static str,
        /// The rule, without the value.
        rule: &'static str,
    },
    /// The `.env` file cannot be read.
    #[error(".env: {reason}")]
    EnvFile {
        /// Description of the fault, without the content of the file.
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
