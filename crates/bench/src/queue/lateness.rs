//! How late jobs began.

use crate::statistics::percentile;

/// How late the jobs of a trickle began, in milliseconds after their dates.
#[derive(Clone, Copy, Debug)]
pub struct Lateness {
    /// Half of them were no later.
    pub p50: f64,
    /// 99 of 100 were no later.
    pub p99: f64,
    /// None was later.
    pub most: f64,
}

impl Lateness {
    /// From every single one.
    pub fn of(mut all: Vec<f64>) -> Self {
        let mut at = |share| percentile(&mut all, share);
        Self { p50: at(0.5), p99: at(0.99), most: at(1.0) }
    }
}

impl std::fmt::Display for Lateness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {:.2}, p99 {:.2}, most {:.2} ms late", self.p50, self.p99, self.most)
    }
}
