//! Chance that is the same for the same seed, on every machine and with every number of threads.

/// The golden ratio's part of 2⁶⁴, which `SplitMix64` steps by.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of random numbers (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// One of the streams of a seed.
    pub const fn new(seed: u64, stream: u64) -> Self {
        let mut mixed = Self { state: seed ^ stream.wrapping_mul(STEP).rotate_left(32) };
        Self { state: mixed.next() }
    }

    const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to 1, which is not reached.
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    pub const fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns true if what happens in this share of all cases happens in this one.
    pub fn happens(&mut self, share: f64) -> bool {
        self.share() < share
    }

    /// A whole number from 0 up to the bound, which is not reached; 0 below 0.
    #[expect(
        clippy::as_conversions,
        reason = "the upper half of a product of two 32-bit numbers has 32 bits"
    )]
    pub const fn below(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * bound as u64) >> 32) as u32
    }

    /// A number of the normal distribution around 0 with deviation 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.share()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.share()).cos()
    }
}

/// One of several things, each with its weight (the alias method of Walker and Vose).
#[derive(Clone, Debug)]
pub struct Choice {
    /// For each thing the share of its cases that it keeps, and who gets the others.
    columns: Vec<(f64, u32)>,
}

impl Choice {
    /// Among as many things as there are weights, which are not negative and not all zero.
    pub fn new(weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let count = u32::try_from(weights.len()).unwrap_or(u32::MAX);
        let mut columns = vec![(1.0, 0); weights.len()];
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for (thing, weight) in (0..count).zip(weights) {
            let scaled = weight / total * f64::from(count);
            if scaled < 1.0 { small.push((thing, scaled)) } else { large.push((thing, scaled)) }
        }
        while let (Some((poor, has)), Some((rich, gives))) = (small.pop(), large.pop()) {
            if let Some(column) = columns.get_mut(index(poor)) {
                *column = (has, rich);
            }
            let left = gives - (1.0 - has);
            if left < 1.0 { small.push((rich, left)) } else { large.push((rich, left)) }
        }
        Self { columns }
    }

    /// The index of one of the things.
    pub fn choose(&self, chance: &mut Chance) -> usize {
        let thing = chance.below(u32::try_from(self.columns.len()).unwrap_or(u32::MAX));
        match self.columns.get(index(thing)) {
            Some((keeps, other)) if !chance.happens(*keeps) => index(*other),
            _ => index(thing),
        }
    }
}

fn index(thing: u32) -> usize {
    usize::try_from(thing).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_each_time_and_another_for_another_seed() {
        let first = |seed, stream| Chance::new(seed, stream).next();
        assert_eq!(first(1, 2), first(1, 2));
        assert_ne!(first(1, 2), first(1, 3));
        assert_ne!(first(1, 2), first(2, 2));
        assert_ne!(first(1, 2), first(2, 1));
    }

    #[test]
    fn things_are_chosen_by_their_weights() {
        let choice = Choice::new(&[1.0, 0.0, 5.0, 4.0]);
        let mut chance = Chance::new(7, 0);
        let mut counts = [0_u32; 4];
        for _ in 0..100_000 {
            counts[choice.choose(&mut chance)] += 1;
        }
        for (count, share) in counts.iter().zip([0.1, 0.0, 0.5, 0.4]) {
            assert!((f64::from(*count) / 100_000.0 - share).abs() < 0.01, "{counts:?}");
        }
        assert_eq!(counts[1], 0);
    }

    #[test]
    fn normal_numbers_have_their_mean_and_deviation() {
        let mut chance = Chance::new(7, 0);
        let numbers: Vec<f64> = (0..100_000).map(|_| chance.normal()).collect();
        let mean = numbers.iter().sum::<f64>() / 100_000.0;
        let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / 100_000.0;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn whole_numbers_stay_below_their_bound() {
        let mut chance = Chance::new(7, 0);
        assert!((0..1_000).all(|_| chance.below(3) < 3));
        assert_eq!(chance.below(0), 0);
    }
}
