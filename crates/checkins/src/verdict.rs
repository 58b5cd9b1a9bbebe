//! What the opening of a link means: a pure function of the check-in, the opening and the clock.

use time::OffsetDateTime;

use crate::{CheckinAnsweredBy, CheckinRules, CheckinStatus, CheckinTask, Opening};

/// What the opening of a link means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is the user's answer.
    Effect,
    /// It may be a machine's doing: a person confirms it with a button.
    Confirm(Caution),
    /// It contradicts the answer that the other link gave a moment ago: that one is taken back, and only a
    /// button is believed from now on.
    Undo,
    /// The user answered before, and this changes nothing.
    AlreadyAnswered,
    /// The links have ended.
    Expired,
}

/// Why an opening is not taken for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caution {
    /// It asks for no page.
    Head,
    /// It asks for the page before anybody wants to see it.
    Prefetch,
    /// It asks for a part of the page.
    Range,
    /// A known scanner, previewer or library opens it.
    Agent,
    /// No browser says that a person goes to the page.
    NoNavigation,
    /// The mail has hardly left, or that it left is not recorded yet.
    TooSoon,
    /// The other link was opened a moment ago, as only a machine does.
    OtherLink,
    /// Both links were opened by what may be a machine before.
    Suspect,
}

impl Verdict {
    /// The name under which the opening is kept.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Effect => "effect",
            Self::Confirm(Caution::Head) => "confirm_head",
            Self::Confirm(Caution::Prefetch) => "confirm_prefetch",
            Self::Confirm(Caution::Range) => "confirm_range",
            Self::Confirm(Caution::Agent) => "confirm_agent",
            Self::Confirm(Caution::NoNavigation) => "confirm_no_navigation",
            Self::Confirm(Caution::TooSoon) => Self::TOO_SOON,
            Self::Confirm(Caution::OtherLink) => "confirm_other_link",
            Self::Confirm(Caution::Suspect) => "confirm_suspect",
            Self::Undo => "undo",
            Self::AlreadyAnswered => "already_answered",
            Self::Expired => "expired",
        }
    }

    /// The name of an opening that came too soon.
    pub(crate) const TOO_SOON: &'static str = "confirm_too_soon";
}

/// What the opening of one of the two links means. `other_link_opened_at` is when the other one was last
/// opened too soon to count.
///
/// At the bounds: an opening at the very instant at which the life ends is over, one at the very end of the
/// quiet time counts, and one at the very end of the suspect time is suspect still.
#[must_use]
pub fn verdict(
    task: &CheckinTask,
    opening: &Opening,
    other_link_opened_at: Option<OffsetDateTime>,
    rules: &CheckinRules,
) -> Verdict {
    let caution = caution_of(opening);
    match task.status {
        CheckinStatus::Answered if caution.is_none() && contradicts(task, opening, rules) => Verdict::Undo,
        CheckinStatus::Answered => Verdict::AlreadyAnswered,
        CheckinStatus::Expired | CheckinStatus::Cancelled | CheckinStatus::Failed => Verdict::Expired,
        CheckinStatus::Sent if task.is_over(opening.at) => Verdict::Expired,
        CheckinStatus::Scheduled | CheckinStatus::Sent => {
            let caution = caution
                .or_else(|| is_too_soon(task, opening, rules).then_some(Caution::TooSoon))
                .or_else(|| task.suspect_since.map(|_| Caution::Suspect))
                .or_else(|| {
                    let opened_at = other_link_opened_at?;
                    within(rules, opened_at, opening.at).then_some(Caution::OtherLink)
                });
            caution.map_or(Verdict::Effect, Verdict::Confirm)
        }
    }
}

/// What of the request itself tells a machine.
fn caution_of(opening: &Opening) -> Option<Caution> {
    if opening.is_head() {
        Some(Caution::Head)
    } else if opening.is_prefetch {
        Some(Caution::Prefetch)
    } else if opening.is_range {
        Some(Caution::Range)
    } else if opening.is_by_known_agent() {
        Some(Caution::Agent)
    } else if !opening.is_navigation {
        Some(Caution::NoNavigation)
    } else {
        None
    }
}

fn is_too_soon(task: &CheckinTask, opening: &Opening, rules: &CheckinRules) -> bool {
    let sent_at = task.sent_at.filter(|_| task.status == CheckinStatus::Sent);
    sent_at.is_none_or(|sent_at| opening.at < sent_at + rules.quiet)
}

/// Whether the other link gave an answer a moment ago.
fn contradicts(task: &CheckinTask, opening: &Opening, rules: &CheckinRules) -> bool {
    let is_other = opening.link.answer().is_some_and(|answer| task.answer != Some(answer));
    let by_link = task.answered_by == Some(CheckinAnsweredBy::Link);
    is_other && by_link && task.answered_at.is_some_and(|at| within(rules, at, opening.at))
}

/// Whether two openings are so near each other that no person made both. The clocks of two servers may
/// disagree on which was first.
fn within(rules: &CheckinRules, one: OffsetDateTime, other: OffsetDateTime) -> bool {
    (other - one).abs() <= rules.suspect
}

#[cfg(test)]
mod tests;
