//! What an event came to.

/// What an event came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventOutcome {
    /// What it tells is on record now.
    Applied,
    /// It tells nothing that was not known.
    Unchanged,
    /// Something later is known already.
    Stale,
    /// It was dealt with before.
    Duplicate,
    /// Its type is none of our concern.
    Ignored,
    /// It is about another subscription than the one that the organization has now.
    Superseded,
    /// The organization has two subscriptions that are charged; the later one counts. Operations have to end
    /// the other.
    SecondSubscription,
    /// No organization is named that is known here.
    UnknownOrganization,
    /// Its metadata names one organization and its customer is another's: neither is changed.
    ConflictingOrganization,
    /// Stripe knows no such subscription.
    UnknownSubscription,
}

impl EventOutcome {
    /// Every outcome.
    pub const ALL: &'static [Self] = &[
        Self::Applied,
        Self::Unchanged,
        Self::Stale,
        Self::Duplicate,
        Self::Ignored,
        Self::Superseded,
        Self::SecondSubscription,
        Self::UnknownOrganization,
        Self::ConflictingOrganization,
        Self::UnknownSubscription,
    ];

    /// Its name on record, in metrics and in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Stale => "stale",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
            Self::Superseded => "superseded",
            Self::SecondSubscription => "second_subscription",
            Self::UnknownOrganization => "unknown_organization",
            Self::ConflictingOrganization => "conflicting_organization",
            Self::UnknownSubscription => "unknown_subscription",
        }
    }

    /// Whether operations should look at it.
    #[must_use]
    pub const fn is_suspicious(self) -> bool {
        matches!(
            self,
            Self::SecondSubscription
                | Self::UnknownOrganization
                | Self::ConflictingOrganization
                | Self::UnknownSubscription
        )
    }

    /// Whether it came to nothing for a reason that may be mended: delivered again, it is judged anew.
    #[must_use]
    pub const fn is_unresolved(self) -> bool {
        matches!(self, Self::UnknownOrganization | Self::ConflictingOrganization | Self::UnknownSubscription)
    }
}
