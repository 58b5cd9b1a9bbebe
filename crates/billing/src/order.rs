//! The order of an event and the known state.

use time::{Duration, OffsetDateTime};

use crate::StateMark;

/// The maximum difference between two clocks: ours and Stripe's, and those of our processes.
const CLOCKS_APART: Duration = Duration::minutes(1);

/// The order of an event relative to the known state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The event is later than the state.
    Newer,
    /// The event is part of the state.
    Older,
    /// The order cannot be determined, so Stripe has to be asked.
    InDoubt,
}

/// Compares an event, made and received at these instants, with the state that is known.
///
/// Stripe dates its events to the second, so two of the same second have no order. A state that Stripe was
/// asked for is dated by our clock: with an event of about the same time it has none either, unless the event
/// was here well before Stripe was asked, perhaps by another process with another clock.
pub(crate) fn order(created: OffsetDateTime, received: OffsetDateTime, state: Option<StateMark>) -> Order {
    let was_here_before = state.is_some_and(|state| state.fetched && received + CLOCKS_APART < state.at);
    if created > received + CLOCKS_APART && !was_here_before {
        // Stripe dates no event in the future. Adopted, such a date would outdate every later event.
        return Order::InDoubt;
    }
    let Some(StateMark { at, fetched }) = state else { return Order::Newer };
    if fetched {
        let apart = created - at;
        if was_here_before {
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

    const fn reported_at(at: OffsetDateTime) -> Option<StateMark> {
        Some(StateMark { at, fetched: false })
    }

    const fn asked_at(at: OffsetDateTime) -> Option<StateMark> {
        Some(StateMark { at, fetched: true })
    }

    #[rstest]
    #[case("nothing is known yet", None, Order::Newer)]
    #[case("the second before", reported_at(NOON - Duration::SECOND), Order::Newer)]
    #[case("the same second", reported_at(NOON), Order::InDoubt)]
    #[case("the second after", reported_at(NOON + Duration::SECOND), Order::Older)]
    #[case("long before", reported_at(NOON - Duration::DAY), Order::Newer)]
    fn events_are_ordered_by_the_second(
        #[case] _when_the_state_is_of: &str,
        #[case] state: Option<StateMark>,
        #[case] expected: Order,
    ) {
        // The order is the same however late the event arrives.
        for received in [NOON, NOON + Duration::hours(5)] {
            assert_eq!(order(NOON, received, state), expected);
        }
    }

    #[rstest]
    #[case("nothing is known yet", None)]
    #[case("the state is an event's", reported_at(NOON - Duration::DAY))]
    #[case("Stripe was asked", asked_at(NOON - Duration::DAY))]
    fn an_event_that_is_dated_in_the_future_is_asked_about(
        #[case] _state: &str,
        #[case] state: Option<StateMark>,
    ) {
        assert_eq!(order(NOON + Duration::DAY, NOON, state), Order::InDoubt);
        assert_eq!(order(NOON, NOON, state), Order::Newer, "one of now is not");
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

    #[rstest]
    #[case("well before, whatever the clocks say", Duration::seconds(61), Order::Older)]
    #[case("before, unless the clocks of two processes are apart", Duration::seconds(59), Order::InDoubt)]
    #[case("at the same instant", Duration::ZERO, Order::InDoubt)]
    fn an_event_that_was_here_well_before_stripe_was_asked_changes_nothing(
        #[case] _when: &str,
        #[case] waited: Duration,
        #[case] expected: Order,
    ) {
        let received = NOON + Duration::SECOND;
        let asked = received + waited;
        // Dated as late as possible, so that only the reception decides.
        let created = asked + Duration::seconds(30);
        assert_eq!(order(created, received, asked_at(asked)), expected);
    }
}
