//! Sources of values: the environment, over `.env`, over the defaults.

use std::collections::HashMap;
use std::ffi::OsString;

use config::{Config, ConfigError, Environment};

use super::document::SECTIONS;
use super::error::SettingsError;
use super::key::{Binary, Key};

/// Merged values of all keys.
pub(super) struct Source {
    config: Config,
}

impl Source {
    /// Reads the environment of this process over the `.env` file of this folder or one above it.
    pub(super) fn of_this_process() -> Result<Self, SettingsError> {
        let mut environment = HashMap::new();
        for (name, value) in std::env::vars_os() {
            let Some((key, name)) = name.to_str().and_then(|name| Some((find(name)?, name))) else {
                continue;
            };
            environment.insert(name.to_owned(), readable(key, value)?);
        }
        Self::layered(env_file()?, environment)
    }

    /// Reads only these values.
    pub(super) fn of_map(values: &HashMap<String, String>) -> Result<Self, SettingsError> {
        Self::layered(HashMap::new(), values.clone())
    }

    fn layered(
        file: HashMap<String, String>,
        environment: HashMap<String, String>,
    ) -> Result<Self, SettingsError> {
        // An empty value counts as not set: `SMTP_USER=` is how a file turns a key off.
        let layer = |values| Environment::default().ignore_empty(true).source(Some(values));
        let built = Config::builder().add_source(layer(file)).add_source(layer(environment)).build();
        match built {
            Ok(config) => Ok(Self { config }),
            Err(error) => Err(SettingsError::EnvFile { reason: one_line(&error) }),
        }
    }

    /// Returns the value of an optional key.
    pub(super) fn optional<T>(
        &self,
        key: &'static Key,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SettingsError> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        let text = text.trim();
        parse(text).map(Some).ok_or_else(|| SettingsError::malformed(key, text))
    }

    /// Returns the value of a key that has a default, or that the process does not start without.
    pub(super) fn required<T>(
        &self,
        key: &'static Key,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, SettingsError> {
        // Keys whose default depends on the binary are read by `required_for`.
        self.required_for(key, Binary::Api, parse)
    }

    /// Like [`required`](Self::required), for a key whose default differs between the binaries.
    pub(super) fn required_for<T>(
        &self,
        key: &'static Key,
        binary: Binary,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, SettingsError> {
        let text = self.text(key).or_else(|| key.default_for(binary).map(str::to_owned));
        let text = text.ok_or_else(|| SettingsError::missing(key))?;
        let text = text.trim();
        parse(text).ok_or_else(|| SettingsError::malformed(key, text))
    }

    fn text(&self, key: &Key) -> Option<String> {
        self.config.get_string(&key.name.to_ascii_lowercase()).ok()
    }
}

fn find(name: &str) -> Option<&'static Key> {
    let mut keys = SECTIONS.iter().flat_map(|section| section.keys.iter().copied());
    keys.find(|key| key.name == name)
}

fn readable(key: &Key, value: OsString) -> Result<String, SettingsError> {
    value.into_string().map_err(|value| SettingsError::malformed(key, &value.to_string_lossy()))
}

/// Reads the values of `.env`; none if there is no such file. The environment itself is not changed.
fn env_file() -> Result<HashMap<String, String>, SettingsError> {
    let entries = match dotenvy::dotenv_iter() {
        Ok(entries) => entries,
        Err(error) if error.not_found() => return Ok(HashMap::new()),
        Err(_) => {
            return Err(SettingsError::EnvFile { reason: "cannot be read".to_owned() });
        }
    };
    let mut values = HashMap::new();
    for (index, entry) in entries.enumerate() {
        // The error would contain the line, which may hold a secret.
        let (name, value) = entry.map_err(|_| SettingsError::EnvFile {
            reason: format!("entry {} is not of the form KEY=value", index + 1),
        })?;
        if find(&name).is_some() {
            values.insert(name, value);
        }
    }
    Ok(values)
}

fn one_line(error: &ConfigError) -> String {
    error.to_string().replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    static COLOUR: Key = Key {
        name: "RUBIS_TEST_COLOUR",
        default: super::super::key::Default::Value("red"),
        takes: "a colour",
        meaning: "For this test.",
        example: None,
        secret: false,
    };

    fn layer(value: Option<&str>) -> HashMap<String, String> {
        value.map(|value| (COLOUR.name.to_owned(), value.to_owned())).into_iter().collect()
    }

    #[test]
    fn the_environment_goes_before_the_file_and_the_file_before_the_default() {
        for (file, environment, expected) in [
            (Some("green"), Some("blue"), "blue"),
            (Some("green"), None, "green"),
            (None, None, "red"),
            (Some("green"), Some(""), "green"),
            (Some(""), Some(""), "red"),
            (None, Some(" 012 "), "012"),
        ] {
            let source = Source::layered(layer(file), layer(environment)).unwrap();
            let colour = source.required(&COLOUR, |text| Some(text.to_owned())).unwrap();
            assert_eq!(colour, expected, "{file:?} {environment:?}");
        }
    }
}
