//! The outcome of an event.

/// The outcome of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventOutcome {
    /// The event changed the recorded state.
    Applied,
    /// The event contains no change.
    Unchanged,
    /// A later state is known already.
    Stale,
    /// The event was processed before.
    Duplicate,
    /// The type of the event is irrelevant.
    Ignored,
    /// The event is about another subscription than the organization's current one.
    Superseded,
    /// The organization has two subscriptions that are charged; the later one counts. Operations have to
    /// end the other.
    SecondSubscription,
    /// The event names no known organization.
    UnknownOrganization,
    /// Its metadata names one organization and its customer is another's: neither is changed.
    ConflictingOrganization,
    /// Stripe has no such subscription.
    UnknownSubscription,
}

impl EventOutcome {
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

    /// Returns the name used in the database, in metrics and in logs.
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

    /// Returns true if operations should look at the event.
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

    /// Returns true if the event had no effect for a reason that may be fixed: delivered again, it is
    /// judged again.
    #[must_use]
    pub const fn is_unresolved(self) -> bool {
        matches!(self, Self::UnknownOrganization | Self::ConflictingOrganization | Self::UnknownSubscription)
    }
}
