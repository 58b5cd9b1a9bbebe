//! From the settings that operations give to what the parts are made from.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use rubis_accounts::{AccountKeys, AccountLinks};
use rubis_billing::{BillingLinks, BillingRules, PlanLimits};
use rubis_checkins::{CheckinLinks, CheckinRules, KEY_PURPOSE};
use rubis_jobs::Queue;
use rubis_kernel::SharedClock;
use rubis_lifecycle::SubscriptionLimits;
use rubis_mailer::{MailerSettings, ResendSettings, SmtpCredentials, SmtpSettings, SmtpTls};
use rubis_queue::{MailRate, QueueSettings, RateLimit, RedisPool};
use rubis_relances::Sender;
use rubis_runtime::{
    WorkerSettings,
    settings::{MailDriver, MailSettings, SmtpTlsMode, StripeSection},
};
use rubis_stripe::{StripeError, StripeGateway, StripeSettings};

use crate::handlers::{AccountParts, BillingParts, CheckinParts};

/// Settings by which this queue is served.
#[must_use]
pub fn queue_settings(settings: &WorkerSettings, queue: Queue) -> QueueSettings {
    let base = QueueSettings {
        prefix: settings.redis.prefix.clone(),
        concurrency: u32::try_from(settings.worker.concurrency).unwrap_or(u32::MAX),
        horizon: settings.worker.queue_horizon,
        shutdown_grace: settings.process.shutdown_grace,
        ..QueueSettings::default()
    };
    match queue {
        // It sends no mail, and a page holds a connection from its first statement to its last: three quarters
        // of the pool stay with the queues that send.
        Queue::Planning => QueueSettings {
            concurrency: base.concurrency.min((settings.postgres.pool_size / 4).max(1)),
            ..base
        },
        Queue::Relances | Queue::Checkins | Queue::CheckinUpkeep | Queue::Billing | Queue::Mails => base,
    }
}

/// The rate of mails, which all queues and workers share.
#[must_use]
pub fn mail_rate(settings: &WorkerSettings, redis: RedisPool) -> MailRate {
    let mail = &settings.mail;
    MailRate::new(
        redis,
        &settings.redis.prefix,
        mail.rate_per_second.map(per_second),
        mail.tenant_rate_per_second.map(per_second),
    )
}

fn per_second(count: NonZeroU32) -> RateLimit {
    RateLimit { count: count.get(), per: Duration::from_secs(1), burst: count.get() }
}

/// What the mailer is made from.
#[must_use]
pub fn mailer_settings(settings: &MailSettings, concurrency: usize) -> MailerSettings {
    match &settings.driver {
        MailDriver::Smtp { host, port, credentials, tls, ca_certificates } => {
            MailerSettings::Smtp(SmtpSettings {
                tls: match tls {
                    SmtpTlsMode::None => SmtpTls::None,
                    SmtpTlsMode::Opportunistic => SmtpTls::Opportunistic,
                    SmtpTlsMode::Starttls => SmtpTls::Starttls,
                    SmtpTlsMode::Required => SmtpTls::Required,
                },
                ca_certificates: ca_certificates.as_ref().map(|file| file.pem.clone()),
                credentials: credentials.as_ref().map(|(username, password)| SmtpCredentials {
                    username: username.clone(),
                    password: password.clone(),
                }),
                // A connection for each mail that can be on its way at once.
                max_idle_connections: concurrency,
                ..SmtpSettings::new(host, *port)
            })
        }
        MailDriver::Resend { api_key, api_base } => {
            MailerSettings::Resend(ResendSettings::new(api_key.clone(), api_base.clone()))
        }
    }
}

/// Whom the mails come from.
#[must_use]
pub fn sender(settings: &MailSettings) -> Sender {
    Sender { address: settings.from.address.clone() }
}

/// The parts that mails about accounts are written with.
#[must_use]
pub fn account_parts(settings: &WorkerSettings) -> AccountParts {
    let process = &settings.process;
    AccountParts {
        links: AccountLinks::new(process.web_url.as_str()),
        keys: AccountKeys::derived_from(&process.app_key),
    }
}

/// What the mails about check-ins are written with.
#[must_use]
pub fn checkin_parts(settings: &WorkerSettings) -> CheckinParts {
    let (process, checkins) = (&settings.process, settings.checkins);
    CheckinParts {
        links: CheckinLinks::new(process.app_url.as_str()),
        key: process.app_key.derive(KEY_PURPOSE),
        rules: CheckinRules {
            life: checkins.ttl,
            quiet: checkins.quiet,
            suspect: checkins.suspect,
            undo: checkins.undo,
        },
    }
}

/// The limits on reminders, by subscription.
#[must_use]
pub fn sending_limits(settings: &WorkerSettings) -> SubscriptionLimits {
    SubscriptionLimits {
        rules: billing_rules(settings),
        free_recipients_per_day: settings.mail.free_recipients_per_day,
        paid_recipients_per_day: settings.mail.paid_recipients_per_day,
    }
}

fn billing_rules(settings: &WorkerSettings) -> BillingRules {
    let billing = &settings.billing;
    BillingRules {
        limits: PlanLimits {
            free: billing.free_invoices,
            pro: billing.pro_invoices,
            business: billing.business_invoices,
        },
        grace: billing.grace,
        trial_days: billing.trial_days,
    }
}

/// What the mails about subscriptions are written with.
///
/// # Errors
/// The key of Stripe or its address can't be used.
pub fn billing_parts(settings: &WorkerSettings, clock: SharedClock) -> Result<BillingParts, StripeError> {
    Ok(BillingParts {
        stripe: gateway(&settings.stripe, clock)?,
        links: BillingLinks::new(settings.process.web_url.as_str()),
        rules: billing_rules(settings),
        minutes_per_rubis: settings.billing.minutes_per_rubis,
    })
}

fn gateway(settings: &StripeSection, clock: SharedClock) -> Result<Option<Arc<StripeGateway>>, StripeError> {
    let Some(secret_key) = settings.secret_key.clone() else { return Ok(None) };
    let stripe = StripeSettings { api_base: settings.api_base.clone(), ..StripeSettings::new(secret_key) };
    Ok(Some(Arc::new(StripeGateway::new(&stripe, clock)?)))
}
