//! How late mails arrived, by organization.

use std::collections::HashMap;

use uuid::Uuid;

use crate::statistics::percentile;

/// Half and nearly all of some mails arrived within so many milliseconds of their date.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lateness {
    /// Half of them.
    pub p50: f64,
    /// 99 of 100.
    pub p99: f64,
}

impl Lateness {
    /// Of times in milliseconds.
    pub fn of(times: &mut [f64]) -> Self {
        Self { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
    }
}

/// How late the mails of each organization were, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct ByOrganization(HashMap<Uuid, Vec<f64>>);

impl ByOrganization {
    /// Adds a mail.
    pub fn add(&mut self, organization: Uuid, milliseconds: f64) {
        self.0.entry(organization).or_default().push(milliseconds);
    }

    /// Of the mails of these organizations together.
    pub fn together(&self, is_meant: impl Fn(&Uuid) -> bool) -> Lateness {
        let mut times: Vec<f64> = self
            .0
            .iter()
            .filter(|(id, _)| is_meant(id))
            .flat_map(|(_, times)| times.iter().copied())
            .collect();
        Lateness::of(&mut times)
    }

    /// The greatest p99 of one of these organizations.
    pub fn worst_p99(&self, is_meant: impl Fn(&Uuid) -> bool) -> f64 {
        self.0
            .iter()
            .filter(|(id, _)| is_meant(id))
            .map(|(_, times)| percentile(&mut times.clone(), 0.99))
            .fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organizations_are_judged_together_and_by_the_worst() {
        let (big, small, other) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let mut all = ByOrganization::default();
        for (organization, milliseconds) in [(big, 900.0), (small, 10.0), (small, 30.0), (other, 20.0)] {
            all.add(organization, milliseconds);
        }
        assert_eq!(all.together(|id| *id != big), Lateness { p50: 20.0, p99: 30.0 });
        assert_eq!(all.together(|id| *id == big), Lateness { p50: 900.0, p99: 900.0 });
        assert_eq!(all.worst_p99(|id| *id != big), 30.0);
    }
}
