//! Rubis's own subscription: tiers and their limits, the trial, Stripe's events, and the mails about
//! them.
//!
//! [`start_checkout`], [`start_trial`] and [`open_portal`] lead to Stripe's pages. Stripe reports the
//! results in events, which [`handle_event`] applies once each and never backwards. [`invoice_limit`]
//! returns the number of invoices that may be chased at once; `lifecycle` counts them and computes the
//! figures of a recap. Code that changes invoices locks these first, then the row of the subscription,
//! then that of the organization.

mod apply_event;
mod compose_recap;
mod create_subscription;
mod customer;
mod event_outcome;
mod event_subject;
mod find_subscriber;
#[cfg(test)]
mod fixtures;
mod handle_event;
mod invoice_limit;
mod jobs;
mod judgement;
mod links;
mod mail;
mod only_checkout;
mod open_portal;
mod order;
mod payment_failed;
mod plan;
mod purge_events;
mod queries;
mod question;
mod recap;
mod rules;
mod snapshot;
mod start_checkout;
mod start_trial;
mod subscription;
mod sweep_trials;
mod view;

pub use apply_event::{Applied, ApplyEventError, apply_event};
pub use compose_recap::{Recap, compose_recap};
pub use create_subscription::create_subscription;
pub use customer::CustomerError;
pub use event_outcome::EventOutcome;
pub use handle_event::{HandleEventError, handle_event};
pub use invoice_limit::{invoice_limit, lock_invoice_limit};
pub use jobs::{PaymentFailedMail, TrialRecap, TrialSweep};
pub use links::BillingLinks;
pub use mail::BillingMailTerms;
pub use open_portal::{OpenPortalError, open_portal};
pub use payment_failed::{claim_payment_failed_mail, give_payment_failed_mail_up};
pub use plan::{BillingCycle, BillingPlan, Offer, PaidPlan};
pub use purge_events::purge_events;
pub use question::{Answer, Question};
pub use recap::{EndingTrial, RecapError, RecapFigures, ending_trial, give_recap_up, record_recap_sent};
pub use rules::{BillingRules, PlanLimitReached, PlanLimits};
pub use start_checkout::{StartCheckoutError, start_checkout};
pub use start_trial::{StartTrialError, start_trial};
pub use subscription::{StateMark, Subscription, subscription_of};
pub use sweep_trials::{seed_trial_sweep, sweep_trials};
pub use view::SubscriptionView;
