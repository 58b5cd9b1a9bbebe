//! Whether what an event tells is newer than what is known.

use time::{Duration, OffsetDateTime};

use crate::StateMark;

/// How far our clock and Stripe's may be apart.
const CLOCKS_APART: Duration = Duration::minutes(1);

/// How an event stands to the state that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// It tells of something later.
    Newer,
    /// What it tells of is part of the state.
    Older,
    /// Nobody can tell: Stripe has to be asked.
    InDoubt,
}

/// Compares an event, made and received at these instants, with the state that is known.
///
/// Stripe dates its events to the second, so two of the same second have no order. A state that Stripe was
/// asked for is dated by our clock: with an event of about the same time it has none either, unless the event
/// was here before Stripe was asked.
pub(crate) fn order(created: OffsetDateTime, received: OffsetDateTime, state: Option<StateMark>) -> Order {
    let Some(StateMark { at, fetched }) = state else { return Order::Newer };
    if fetched {
        let apart = created - at;
        if received < at {
            Order::Older
        } else if apart.abs() <= CLOCKS_APART {
            Order::InDoubt
        } else if apart.is_positive() {
            Order::Newer
        } else {
            Order::Older
        }
    } else {
        match created.unix_timestamp().cmp(&at.unix_timestamp()) {
            std::cmp::Ordering::Greater => Order::Newer,
            std::cmp::Ordering::Less => Order::Older,
            std::cmp::Ordering::Equal => Order::InDoubt,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    const fn told_at(at: OffsetDateTime) -> Option<StateMark> {
        Some(StateMark { at, fetched: false })
    }

    const fn asked_at(at: OffsetDateTime) -> Option<StateMark> {
        Some(StateMark { at, fetched: true })
    }

    #[rstest]
    #[case("nothing is known yet", None, Order::Newer)]
    #[case("the second before", told_at(NOON - Duration::SECOND), Order::Newer)]
    #[case("the same second", told_at(NOON), Order::InDoubt)]
    #[case("the second after", told_at(NOON + Duration::SECOND), Order::Older)]
    #[case("long before", told_at(NOON - Duration::DAY), Order::Newer)]
    fn events_are_ordered_by_the_second(
        #[case] _when_the_state_is_of: &str,
        #[case] state: Option<StateMark>,
        #[case] expected: Order,
    ) {
        // However late it comes.
        for received in [NOON, NOON + Duration::hours(5)] {
            assert_eq!(order(NOON, received, state), expected);
        }
    }

    #[rstest]
    #[case("asked long before it happened", NOON - Duration::minutes(2), Order::Newer)]
    #[case("asked at about that time", NOON - Duration::seconds(50), Order::InDoubt)]
    #[case("asked a little later", NOON + Duration::seconds(50), Order::InDoubt)]
    #[case("asked long after it happened", NOON + Duration::minutes(2), Order::Older)]
    fn what_stripe_was_asked_for_is_compared_with_care(
        #[case] _when: &str,
        #[case] asked: OffsetDateTime,
        #[case] expected: Order,
    ) {
        let received_late = NOON + Duration::hours(1);
        assert_eq!(order(NOON, received_late, asked_at(asked)), expected);
    }

    #[test]
    fn an_event_that_was_here_before_stripe_was_asked_tells_nothing_new() {
        let asked = asked_at(NOON + Duration::seconds(2));
        assert_eq!(order(NOON, NOON + Duration::seconds(1), asked), Order::Older);
        assert_eq!(order(NOON, NOON + Duration::seconds(2), asked), Order::InDoubt);
    }
}
