//! Judges the opening of a link: a pure function of the check-in, the opening and the clock.

use time::OffsetDateTime;

use crate::{CheckinAnsweredBy, CheckinRules, CheckinStatus, CheckinTask, Opening};

/// Meaning of an opening of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is the user's answer.
    Effect,
    /// A machine may have opened it: a person confirms it with a button.
    Confirm(Caution),
    /// It contradicts the answer that the other link gave a moment ago: that answer is taken back, and only a button
    /// counts from now on.
    Undo,
    /// The user answered before, and this changes nothing.
    AlreadyAnswered,
    /// The links have expired.
    Expired,
}

/// Reasons why an opening does not count as an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caution {
    /// It requests no page.
    Head,
    /// It requests the page before a person wants to see it.
    Prefetch,
    /// It requests a part of the page.
    Range,
    /// A known scanner, previewer or library opens it.
    Agent,
    /// No browser says that a person navigates to the page.
    NoNavigation,
    /// The mail was sent only just now, or its sending is not recorded yet.
    TooSoon,
    /// The other link was opened a moment ago, which only a machine does.
    OtherLink,
    /// A machine may have opened both links before.
    Suspect,
}

impl Verdict {
    /// Returns the name under which the opening is recorded.
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

    /// Name of an opening that came too soon.
    pub(crate) const TOO_SOON: &'static str = "confirm_too_soon";
}

/// Judges the opening of one of the two links. `other_link_opened_at` is the last time at which the other one was
/// opened too soon to count.
///
/// At the bounds: an opening at the exact end of the life is too late, one at the exact end of the quiet time counts,
/// and one at the exact end of the suspect time is still suspect.
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

/// Returns the sign of a machine in the request itself, if any.
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

/// Reports whether the other link gave an answer a moment ago.
fn contradicts(task: &CheckinTask, opening: &Opening, rules: &CheckinRules) -> bool {
    let is_other = opening.link.answer().is_some_and(|answer| task.answer != Some(answer));
    let by_link = task.answered_by == Some(CheckinAnsweredBy::Link);
    is_other && by_link && task.answered_at.is_some_and(|at| within(rules, at, opening.at))
}

/// Reports whether two openings are too close together for one person to have made both. The clocks of two servers may
/// disagree about their order.
fn within(rules: &CheckinRules, one: OffsetDateTime, other: OffsetDateTime) -> bool {
    (other - one).abs() <= rules.suspect
}

#[cfg(test)]
mod tests;
