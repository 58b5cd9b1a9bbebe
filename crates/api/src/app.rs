//! The state shared by all handlers.

use std::{sync::Arc, time::Duration};

use deadpool_redis::Pool as RedisPool;
use rubis_accounts::{AccountKeys, SessionRules};
use rubis_checkins::CheckinRules;
use rubis_db::Pool;
use rubis_kernel::{AppKey, PurposeKey, SharedClock};
use rubis_runtime::{
    ApiSettings, RateLimiter,
    redis::{self, RedisPoolError},
    settings::{LimiterStore, RedisSettings},
};
use rubis_stripe::StripeError;
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::{
    ApiError, Billing, lifetime,
    slots::{KeyedSlot, KeyedSlots, SlotLimits, Slots},
};

/// Passwords hashed at once: each takes 19 MiB and a processor for tens of milliseconds. A queue of 64 is empty
/// again after about a second.
const PASSWORD_LIMITS: SlotLimits = SlotLimits { running: 4, waiting: 64, patience: Duration::from_secs(3) };
/// Requests of one organization that wait for its other requests, and the longest wait.
const ORGANIZATION_WAITING: usize = 100;
const ORGANIZATION_PATIENCE: Duration = Duration::from_secs(2);
/// Connections to each server that are reserved for the readiness probe.
const PROBE_CONNECTIONS: usize = 1;
/// Rate limits take a connection for well below a millisecond.
const REDIS_CONNECTIONS: usize = 8;

/// The state shared by all handlers and all threads of the server.
pub struct App {
    pub db: Pool,
    pub clock: SharedClock,
    /// Keys derived from the server's secret, one for each purpose.
    pub keys: Keys,
    /// Connections for `/readyz` alone: a server whose other connections are all in use still counts as
    /// ready.
    pub probes: Probes,
    pub limiter: RateLimiter,
    /// Rubis's own subscription.
    pub billing: Billing,
    pub settings: ApiSettings,
    /// Bounds the hashing of passwords.
    password_slots: Arc<Slots>,
    /// Bounds the requests of each organization.
    organization_slots: Arc<KeyedSlots>,
}

/// Connections reserved for readiness probes of PostgreSQL and Redis.
pub struct Probes {
    pub db: Pool,
    pub redis: RedisPool,
}

/// A failure to set up the application.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The address of the database cannot be used.
    #[error("DATABASE_URL: {0}")]
    Database(#[from] rubis_db::AddressError),
    /// The address of Redis is invalid.
    #[error(transparent)]
    Redis(#[from] RedisPoolError),
    /// The key of Stripe or its address cannot be used.
    #[error(transparent)]
    Stripe(#[from] StripeError),
}

/// Keys derived for the API's own purposes.
pub struct Keys {
    /// Makes the tokens in account mails.
    pub account: AccountKeys,
    /// Seals access tokens.
    pub access: PurposeKey,
    /// Hashes the addresses of failed sign-ins in the audit trail.
    pub audit: PurposeKey,
    /// Seals the values of the buttons of check-ins.
    pub checkin_button: PurposeKey,
    /// Seals cursors.
    pub cursor: PurposeKey,
    /// Seals the tokens of known devices.
    pub device: PurposeKey,
    /// Makes referral codes.
    pub referral: PurposeKey,
}

impl App {
    /// Sets up the application. Opens no connection yet.
    pub fn new(settings: ApiSettings, clock: SharedClock) -> Result<Self, AppError> {
        let postgres = &settings.postgres;
        let db = rubis_db::connect(postgres.url.expose_secret(), postgres.pool_size)?;
        let limiter = match settings.auth.limiter_store {
            LimiterStore::Memory => RateLimiter::memory(clock.clone()),
            LimiterStore::Redis => {
                let redis = redis::pool(&settings.redis, REDIS_CONNECTIONS)?;
                limiter_in(redis, &settings.redis, &clock)
            }
        };
        let probes = Probes {
            db: rubis_db::connect(postgres.url.expose_secret(), 1)?,
            redis: redis::pool(&settings.redis, PROBE_CONNECTIONS)?,
        };
        let keys = Keys::derived_from(&settings.process.app_key);
        let billing = Billing::new(&settings, clock.clone())?;
        let password_slots = Slots::new(PASSWORD_LIMITS);
        let organization_slots = KeyedSlots::new(SlotLimits {
            running: settings.organization_concurrency(),
            waiting: ORGANIZATION_WAITING,
            patience: ORGANIZATION_PATIENCE,
        });
        Ok(Self { db, clock, keys, probes, limiter, billing, settings, password_slots, organization_slots })
    }

    /// Returns true if clients reach the API over HTTPS.
    #[must_use]
    pub fn is_served_over_https(&self) -> bool {
        self.settings.process.app_url.scheme() == "https"
    }

    /// Returns the lifetimes of sessions.
    #[must_use]
    pub fn session_rules(&self) -> SessionRules {
        let settings = &self.settings.auth;
        SessionRules {
            refresh_ttl: lifetime(settings.refresh_token_ttl),
            lifetime: lifetime(settings.session_lifetime),
        }
    }

    /// Returns the lifetime of check-ins, and the rules by which their links are trusted.
    #[must_use]
    pub fn checkin_rules(&self) -> CheckinRules {
        rubis_composition::checkin_rules(&self.settings.checkins)
    }

    /// Hashes or verifies a password on a thread that serves no requests.
    ///
    /// # Errors
    /// `overloaded` if the queue is full, or if no slot is free in time.
    pub(crate) async fn hash_aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let slot = self.password_slots.acquire().await.map_err(|_| ApiError::overloaded())?;
        // The slot moves into the closure: the work goes on if the client disconnects.
        let done = actix_web::web::block(move || (work(), slot)).await.map_err(ApiError::internal)?;
        Ok(done.0)
    }

    /// Acquires a slot for a request of an organization, or of one of its sessions.
    ///
    /// # Errors
    /// `too_many_concurrent_requests`.
    pub(crate) async fn slots_of(&self, key: Uuid) -> Result<KeyedSlot, ApiError> {
        let acquired = self.organization_slots.acquire(key).await;
        acquired.map_err(|_| ApiError::too_many_concurrent_requests())
    }
}

impl Keys {
    fn derived_from(key: &AppKey) -> Self {
        Self {
            account: AccountKeys::derived_from(key),
            access: key.derive("access"),
            audit: key.derive("audit"),
            checkin_button: key.derive("checkin-button"),
            cursor: key.derive("cursor"),
            device: key.derive("device"),
            referral: key.derive("referral"),
        }
    }
}

fn limiter_in(pool: RedisPool, settings: &RedisSettings, clock: &SharedClock) -> RateLimiter {
    RateLimiter::redis(pool, &settings.prefix, clock.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use actix_web::{ResponseError, http::header};
    use rubis_kernel::SystemClock;

    use super::*;

    fn app() -> App {
        let values = [("APP_KEY", "0123456789abcdef0123456789abcdef"), ("LIMITER_STORE", "memory")];
        let values: HashMap<_, _> = values.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        App::new(ApiSettings::from_map(&values).unwrap(), Arc::new(SystemClock)).unwrap()
    }

    #[actix_web::test]
    async fn passwords_beyond_what_can_be_hashed_soon_are_refused_and_not_queued() {
        let app = app();
        assert_eq!(app.hash_aside(|| 7).await.unwrap(), 7);
        let most = PASSWORD_LIMITS.running + PASSWORD_LIMITS.waiting;
        let full: Vec<_> = (0..most).map(|_| app.password_slots.enter().unwrap()).collect();
        let refused = app.hash_aside(|| 7).await.unwrap_err();
        assert_eq!((refused.code(), refused.status_code().as_u16()), ("overloaded", 503));
        assert!(refused.error_response().headers().contains_key(header::RETRY_AFTER));
        drop(full);
        assert_eq!(app.hash_aside(|| 7).await.unwrap(), 7);
    }
}
