//! The check that an event belongs to the account and the mode of the secret key.

use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;

use super::StripeGateway;
use crate::webhook::Event;

/// The mode of an account: real or test money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Live,
    Test,
}

/// The reason why an event with a valid signature is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Stranger {
    /// It happened in an account that is connected to ours (Stripe Connect).
    #[error("the event is of a connected account")]
    OfAnotherAccount,
    /// It is of the test mode and our key of the live mode, or the other way round: the secret of the
    /// webhook and the key do not belong together.
    #[error("the event and the secret key are not of the same mode, live or test")]
    OfAnotherMode,
}

impl Mode {
    /// Returns the mode of a key of Stripe's, `sk_live_…` or `rk_test_…`; `None` if the key does not
    /// state it.
    pub(super) fn of_key(key: &SecretString) -> Option<Self> {
        let mut parts = key.expose_secret().splitn(3, '_');
        match (parts.next()?, parts.next()?, parts.next()) {
            ("sk" | "rk", "live", Some(_)) => Some(Self::Live),
            ("sk" | "rk", "test", Some(_)) => Some(Self::Test),
            _ => None,
        }
    }
}

impl StripeGateway {
    /// Returns the reason why this event must be ignored; `None` if it belongs to this account and mode.
    #[must_use]
    pub fn stranger(&self, event: &Event) -> Option<Stranger> {
        if event.account.is_some() {
            return Some(Stranger::OfAnotherAccount);
        }
        let is_live = self.mode.map(|mode| mode == Mode::Live);
        match (is_live, event.livemode) {
            (Some(ours), Some(theirs)) if ours != theirs => Some(Stranger::OfAnotherMode),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("sk_live_abc", Some(Mode::Live))]
    #[case("rk_live_abc_def", Some(Mode::Live))]
    #[case("sk_test_abc", Some(Mode::Test))]
    #[case("rk_test_abc", Some(Mode::Test))]
    #[case("pk_live_abc", None)]
    #[case("sk_livery", None)]
    #[case("", None)]
    fn a_key_reports_its_mode(#[case] key: &str, #[case] mode: Option<Mode>) {
        assert_eq!(Mode::of_key(&key.into()), mode);
    }
}
