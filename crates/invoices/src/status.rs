//! The states of an invoice and the transitions between them.

use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use rubis_db::{pg_enum, schema::sql_types};

/// State of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::InvoiceStatus)]
pub enum InvoiceStatus {
    /// No reminder has been sent yet.
    Pending,
    /// The user was asked whether the invoice was paid.
    AwaitingUserConfirmation,
    /// The debtor has been reminded.
    InRelance,
    /// Nothing is outstanding.
    Paid,
    /// The debtor disputes it; its reminders wait.
    Litigation,
    /// It was given up.
    Cancelled,
}

pg_enum!(InvoiceStatus, sql_types::InvoiceStatus {
    Pending => "pending",
    AwaitingUserConfirmation => "awaiting_user_confirmation",
    InRelance => "in_relance",
    Paid => "paid",
    Litigation => "litigation",
    Cancelled => "cancelled",
});

/// Event in the life of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transition {
    /// The user is asked whether it was paid.
    CheckinSent,
    /// The user answers that it was not.
    StillPending,
    /// A reminder is sent.
    RelanceSent,
    /// Nothing is outstanding any more.
    SettledInFull,
    /// The debtor disputes it.
    Disputed,
    /// The dispute is over.
    Resumed,
    /// It is given up.
    Cancelled,
    /// Its settlement is undone.
    Reopened,
}

/// Facts about an invoice's past that decide the state to which it goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InvoicePast {
    /// True if a reminder was sent.
    pub chased: bool,
    /// State in which it was settled, while it is settled.
    pub settled_from: Option<InvoiceStatus>,
}

/// The transition is not possible in the invoice's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an invoice that is {} cannot be {}", from.as_str(), transition.as_participle())]
pub struct IllegalTransition {
    pub from: InvoiceStatus,
    pub transition: Transition,
}

impl InvoiceStatus {
    /// States in which something is outstanding.
    pub const OPEN: [Self; 4] =
        [Self::Pending, Self::AwaitingUserConfirmation, Self::InRelance, Self::Litigation];

    /// Reports whether its reminders continue. Those of a disputed one wait.
    #[must_use]
    pub const fn is_chased(self) -> bool {
        matches!(self, Self::Pending | Self::AwaitingUserConfirmation | Self::InRelance)
    }

    /// Reports whether something is outstanding, so that the invoice may still be changed and paid.
    #[must_use]
    pub fn is_open(self) -> bool {
        Self::OPEN.contains(&self)
    }

    /// Returns the state after a transition. An invoice that was settled while it was disputed is disputed again when
    /// its settlement is undone.
    ///
    /// # Errors
    /// [`IllegalTransition`] if the transition is not possible in this state.
    pub fn apply(self, transition: Transition, past: InvoicePast) -> Result<Self, IllegalTransition> {
        use InvoiceStatus::{AwaitingUserConfirmation, Cancelled, InRelance, Litigation, Paid, Pending};

        let silent_or_chased = if past.chased { InRelance } else { Pending };
        match (transition, self) {
            (Transition::Reopened, Paid) if past.settled_from == Some(Litigation) => Ok(Litigation),
            (Transition::CheckinSent, Pending | InRelance) => Ok(AwaitingUserConfirmation),
            (Transition::StillPending, AwaitingUserConfirmation)
            | (Transition::Resumed, Litigation)
            | (Transition::Reopened, Paid) => Ok(silent_or_chased),
            (Transition::RelanceSent, Pending | AwaitingUserConfirmation | InRelance) => Ok(InRelance),
            (Transition::SettledInFull, Pending | AwaitingUserConfirmation | InRelance | Litigation) => {
                Ok(Paid)
            }
            (Transition::Disputed, Pending | AwaitingUserConfirmation | InRelance) => Ok(Litigation),
            (Transition::Cancelled, Pending | AwaitingUserConfirmation | InRelance | Litigation) => {
                Ok(Cancelled)
            }
            _ => Err(IllegalTransition { from: self, transition }),
        }
    }
}

impl Transition {
    const fn as_participle(self) -> &'static str {
        match self {
            Self::CheckinSent => "asked about",
            Self::StillPending => "declared still pending",
            Self::RelanceSent => "reminded",
            Self::SettledInFull => "settled",
            Self::Disputed => "disputed",
            Self::Resumed => "resumed",
            Self::Cancelled => "cancelled",
            Self::Reopened => "reopened",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::InvoiceStatus::{
        AwaitingUserConfirmation as Awaiting, Cancelled, InRelance, Litigation, Paid, Pending,
    };
    use super::*;

    /// For each transition, the resulting states from each state in the order of [`STATES`]: first for an invoice
    /// without reminders, then for one with reminders. `None`: the transition is refused.
    type Row = (Transition, [Option<InvoiceStatus>; 6], [Option<InvoiceStatus>; 6]);

    const STATES: [InvoiceStatus; 6] = [Pending, Awaiting, InRelance, Paid, Litigation, Cancelled];

    #[rustfmt::skip]
    const TABLE: [Row; 8] = [
        (Transition::CheckinSent,
            [Some(Awaiting),   None,             Some(Awaiting),   None,            None,            None],
            [Some(Awaiting),   None,             Some(Awaiting),   None,            None,            None]),
        (Transition::StillPending,
            [None,             Some(Pending),    None,             None,            None,            None],
            [None,             Some(InRelance),  None,             None,            None,            None]),
        (Transition::RelanceSent,
            [Some(InRelance),  Some(InRelance),  Some(InRelance),  None,            None,            None],
            [Some(InRelance),  Some(InRelance),  Some(InRelance),  None,            None,            None]),
        (Transition::SettledInFull,
            [Some(Paid),       Some(Paid),       Some(Paid),       None,            Some(Paid),      None],
            [Some(Paid),       Some(Paid),       Some(Paid),       None,            Some(Paid),      None]),
        (Transition::Disputed,
            [Some(Litigation), Some(Litigation), Some(Litigation), None,            None,            None],
            [Some(Litigation), Some(Litigation), Some(Litigation), None,            None,            None]),
        (Transition::Resumed,
            [None,             None,             None,             None,            Some(Pending),   None],
            [None,             None,             None,             None,            Some(InRelance), None]),
        (Transition::Cancelled,
            [Some(Cancelled),  Some(Cancelled),  Some(Cancelled),  None,            Some(Cancelled), None],
            [Some(Cancelled),  Some(Cancelled),  Some(Cancelled),  None,            Some(Cancelled), None]),
        (Transition::Reopened,
            [None,             None,             None,             Some(Pending),   None,            None],
            [None,             None,             None,             Some(InRelance), None,            None]),
    ];

    #[test]
    fn every_transition_leads_where_the_table_says_from_every_state() {
        for (transition, silent, chased) in TABLE {
            for (column, from) in STATES.into_iter().enumerate() {
                for (was_chased, expected) in [(false, silent[column]), (true, chased[column])] {
                    let expected = expected.ok_or(IllegalTransition { from, transition });
                    let past = InvoicePast { chased: was_chased, settled_from: None };
                    assert_eq!(from.apply(transition, past), expected, "{transition:?} from {from:?}");
                }
            }
        }
    }

    #[test]
    fn an_invoice_that_is_reopened_is_disputed_again_if_it_was_when_it_was_settled() {
        for chased in [false, true] {
            let past = |settled_from| InvoicePast { chased, settled_from };
            let silent_or_chased = if chased { InRelance } else { Pending };
            assert_eq!(Paid.apply(Transition::Reopened, past(Some(Litigation))), Ok(Litigation));
            for open in [Pending, Awaiting, InRelance] {
                assert_eq!(Paid.apply(Transition::Reopened, past(Some(open))), Ok(silent_or_chased));
            }
            // The past matters only to a reopened invoice.
            assert_eq!(Litigation.apply(Transition::Resumed, past(Some(Litigation))), Ok(silent_or_chased));
        }
    }

    #[test]
    fn the_table_covers_every_state() {
        assert_eq!(InvoiceStatus::ALL, STATES);
    }

    #[test]
    fn a_refusal_says_what_cannot_happen_to_which_invoice() {
        let refusal = Paid.apply(Transition::Disputed, InvoicePast::default()).unwrap_err();
        assert_eq!(refusal.to_string(), "an invoice that is paid cannot be disputed");
    }
}
