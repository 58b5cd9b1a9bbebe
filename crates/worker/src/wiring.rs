//! Builds the parts of the worker from its settings.

use std::{num::NonZeroU32, time::Duration};

use rubis_accounts::{AccountKeys, AccountLinks};
use rubis_billing::BillingLinks;
use rubis_checkins::{CheckinLinks, KEY_PURPOSE};
use rubis_composition::{billing_rules, checkin_rules, stripe_gateway};
use rubis_jobs::Queue;
use rubis_kernel::SharedClock;
use rubis_lifecycle::SubscriptionLimits;
use rubis_mailer::{MailerSettings, ResendSettings, SmtpCredentials, SmtpSettings, SmtpTls};
use rubis_queue::{QueueSettings, RedisPool};
use rubis_relances::Sender;
use rubis_runtime::{
    MailRate, Rate, WorkerSettings,
    settings::{MailDriver, MailSettings, SmtpTlsMode},
};
use rubis_stripe::StripeError;

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

fn per_second(count: NonZeroU32) -> Rate {
    Rate::new(count.get(), Duration::from_secs(1))
}

/// Returns the settings of the mailer.
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

/// Returns the sender of the mails.
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

/// Parts of the mails about check-ins.
#[must_use]
pub fn checkin_parts(settings: &WorkerSettings) -> CheckinParts {
    let process = &settings.process;
    CheckinParts {
        links: CheckinLinks::new(process.app_url.as_str()),
        key: process.app_key.derive(KEY_PURPOSE),
        rules: checkin_rules(&settings.checkins),
    }
}

/// The limits on reminders, by subscription.
#[must_use]
pub fn sending_limits(settings: &WorkerSettings) -> SubscriptionLimits {
    SubscriptionLimits {
        rules: billing_rules(&settings.billing),
        free_recipients_per_day: settings.mail.free_recipients_per_day,
        paid_recipients_per_day: settings.mail.paid_recipients_per_day,
    }
}

/// Parts of the mails about subscriptions.
///
/// # Errors
/// The key of Stripe or its address can't be used.
pub fn billing_parts(settings: &WorkerSettings, clock: SharedClock) -> Result<BillingParts, StripeError> {
    Ok(BillingParts {
        stripe: stripe_gateway(&settings.stripe, clock)?,
        links: BillingLinks::new(settings.process.web_url.as_str()),
        rules: billing_rules(&settings.billing),
        minutes_per_rubis: settings.billing.minutes_per_rubis,
    })
}
