//! Decides for each occasion which of the programmed faults happens.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::behaviour::{Action, Behaviour, Fault, Stage};

/// Effects at one stage of one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Delay before anything else.
    pub delay: Duration,
    /// Replaces the normal reply; never [`Action::Delay`].
    pub action: Option<Action>,
}

/// Recipients at a stage at which none is known yet.
pub(crate) const NOBODY: [&str; 0] = [];

/// Faults of the current behaviour with their remaining counts.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Mutex<Vec<ActiveFault>>,
}

#[derive(Debug)]
struct ActiveFault {
    fault: Fault,
    /// Grows by the fraction at each occasion; the fault happens each time it reaches one.
    credit: f64,
}

impl Faults {
    /// Replaces all programmed faults.
    pub(crate) fn set(&self, behaviour: Behaviour) {
        *self.lock() = behaviour.faults.into_iter().map(|fault| ActiveFault { fault, credit: 0.0 }).collect();
    }

    /// Returns the current behaviour, with the remaining `times`.
    pub(crate) fn get(&self) -> Behaviour {
        Behaviour { faults: self.lock().iter().map(|active| active.fault.clone()).collect() }
    }

    /// Checks every fault, in order, and spends those that happen.
    pub(crate) fn decide<R: AsRef<str>>(&self, stage: Stage, recipients: &[R]) -> Verdict {
        let mut verdict = Verdict { delay: Duration::ZERO, action: None };
        for active in self.lock().iter_mut() {
            if !active.matches(stage, recipients) || !active.happens() {
                continue;
            }
            if let Action::Delay { milliseconds } = active.fault.action {
                verdict.delay += Duration::from_millis(milliseconds);
            } else {
                verdict.action = Some(active.fault.action);
                break;
            }
        }
        verdict
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ActiveFault>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ActiveFault {
    fn matches<R: AsRef<str>>(&self, stage: Stage, recipients: &[R]) -> bool {
        self.fault.stage == stage
            && self.fault.recipient.as_ref().is_none_or(|text| {
                let text = text.to_ascii_lowercase();
                recipients.iter().any(|recipient| recipient.as_ref().to_ascii_lowercase().contains(&text))
            })
    }

    fn happens(&mut self) -> bool {
        if self.fault.times == Some(0) {
            return false;
        }
        // The small margin absorbs rounding: ten tenths must make a whole.
        self.credit += self.fault.fraction;
        if self.credit < 1.0 - 1e-9 {
            return false;
        }
        self.credit -= 1.0;
        if let Some(times) = &mut self.fault.times {
            *times -= 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programmed(behaviour: Behaviour) -> Faults {
        let faults = Faults::default();
        faults.set(behaviour);
        faults
    }

    #[test]
    fn a_fault_happens_as_often_as_it_was_set_to_and_then_no_more() {
        let faults = programmed(Behaviour::with(Fault::reply(Stage::Mail, 451).times(2)));
        let hits = (0..5).filter(|_| faults.decide(Stage::Mail, &NOBODY).action.is_some()).count();
        assert_eq!(hits, 2);
        assert_eq!(faults.get().faults[0].times, Some(0));
    }

    #[test]
    fn a_fraction_is_spread_evenly() {
        let faults = programmed(Behaviour::with(Fault::close(Stage::Message).fraction(0.1)));
        let hits: Vec<usize> =
            (1..=30).filter(|_| faults.decide(Stage::Message, &["a@example.fr"]).action.is_some()).collect();
        assert_eq!(hits, [10, 20, 30]);
    }

    #[test]
    fn a_recipient_pattern_spares_the_others() {
        let faults =
            programmed(Behaviour::with(Fault::reply(Stage::Recipient, 550).for_recipient("@Refuse.FR")));
        assert_eq!(faults.decide(Stage::Recipient, &["anne@garde.fr"]).action, None);
        assert_eq!(
            faults.decide(Stage::Recipient, &["anne@refuse.fr"]).action,
            Some(Action::Reply { code: 550 })
        );
        assert_eq!(faults.decide(Stage::Mail, &NOBODY).action, None);
    }

    #[test]
    fn delays_add_up_before_the_fault_that_decides() {
        let faults = programmed(
            Behaviour::with(Fault::delay(Stage::Data, 30))
                .and(Fault::delay(Stage::Data, 12))
                .and(Fault::close(Stage::Data)),
        );
        let verdict = faults.decide(Stage::Data, &NOBODY);
        assert_eq!(verdict.delay, Duration::from_millis(42));
        assert_eq!(verdict.action, Some(Action::Close));
    }

    #[test]
    fn what_cannot_be_played_is_refused() {
        let refused = |fault: Fault| Behaviour::with(fault).validate().is_err();
        assert!(refused(Fault::reply(Stage::Mail, 250)));
        assert!(refused(Fault::close(Stage::Mail).fraction(0.0)));
        assert!(refused(Fault::close(Stage::Mail).fraction(f64::NAN)));
        assert!(refused(Fault { stage: Stage::Mail, ..Fault::accept_and_close() }));
        assert!(!refused(Fault::accept_and_close().fraction(0.5)));
    }
}
