//! The declaration of a key.

/// One key of the configuration.
#[derive(Debug)]
pub(super) struct Key {
    /// Name in the environment.
    pub name: &'static str,
    /// Value or behaviour if it is not set.
    pub default: Default,
    /// Description of the values that it takes, for errors and the documentation: "a port number from 1 to 65535".
    pub takes: &'static str,
    /// Purpose, in one sentence.
    pub meaning: &'static str,
    /// Value for development, if it differs from the default.
    pub example: Option<&'static str>,
    /// True if its value must never be shown.
    pub secret: bool,
}

/// Value or behaviour if a key is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Default {
    Value(&'static str),
    /// A value for each binary.
    Each {
        api: &'static str,
        worker: &'static str,
    },
    /// No value; the text describes the consequence.
    Unset(&'static str),
    /// The process does not start; the text names the condition, if there is one.
    Required(&'static str),
}

/// Process that is being configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Api,
    Worker,
}

impl Key {
    /// Returns the default as a value, if there is one.
    pub(super) fn default_for(&self, binary: Binary) -> Option<&'static str> {
        match (self.default, binary) {
            (Default::Value(value), _)
            | (Default::Each { api: value, .. }, Binary::Api)
            | (Default::Each { worker: value, .. }, Binary::Worker) => Some(value),
            (Default::Unset(_) | Default::Required(_), _) => None,
        }
    }
}

/// Keys of one section, in the order of the documentation.
pub(super) struct Section {
    pub title: &'static str,
    pub keys: &'static [&'static Key],
}
