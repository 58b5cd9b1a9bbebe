//! What every handler can reach.

use deadpool_redis::Pool as RedisPool;
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
use tokio::sync::Semaphore;

use crate::{ApiError, Billing};

/// How many passwords are hashed at once: each takes 19 MiB and a processor.
const PASSWORDS_AT_ONCE: usize = 4;
/// Rate limits take a connection for well below a millisecond.
const REDIS_CONNECTIONS: usize = 8;

/// The parts that handlers work with, shared by all threads of the server.
pub struct App {
    /// Connections to the database.
    pub db: Pool,
    /// The time.
    pub clock: SharedClock,
    /// Keys derived from the server's secret, one a purpose.
    pub keys: Keys,
    /// Redis, to tell whether it answers.
    pub redis: RedisPool,
    /// Who has asked too often.
    pub limiter: RateLimiter,
    /// Rubis's own subscription.
    pub billing: Billing,
    /// How this server is set up.
    pub settings: ApiSettings,
    /// Turns for hashing a password.
    password_turns: Semaphore,
}

/// Why an application can't be set up like this.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The address of Redis is not one.
    #[error(transparent)]
    Redis(#[from] RedisPoolError),
    /// The key of Stripe or its address can't be used.
    #[error(transparent)]
    Stripe(#[from] StripeError),
}

/// The keys of the API's own purposes.
pub struct Keys {
    /// Seals access tokens.
    pub access: PurposeKey,
    /// Seals cursors.
    pub cursor: PurposeKey,
    /// Makes referral codes.
    pub referral: PurposeKey,
}

impl App {
    /// An application set up like this. Nothing is connected yet.
    ///
    /// # Errors
    /// [`AppError`].
    pub fn new(settings: ApiSettings, clock: SharedClock) -> Result<Self, AppError> {
        let postgres = &settings.postgres;
        let db = rubis_db::connect(postgres.url.expose_secret(), postgres.pool_size);
        let redis = redis::pool(&settings.redis, REDIS_CONNECTIONS)?;
        let limiter = match settings.auth.limiter_store {
            LimiterStore::Memory => RateLimiter::memory(clock.clone()),
            LimiterStore::Redis => limiter_in(&redis, &settings.redis, &clock),
        };
        let keys = Keys::derived_from(&settings.process.app_key);
        let password_turns = Semaphore::new(PASSWORDS_AT_ONCE);
        let billing = Billing::new(&settings, clock.clone())?;
        Ok(Self { db, clock, keys, redis, limiter, billing, settings, password_turns })
    }

    /// Whether people reach the API over HTTPS.
    #[must_use]
    pub fn is_served_over_https(&self) -> bool {
        self.settings.process.app_url.scheme() == "https"
    }

    /// How long a check-in lives, and when its links are believed.
    #[must_use]
    pub fn checkin_rules(&self) -> CheckinRules {
        let settings = &self.settings.checkins;
        CheckinRules {
            life: settings.ttl,
            quiet: settings.quiet,
            suspect: settings.suspect,
            undo: settings.undo,
        }
    }

    /// Does what takes a processor for tens of milliseconds, aside from the threads that serve requests.
    pub(crate) async fn hash_aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let _turn = self.password_turns.acquire().await.map_err(ApiError::internal)?;
        actix_web::web::block(work).await.map_err(ApiError::internal)
    }
}

impl Keys {
    fn derived_from(key: &AppKey) -> Self {
        Self { access: key.derive("access"), cursor: key.derive("cursor"), referral: key.derive("referral") }
    }
}

fn limiter_in(pool: &RedisPool, settings: &RedisSettings, clock: &SharedClock) -> RateLimiter {
    RateLimiter::redis(pool.clone(), &settings.prefix, clock.clone())
}
