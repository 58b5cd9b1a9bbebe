//! Waiting times of a day's jobs: the jobs of each second are served in order, at the rate of the slowest part.

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    /// Seconds from the busiest second until nothing waits any more.
    pub drained: f64,
    /// Seconds that half of the day's jobs wait at most.
    pub late_p50: f64,
    /// Seconds that 99 of 100 wait at most.
    pub late_p99: f64,
}

/// Jobs that arrived in a second: the first of them waits for `from` seconds, the last until `to`.
struct Arrived {
    count: f64,
    from: f64,
    to: f64,
}

/// Serves what arrives in each second with so many jobs a second.
pub fn serve(arrivals: &[f64], capacity: f64) -> Day {
    let busiest = arrivals.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(at, _)| at);
    let (mut backlog, mut drained) = (0.0_f64, None);
    let mut waits = Vec::new();
    for (second, count) in arrivals.iter().enumerate() {
        if *count > 0.0 {
            // Of what a second brings, half is served within it where there is room: it counts as punctual.
            let wait = |jobs: f64| if jobs <= capacity { 0.0 } else { jobs / capacity };
            waits.push(Arrived { count: *count, from: wait(backlog), to: wait(backlog + count) });
        }
        let waiting = backlog + count;
        backlog = (waiting - capacity).max(0.0);
        if second >= busiest && backlog == 0.0 && drained.is_none() {
            drained = Some(seconds(second - busiest) + waiting / capacity);
        }
    }
    let drained =
        drained.unwrap_or_else(|| seconds(arrivals.len().saturating_sub(busiest)) + backlog / capacity);
    Day { drained, late_p50: waits_of(&waits, 0.5), late_p99: waits_of(&waits, 0.99) }
}

/// The longest wait of this share of all.
fn waits_of(waits: &[Arrived], share: f64) -> f64 {
    let total: f64 = waits.iter().map(|arrived| arrived.count).sum();
    let within = |limit: f64| -> f64 { waits.iter().map(|arrived| arrived.within(limit)).sum() };
    let (mut low, mut high) = (0.0, waits.iter().map(|arrived| arrived.to).fold(0.0, f64::max));
    if within(0.0) >= share * total {
        return 0.0;
    }
    while high - low > 0.001 {
        let middle = f64::midpoint(low, high);
        if within(middle) >= share * total { high = middle } else { low = middle }
    }
    high
}

impl Arrived {
    fn within(&self, limit: f64) -> f64 {
        if limit >= self.to {
            self.count
        } else if limit <= self.from {
            0.0
        } else {
            self.count * (limit - self.from) / (self.to - self.from)
        }
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "seconds of a day")]
const fn seconds(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_drained_at_the_rate_of_its_servers() {
        let mut arrivals = vec![0.0; 1_000];
        arrivals[100] = 1_000.0;
        let day = serve(&arrivals, 10.0);
        assert!((day.drained - 100.0).abs() < 0.01, "{day:?}");
        assert!((day.late_p50 - 50.0).abs() < 0.01, "{day:?}");
        assert!((day.late_p99 - 99.0).abs() < 0.01, "{day:?}");
    }

    #[test]
    fn what_comes_meanwhile_waits_behind_it() {
        let mut arrivals = vec![5.0; 1_000];
        arrivals[0] = 1_000.0;
        // Each second serves ten and brings five.
        let day = serve(&arrivals, 10.0);
        assert!((day.drained - 198.0).abs() < 2.0, "{day:?}");
    }

    #[test]
    fn what_there_is_room_for_does_not_wait() {
        let day = serve(&[1.0, 5.0, 1.0], 10.0);
        assert_eq!((day.late_p50, day.late_p99), (0.0, 0.0));
        assert!(day.drained <= 1.0, "{day:?}");
    }

    #[test]
    fn what_is_left_at_midnight_is_drained_after_it() {
        let day = serve(&[0.0, 100.0], 10.0);
        assert!((day.drained - 10.0).abs() < 0.01, "{day:?}");
    }
}
