//! Bounds the memory of metrics: no metric gets more than a fixed number of series, for any labels. Every label is
//! meant to come from a small set; this bounds the damage of one that does not.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit, counter,
    describe_counter,
};

/// Maximum number of series of one metric. The largest one is that of HTTP requests, with about 80 routes in a few
/// methods and statuses each.
const MAX_SERIES: usize = 2_000;

const DROPPED: &str = "rubis_metrics_dropped_total";

/// Passes everything on to another recorder except the series beyond [`MAX_SERIES`], which are dropped and counted.
pub(super) struct Bounded<R> {
    inner: R,
    series: RwLock<HashMap<KeyName, HashSet<Key>>>,
}

impl<R> Bounded<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, series: RwLock::default() }
    }

    /// Reports whether a series is recorded: it is known, or there is space for one more.
    fn admits(&self, key: &Key) -> bool {
        let known = self.series.read().unwrap_or_else(PoisonError::into_inner);
        let of_metric = known.get(key.name());
        if of_metric.is_some_and(|series| series.contains(key)) {
            return true;
        }
        if of_metric.is_some_and(|series| series.len() >= MAX_SERIES) {
            return false;
        }
        drop(known);
        let mut known = self.series.write().unwrap_or_else(PoisonError::into_inner);
        let name = KeyName::from(key.name().to_owned());
        known.entry(name).or_default().insert(key.clone());
        true
    }

    fn drop_series(&self)
    where
        R: Recorder,
    {
        let key = Key::from_static_name(DROPPED);
        let metadata = Metadata::new(module_path!(), metrics::Level::INFO, None);
        self.inner.register_counter(&key, &metadata).increment(1);
    }
}

/// Describes the metric of dropped series.
pub(super) fn describe() {
    describe_counter!(DROPPED, "Recordings of series beyond the bound of their metric; above 0 is a bug.");
    counter!(DROPPED).absolute(0);
}

impl<R: Recorder> Recorder for Bounded<R> {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.inner.describe_counter(key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.inner.describe_gauge(key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.inner.describe_histogram(key, unit, description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        if self.admits(key) {
            return self.inner.register_counter(key, metadata);
        }
        self.drop_series();
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        if self.admits(key) {
            return self.inner.register_gauge(key, metadata);
        }
        self.drop_series();
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        if self.admits(key) {
            return self.inner.register_histogram(key, metadata);
        }
        self.drop_series();
        Histogram::noop()
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn a_label_that_anyone_can_make_up_does_not_fill_the_memory() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&Bounded::new(recorder), || {
            for number in 0..MAX_SERIES + 500 {
                counter!("rubis_test_total", "invented" => number.to_string()).increment(1);
            }
            counter!("rubis_test_total", "invented" => "0").increment(1);
            counter!("rubis_other_total", "queue" => "relances").increment(1);
        });
        let text = handle.render();
        assert_eq!(text.matches("rubis_test_total{").count(), MAX_SERIES);
        assert!(text.contains("rubis_test_total{invented=\"0\"} 2"), "known series go on");
        assert!(text.contains("rubis_other_total{queue=\"relances\"} 1"), "other metrics do too");
        assert!(text.contains("rubis_metrics_dropped_total 500"), "{text}");
    }
}
