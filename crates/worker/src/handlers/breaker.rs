//! A circuit breaker before the mail server.
//!
//! While the server is away, each mail that is tried costs a connection and a transaction, and a server that is asked
//! thousands of times with a wrong password locks us out. After a failure that says nothing about the mail, no mail is
//! tried for a while, and then one alone, until one is taken or refused for its own sake. A failure that the mail may
//! have caused counts once two different mails had it in a row. All queues of a worker share one breaker. Each worker
//! has its own, since a network may be cut for one of them only.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rubis_jobs::JobId;
use time::OffsetDateTime;

/// The first pause; each further failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause, unless the server asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// The longest pause that a server may ask for.
const LONGEST_ASKED_FOR: Duration = Duration::from_secs(3_600);
/// A mail that was let through to find out is waited for at most this long. It takes longer than any mail may.
const LONGEST_PROBE: Duration = Duration::from_secs(300);
/// The wait while another mail finds out.
const PROBE_WAIT: Duration = Duration::from_secs(5);

/// Counts failures, and says when a mail may be tried.
#[derive(Debug, Default)]
pub struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Failures in a row.
    failures: u32,
    /// No mail is tried before.
    open_until: Option<OffsetDateTime>,
    /// One mail is being tried, until this at most.
    probing_until: Option<OffsetDateTime>,
    /// The mail on which the server failed last, of which either may be the cause.
    suspect: Option<JobId>,
}

impl Breaker {
    /// Lets a mail be tried, or returns the wait until it may be.
    ///
    /// # Errors
    /// The wait.
    pub fn admit(self: &Arc<Self>, now: OffsetDateTime) -> Result<Admission, Duration> {
        let mut state = self.lock();
        let admission = |is_probe| Admission { breaker: Arc::clone(self), is_probe };
        let Some(open_until) = state.open_until else { return Ok(admission(false)) };
        if let Some(wait) = until(open_until, now) {
            return Err(wait);
        }
        if let Some(wait) = state.probing_until.and_then(|probing| until(probing, now)) {
            return Err(wait.min(PROBE_WAIT));
        }
        state.probing_until = Some(now + LONGEST_PROBE);
        Ok(admission(true))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time from `now` to a later instant.
fn until(instant: OffsetDateTime, now: OffsetDateTime) -> Option<Duration> {
    Duration::try_from(instant - now).ok().filter(|wait| !wait.is_zero())
}

/// The right to try one mail. Dropped without an outcome, it says nothing about the server.
#[derive(Debug)]
pub struct Admission {
    breaker: Arc<Breaker>,
    is_probe: bool,
}

impl Admission {
    /// The server took the mail, or refused it for its own sake.
    pub fn server_answered(self) {
        let mut state = self.breaker.lock();
        if state.open_until.is_some() {
            tracing::info!("mail server available again");
        }
        *state = State::default();
    }

    /// The server failed, because of this mail or because it is away. Returns the wait until the mail may be tried
    /// again.
    pub fn server_may_be_away(
        self,
        job: &JobId,
        now: OffsetDateTime,
        asked_for: Option<Duration>,
    ) -> Duration {
        let mut state = self.breaker.lock();
        let is_confirmed =
            state.open_until.is_some() || state.suspect.as_ref().is_some_and(|suspect| suspect != job);
        state.suspect = Some(job.clone());
        drop(state);
        if is_confirmed { self.server_is_away(now, asked_for) } else { LONGEST_PAUSE }
    }

    /// The server is away. Returns the wait until a mail may be tried again.
    pub fn server_is_away(self, now: OffsetDateTime, asked_for: Option<Duration>) -> Duration {
        let mut state = self.breaker.lock();
        // Mails that were on their way when the first one failed are no further failures.
        if let Some(wait) = state.open_until.and_then(|open_until| until(open_until, now)) {
            return wait;
        }
        if state.failures == 0 {
            tracing::warn!("mail server not available, sending paused");
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << state.failures.min(10)).min(LONGEST_PAUSE);
        let pause = asked_for.map_or(pause, |wait| wait.clamp(Duration::from_secs(1), LONGEST_ASKED_FOR));
        state.failures = state.failures.saturating_add(1);
        state.open_until = Some(now + pause);
        state.probing_until = None;
        pause
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.is_probe {
            self.breaker.lock().probing_until = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use time::ext::NumericalDuration as _;

    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn fail(breaker: &Arc<Breaker>, now: OffsetDateTime) -> Duration {
        breaker.admit(now).unwrap().server_is_away(now, None)
    }

    #[test]
    fn pauses_double_up_to_two_minutes_and_end_with_the_first_mail_that_is_taken() {
        let breaker = Arc::new(Breaker::default());
        let (mut now, mut pauses) = (NOW, Vec::new());
        for _ in 0..7 {
            let pause = fail(&breaker, now);
            assert_eq!(breaker.admit(now).unwrap_err(), pause);
            pauses.push(pause.as_secs());
            now += pause;
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 120, 120]);
        breaker.admit(now).unwrap().server_answered();
        let all: Vec<Admission> = (0..3).map(|_| breaker.admit(now).unwrap()).collect();
        assert_eq!(all.len(), 3, "any number at once again");
        assert_eq!(fail(&breaker, now).as_secs(), 5, "another outage begins anew");
    }

    #[test]
    fn after_a_pause_one_mail_alone_finds_out() {
        let breaker = Arc::new(Breaker::default());
        let later = NOW + fail(&breaker, NOW);
        let probe = breaker.admit(later).unwrap();
        assert_eq!(breaker.admit(later).unwrap_err(), PROBE_WAIT);
        drop(probe);
        let probe = breaker.admit(later).expect("one that sent nothing leaves its place to the next");
        assert!(breaker.admit(later + 4.minutes()).is_err());
        let next = breaker.admit(later + 6.minutes());
        assert!(next.is_ok(), "one that never ended is not waited for");
        drop((probe, next));
    }

    #[test]
    fn mails_that_fail_together_count_as_one_failure() {
        let breaker = Arc::new(Breaker::default());
        let together: Vec<Admission> = (0..30).map(|_| breaker.admit(NOW).unwrap()).collect();
        for mail in together {
            assert_eq!(mail.server_is_away(NOW, None).as_secs(), 5);
        }
    }

    #[test]
    fn a_mail_that_the_server_fails_on_holds_no_other_back_and_two_of_them_do() {
        let breaker = Arc::new(Breaker::default());
        let fail_on = |number: u32| {
            let mail = JobId::new("relance", number);
            breaker.admit(NOW).unwrap().server_may_be_away(&mail, NOW, None)
        };
        assert_eq!(fail_on(1), LONGEST_PAUSE);
        assert_eq!(fail_on(1), LONGEST_PAUSE, "the same mail again");
        breaker.admit(NOW).unwrap().server_answered();
        assert_eq!(fail_on(2), LONGEST_PAUSE, "others were taken in between");
        assert_eq!(fail_on(3), FIRST_PAUSE);
        assert_eq!(breaker.admit(NOW).unwrap_err(), FIRST_PAUSE);
    }

    #[test]
    fn a_server_that_names_its_wait_gets_it_within_an_hour() {
        let breaker = Arc::new(Breaker::default());
        let wait = breaker.admit(NOW).unwrap().server_is_away(NOW, Some(Duration::from_secs(7)));
        assert_eq!(wait.as_secs(), 7);
        let wait =
            breaker.admit(NOW + 7.seconds()).unwrap().server_is_away(NOW + 7.seconds(), Some(Duration::MAX));
        assert_eq!(wait, LONGEST_ASKED_FOR);
    }
}
