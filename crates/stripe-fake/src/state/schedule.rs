//! Changes that follow from the passage of time.

use time::{Duration, OffsetDateTime};

use super::State;
use super::subscription::{Subscription, SubscriptionStatus};

/// The time before its end at which the end of a trial is announced.
const ANNOUNCED_BEFORE: Duration = Duration::days(3);

/// Number of failed charges of one invoice after which the subscription ends.
const MAX_FAILED_ATTEMPTS: u32 = 4;

/// A change that is due.
enum Due {
    Announcement,
    Charge,
    End,
}

impl State {
    /// Simulates everything that is due, in steps, so that several past periods are several charges.
    pub(crate) fn catch_up(&mut self, now: OffsetDateTime) {
        // Each step moves its subscription forward; the bound is for a clock that was moved by centuries.
        for _ in 0..1_000 {
            let due: Vec<(String, Due)> = self
                .subscriptions
                .values()
                .filter_map(|one| Some((one.id.clone(), what_is_due(one, now)?)))
                .collect();
            if due.is_empty() {
                return;
            }
            for (id, due) in due {
                let succeeds =
                    self.subscriptions.get(&id).is_some_and(|subscription| !subscription.next_payment_fails);
                let played = match due {
                    Due::Announcement => self.announce_trial_end(&id, now),
                    Due::Charge => self.charge(&id, succeeds, now),
                    Due::End => self.cancel(&id, now),
                };
                if let Err(error) = played {
                    tracing::warn!(subscription = id, %error, "due change failed");
                    return;
                }
            }
        }
    }
}

fn what_is_due(subscription: &Subscription, now: OffsetDateTime) -> Option<Due> {
    let ended = now >= subscription.period_end;
    match subscription.status {
        SubscriptionStatus::Canceled | SubscriptionStatus::Incomplete => None,
        SubscriptionStatus::Trialing | SubscriptionStatus::Active
            if ended && subscription.cancel_at_period_end =>
        {
            Some(Due::End)
        }
        SubscriptionStatus::Trialing | SubscriptionStatus::Active if ended => Some(Due::Charge),
        SubscriptionStatus::Trialing => {
            let soon = subscription.trial_end.is_some_and(|end| now >= end - ANNOUNCED_BEFORE);
            (soon && !subscription.trial_end_announced).then_some(Due::Announcement)
        }
        SubscriptionStatus::Active => None,
        SubscriptionStatus::PastDue => {
            let tried_enough = subscription.failed_attempts >= MAX_FAILED_ATTEMPTS;
            let again = subscription.next_attempt.is_some_and(|attempt| now >= attempt);
            again.then_some(if tried_enough { Due::End } else { Due::Charge })
        }
    }
}
