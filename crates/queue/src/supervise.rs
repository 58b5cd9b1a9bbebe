//! Restarts background loops that panic or end.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep};

use crate::{execute::panic_text, metrics};

/// The pause before the first restart. It doubles with each restart that follows soon.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// A loop that ran for this long was sound: the next restart counts as a first one.
const SOUND: Duration = Duration::from_secs(60);

/// The meaning of a loop that ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// It runs until it is dropped: an end is a fault.
    Never,
    /// It ends when there is nothing left to do, as when the worker stops.
    WhenDone,
}

/// Runs a background loop, and starts it again with `start` if it panics, or ends though it should not.
///
/// `scope` is the queue it belongs to, or `process`; both names are labels of `rubis_loop_restarts_total`.
pub async fn supervise<F>(scope: &'static str, name: &'static str, ends: Ends, start: impl FnMut() -> F)
where
    F: Future<Output = ()>,
{
    supervise_from(scope, name, ends, FIRST_PAUSE, start).await;
}

/// As [`supervise`], with another first pause.
async fn supervise_from<F>(
    scope: &'static str,
    name: &'static str,
    ends: Ends,
    first_pause: Duration,
    mut start: impl FnMut() -> F,
) where
    F: Future<Output = ()>,
{
    let mut pause = first_pause;
    loop {
        let began = Instant::now();
        // Boxed, or the compiler computes the layout of all nested loops at once, which exceeds its limit.
        match AssertUnwindSafe(Box::pin(start())).catch_unwind().await {
            Ok(()) if ends == Ends::WhenDone => return,
            Ok(()) => tracing::error!(scope, name, "background loop ended"),
            Err(panic) => {
                tracing::error!(scope, name, panic = panic_text(panic.as_ref()), "background loop panicked");
            }
        }
        metrics::loop_restarted(scope, name);
        if began.elapsed() >= SOUND {
            pause = first_pause;
        }
        sleep(pause).await;
        pause = next_pause(pause);
    }
}

fn next_pause(pause: Duration) -> Duration {
    (pause * 2).min(MAX_PAUSE)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn a_loop_that_panics_or_ends_is_started_again() {
        let (starts, reached) = (AtomicU32::new(0), Notify::new());
        let supervised = supervise_from("relances", "feed", Ends::Never, MOMENT, || async {
            match starts.fetch_add(1, Ordering::Relaxed) {
                0 => panic!("a bug"),
                1 => {}
                _ => {
                    reached.notify_one();
                    std::future::pending::<()>().await;
                }
            }
        });
        tokio::select! {
            () = supervised => panic!("the loop is to run for ever"),
            () = reached.notified() => {}
        }
        assert_eq!(starts.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn a_loop_that_is_done_is_not_started_again_but_one_that_panics_is() {
        let starts = AtomicU32::new(0);
        supervise_from("relances", "claim", Ends::WhenDone, MOMENT, || async {
            assert!(starts.fetch_add(1, Ordering::Relaxed) > 0, "a bug");
        })
        .await;
        assert_eq!(starts.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn restarts_that_follow_each_other_back_off() {
        let pauses: Vec<u128> = std::iter::successors(Some(FIRST_PAUSE), |pause| Some(next_pause(*pause)))
            .take(11)
            .map(|pause| pause.as_millis())
            .collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
    }
}
