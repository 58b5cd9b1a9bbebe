//! Settings of the processes, read once at start.
//!
//! Values come from the environment, over an optional `.env` file, over the defaults in the code. Each key is declared
//! beside the section that reads it, with the values it takes; errors, `docs/configuration.md` and `.env.example` are
//! generated from the declaration.

mod auth;
mod billing;
mod certificates;
mod checkin;
mod document;
mod error;
mod http;
mod key;
mod mail;
mod parse;
mod postgres;
mod process;
mod production;
mod redis;
mod source;
mod stripe;
mod worker;

use std::collections::HashMap;

pub use auth::{AuthSettings, LimiterStore};
pub use billing::BillingSection;
pub use certificates::CertificateFile;
pub use checkin::CheckinSettings;
pub use document::{documentation, env_example};
pub use error::SettingsError;
pub use http::HttpSettings;
pub use mail::{MailDriver, MailSettings, SmtpTlsMode};
pub use postgres::{MigrationSettings, PostgresSettings};
pub use process::{LogFormat, LogSettings, ProcessSettings};
pub use redis::RedisSettings;
pub use stripe::StripeSection;
pub use worker::WorkerSection;

use key::Binary;
use source::Source;

/// All settings of the api.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Settings common to both binaries.
    pub process: ProcessSettings,
    pub http: HttpSettings,
    pub postgres: PostgresSettings,
    /// Redis: rate limits, and wake-ups of the queue.
    pub redis: RedisSettings,
    pub auth: AuthSettings,
    pub checkins: CheckinSettings,
    pub stripe: StripeSection,
    /// Limits of the subscriptions.
    pub billing: BillingSection,
}

/// All settings of the worker.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    pub process: ProcessSettings,
    pub postgres: PostgresSettings,
    /// Redis: the queue.
    pub redis: RedisSettings,
    pub mail: MailSettings,
    /// Check-ins: the times announced in their mails.
    pub checkins: CheckinSettings,
    /// Stripe account in which Rubis's own subscriptions are charged.
    pub stripe: StripeSection,
    /// Limits of the subscriptions, used by the mails about them.
    pub billing: BillingSection,
    /// Queues and concurrency of the worker.
    pub worker: WorkerSection,
}

impl ApiSettings {
    /// Reads the environment and `.env`.
    ///
    /// # Errors
    /// One line that names the first key that is missing or malformed, the value it got and the values it takes.
    pub fn load() -> Result<Self, SettingsError> {
        Self::read(&Source::of_this_process()?)
    }

    /// Reads only these values over the defaults: for tests.
    ///
    /// # Errors
    /// Like [`load`](Self::load).
    pub fn from_map(values: &HashMap<String, String>) -> Result<Self, SettingsError> {
        Self::read(&Source::of_map(values)?)
    }

    /// Returns the number of requests of one organization that run at once in one process.
    #[must_use]
    pub fn organization_concurrency(&self) -> usize {
        let half_of_pool = usize::try_from(self.postgres.pool_size / 2).unwrap_or(usize::MAX);
        self.http.organization_concurrency.unwrap_or(half_of_pool).max(1)
    }

    fn read(source: &Source) -> Result<Self, SettingsError> {
        let settings = Self {
            process: ProcessSettings::read(source, Binary::Api)?,
            http: HttpSettings::read(source)?,
            postgres: PostgresSettings::read(source)?,
            redis: RedisSettings::read(source)?,
            auth: AuthSettings::read(source)?,
            checkins: CheckinSettings::read(source)?,
            stripe: StripeSection::read(source, Binary::Api)?,
            billing: BillingSection::read(source)?,
        };
        production::check(source)?;
        Ok(settings)
    }
}

impl MigrationSettings {
    /// Reads the environment and `.env`. `database_url` replaces `MIGRATE_DATABASE_URL`.
    ///
    /// # Errors
    /// One line that names the first key that is malformed, the value it got and the values it takes.
    pub fn load(database_url: Option<&str>) -> Result<Self, SettingsError> {
        let source = Source::of_this_process()?;
        let settings = Self::read(&source, database_url)?;
        production::check(&source)?;
        Ok(settings)
    }

    /// Reads only these values over the defaults: for tests.
    ///
    /// # Errors
    /// Like [`load`](Self::load).
    pub fn from_map(values: &HashMap<String, String>) -> Result<Self, SettingsError> {
        let source = Source::of_map(values)?;
        let settings = Self::read(&source, None)?;
        production::check(&source)?;
        Ok(settings)
    }
}

impl WorkerSettings {
    /// Reads the environment and `.env`.
    ///
    /// # Errors
    /// One line that names the first key that is missing or malformed, the value it got and the values it takes.
    pub fn load() -> Result<Self, SettingsError> {
        Self::read(&Source::of_this_process()?)
    }

    /// Reads only these values over the defaults: for tests.
    ///
    /// # Errors
    /// Like [`load`](Self::load).
    pub fn from_map(values: &HashMap<String, String>) -> Result<Self, SettingsError> {
        Self::read(&Source::of_map(values)?)
    }

    fn read(source: &Source) -> Result<Self, SettingsError> {
        let settings = Self {
            process: ProcessSettings::read(source, Binary::Worker)?,
            postgres: PostgresSettings::read(source)?,
            redis: RedisSettings::read(source)?,
            mail: MailSettings::read(source)?,
            checkins: CheckinSettings::read(source)?,
            stripe: StripeSection::read(source, Binary::Worker)?,
            billing: BillingSection::read(source)?,
            worker: WorkerSection::read(source)?,
        };
        production::check(source)?;
        Ok(settings)
    }
}
