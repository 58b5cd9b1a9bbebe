//! Lateness of mails by organization.

use std::collections::HashMap;

use uuid::Uuid;

use crate::statistics::Lateness;

/// Lateness of the mails of each organization, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct ByOrganization(HashMap<Uuid, Vec<f64>>);

impl ByOrganization {
    pub fn add(&mut self, organization: Uuid, milliseconds: f64) {
        self.0.entry(organization).or_default().push(milliseconds);
    }

    /// The lateness of these organizations together.
    pub fn together(&self, is_meant: impl Fn(&Uuid) -> bool) -> Lateness {
        let meant = self.0.iter().filter(|(id, _)| is_meant(id));
        Lateness::of(&mut meant.flat_map(|(_, times)| times.iter().copied()).collect::<Vec<_>>())
    }

    /// The greatest p99 of one of these organizations.
    pub fn worst_p99(&self, is_meant: impl Fn(&Uuid) -> bool) -> f64 {
        let meant = self.0.iter().filter(|(id, _)| is_meant(id));
        meant.map(|(_, times)| Lateness::of(&mut times.clone()).p99).fold(0.0, f64::max)
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
        let figures = |lateness: Lateness| (lateness.p50, lateness.p99);
        assert_eq!(figures(all.together(|id| *id != big)), (20.0, 30.0));
        assert_eq!(figures(all.together(|id| *id == big)), (900.0, 900.0));
        assert_eq!(all.worst_p99(|id| *id != big), 30.0);
    }
}
