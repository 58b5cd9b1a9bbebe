//! Whether an event is of the account and the mode that the secret key is for.

use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;

use super::StripeGateway;
use crate::webhook::Event;

/// Whether money is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is.
    Live,
    /// It is not.
    Test,
}

/// Why an event is none of ours, though its signature is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Stranger {
    /// It happened in an account that is connected to ours (Stripe Connect).
    #[error("the event is of a connected account")]
    OfAnotherAccount,
    /// It is of the test mode and our key of the live mode, or the other way round: the secret of the webhook
    /// and the key do not belong together.
    #[error("the event and the secret key are not of the same mode, live or test")]
    OfAnotherMode,
}

impl Mode {
    /// The mode of a key of Stripe's, `sk_live_…` or `rk_test_…`; `None` where it does not tell.
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
    /// Why this event is none of ours, if it is none: nothing may come of it then.
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
    fn a_key_tells_its_mode(#[case] key: &str, #[case] mode: Option<Mode>) {
        assert_eq!(Mode::of_key(&key.into()), mode);
    }
}
