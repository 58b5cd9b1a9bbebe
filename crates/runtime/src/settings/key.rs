//! The declaration of a key.

/// One key of the configuration.
#[derive(Debug)]
pub(super) struct Key {
    /// Its name in the environment.
    pub name: &'static str,
    /// What holds when it is not set.
    pub default: Default,
    /// What it takes, as errors and the documentation say it: "a port number from 1 to 65535".
    pub takes: &'static str,
    /// What it is for, in one sentence.
    pub meaning: &'static str,
    /// A development value, where it differs from the default.
    pub example: Option<&'static str>,
    /// Whether its value must never be shown.
    pub secret: bool,
}

/// What holds when a key is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Default {
    /// This value.
    Value(&'static str),
    /// A value for each binary.
    Each { api: &'static str, worker: &'static str },
    /// Nothing; this says what happens then.
    Unset(&'static str),
    /// The process does not start; this says when, if not always.
    Required(&'static str),
}

/// Which process is being configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Api,
    Worker,
}

impl Key {
    /// The default as a value, where there is one.
    pub(super) fn default_for(&self, binary: Binary) -> Option<&'static str> {
        match (self.default, binary) {
            (Default::Value(value), _)
            | (Default::Each { api: value, .. }, Binary::Api)
            | (Default::Each { worker: value, .. }, Binary::Worker) => Some(value),
            (Default::Unset(_) | Default::Required(_), _) => None,
        }
    }
}

/// The keys of one section, in the order in which they are documented.
pub(super) struct Section {
    pub title: &'static str,
    pub keys: &'static [&'static Key],
}
