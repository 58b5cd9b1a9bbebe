//! Jobs that this process has just scheduled in Redis.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rubis_jobs::{JobId, ScheduledJob};
use time::OffsetDateTime;

/// Time for which a job is remembered: at least this, at most twice as long.
const MEMORY: Duration = Duration::from_secs(5);

/// The most jobs of a generation, of which there are two.
const GENERATION: usize = 2_000;

/// Spares Redis the same calls each second: in a burst the near slice is the same 2,000 jobs for
/// as long as they wait for their turn.
///
/// A job with another date than it was scheduled for is scheduled again, and so is everything after a
/// failure of Redis; what Redis lost without a sign is missed for a moment only, since the memory
/// is short, and sweeps do not ask it.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    since: Option<OffsetDateTime>,
    young: HashMap<JobId, OffsetDateTime>,
    old: HashMap<JobId, OffsetDateTime>,
}

impl Generations {
    /// Forgets what is old, or what was scheduled at an instant that has not come yet: the clock was
    /// put back.
    fn age(&mut self, now: OffsetDateTime) {
        match self.since.map(|since| now - since) {
            Some(age) if age.is_negative() || age >= 2 * MEMORY => *self = Self::default(),
            Some(age) if age >= MEMORY => self.rotate(now),
            _ => {}
        }
        self.since.get_or_insert(now);
    }

    fn rotate(&mut self, now: OffsetDateTime) {
        self.old = std::mem::take(&mut self.young);
        self.since = Some(now);
    }
}

impl Recent {
    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that these jobs were scheduled for their dates. Of many the last ones are remembered.
    pub(crate) fn add(&self, jobs: &[ScheduledJob], now: OffsetDateTime) {
        let mut generations = self.lock();
        generations.age(now);
        for job in jobs {
            if generations.young.len() >= GENERATION {
                generations.rotate(now);
            }
            generations.young.insert(job.id.clone(), job.run_at);
        }
    }

    /// Reports if the job was just scheduled for its date.
    pub(crate) fn has(&self, job: &ScheduledJob, now: OffsetDateTime) -> bool {
        let mut generations = self.lock();
        generations.age(now);
        let scheduled = generations.young.get(&job.id).or_else(|| generations.old.get(&job.id));
        scheduled == Some(&job.run_at)
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        *self.lock() = Generations::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn job(key: usize) -> ScheduledJob {
        ScheduledJob { id: JobId::new("probe", key), organization: None, run_at: START }
    }

    #[test]
    fn a_job_is_remembered_for_a_moment_and_with_its_date() {
        let recent = Recent::default();
        assert!(!recent.has(&job(1), START));
        recent.add(&[job(1)], START);
        assert!(recent.has(&job(1), START + MEMORY));
        let moved = ScheduledJob { run_at: START + Duration::from_secs(1), ..job(1) };
        assert!(!recent.has(&moved, START));
        assert!(!recent.has(&job(1), START + 2 * MEMORY));
    }

    #[test]
    fn a_job_is_not_remembered_from_a_later_instant_or_after_a_failure() {
        let recent = Recent::default();
        recent.add(&[job(1)], START);
        assert!(!recent.has(&job(1), START - MEMORY));
        recent.add(&[job(1)], START);
        recent.clear();
        assert!(!recent.has(&job(1), START));
    }

    #[test]
    fn of_a_long_sweep_the_last_jobs_are_remembered() {
        let recent = Recent::default();
        let jobs: Vec<_> = (0..10 * GENERATION).map(job).collect();
        for page in jobs.chunks(1_000) {
            recent.add(page, START);
        }
        assert!(jobs.iter().rev().take(GENERATION).all(|job| recent.has(job, START)));
        let generations = recent.lock();
        assert!(generations.young.len() + generations.old.len() <= 2 * GENERATION);
    }
}
