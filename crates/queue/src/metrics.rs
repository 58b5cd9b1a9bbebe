//! Metrics of a queue, always with its name as a label.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use rubis_jobs::{Queue, QueueStats};

/// Explains the metrics; call it once, after a recorder is installed.
pub fn describe() {
    describe_gauge!("rubis_jobs_waiting", "Jobs that wait for their date or for a worker");
    describe_gauge!("rubis_jobs_due", "Jobs that are due and wait for a worker");
    describe_gauge!("rubis_jobs_oldest_lateness_seconds", "How long the oldest waiting job has been due");
    describe_gauge!("rubis_jobs_running", "Jobs that a worker holds");
    describe_gauge!("rubis_jobs_dead", "Dead letters and quarantined jobs");
    describe_gauge!("rubis_queue_redis_up", "Whether Redis answers; without it jobs come from Postgres");
    describe_counter!("rubis_jobs_done_total", "Jobs that were done");
    describe_counter!("rubis_jobs_failed_total", "Attempts that failed");
    describe_counter!("rubis_jobs_dead_total", "Jobs that were given up or quarantined");
    describe_counter!("rubis_jobs_crashed_total", "Jobs whose worker was lost");
    describe_counter!(
        "rubis_jobs_unreadable_total",
        "Jobs put back because this release does not understand them"
    );
    describe_counter!(
        "rubis_jobs_interrupted_total",
        "Jobs put back because the database went away under them"
    );
    describe_counter!("rubis_jobs_lease_lost_total", "Runs whose job passed to another worker");
    describe_counter!(
        "rubis_dead_letter_callbacks_failed_total",
        "Dead-letter callbacks that failed: their domains do not know yet that jobs were given up"
    );
    describe_counter!(
        "rubis_database_stalls_total",
        "Stalls, restarts and failovers of the database after which no lease was taken away for a while"
    );
    describe_counter!(
        "rubis_loop_restarts_total",
        "Background loops that panicked or ended, and were restarted"
    );
    describe_histogram!("rubis_job_seconds", metrics::Unit::Seconds, "How long a handler took");
}

pub(crate) fn redis_up(queue: Queue, is_up: bool) {
    gauge!("rubis_queue_redis_up", "queue" => queue.as_str()).set(if is_up { 1.0 } else { 0.0 });
}

pub(crate) fn stats(queue: Queue, stats: &QueueStats) {
    gauge!("rubis_jobs_waiting", "queue" => queue.as_str()).set(gauge_value(stats.waiting));
    gauge!("rubis_jobs_due", "queue" => queue.as_str()).set(gauge_value(stats.due));
    gauge!("rubis_jobs_oldest_lateness_seconds", "queue" => queue.as_str())
        .set(stats.oldest_lateness.as_secs_f64());
    gauge!("rubis_jobs_running", "queue" => queue.as_str()).set(gauge_value(stats.running));
    gauge!("rubis_jobs_dead", "queue" => queue.as_str()).set(gauge_value(stats.dead));
}

#[expect(clippy::as_conversions, reason = "a gauge is a float, and a count of jobs is far below 2^53")]
fn gauge_value(count: u64) -> f64 {
    count as f64
}

pub(crate) fn done(queue: Queue, count: u64) {
    counter!("rubis_jobs_done_total", "queue" => queue.as_str()).increment(count);
}

pub(crate) fn failed(queue: Queue) {
    counter!("rubis_jobs_failed_total", "queue" => queue.as_str()).increment(1);
}

pub(crate) fn dead(queue: Queue) {
    counter!("rubis_jobs_dead_total", "queue" => queue.as_str()).increment(1);
}

pub(crate) fn crashed(queue: Queue) {
    counter!("rubis_jobs_crashed_total", "queue" => queue.as_str()).increment(1);
}

pub(crate) fn unreadable(queue: Queue) {
    counter!("rubis_jobs_unreadable_total", "queue" => queue.as_str()).increment(1);
}

pub(crate) fn interrupted(queue: Queue) {
    counter!("rubis_jobs_interrupted_total", "queue" => queue.as_str()).increment(1);
}

pub(crate) fn lease_lost(queue: Queue) {
    counter!("rubis_jobs_lease_lost_total", "queue" => queue.as_str()).increment(1);
}

pub(crate) fn callback_failed(queue: Queue) {
    counter!("rubis_dead_letter_callbacks_failed_total", "queue" => queue.as_str()).increment(1);
}

pub(crate) fn database_stalled(queue: Queue) {
    counter!("rubis_database_stalls_total", "queue" => queue.as_str()).increment(1);
}

pub(crate) fn loop_restarted(scope: &'static str, name: &'static str) {
    counter!("rubis_loop_restarts_total", "scope" => scope, "loop" => name).increment(1);
}

pub(crate) fn seconds(queue: Queue, duration: Duration) {
    histogram!("rubis_job_seconds", "queue" => queue.as_str()).record(duration.as_secs_f64());
}
