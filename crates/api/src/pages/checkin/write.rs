//! The pages of a check-in: one template for each of [`Shown`].

use rubis_kernel::RenderError;
use rubis_lifecycle::CheckinView;
use time::Duration;

use super::{
    CheckinPage, PageStatus,
    choose::{self, Shown},
    values::{Form, Single, Together},
};
use crate::pages::frame::Page;

/// A page to be rendered.
pub(super) struct Writing<'a> {
    /// The target of its forms.
    pub(super) page: &'a CheckinPage,
    /// The token with which it was opened.
    pub(super) token: &'a str,
    /// The value of its buttons.
    pub(super) button: &'a str,
    /// The check-in and those of the same mail.
    pub(super) view: &'a CheckinView,
    /// The time for which links are valid.
    pub(super) life: Duration,
}

/// Renders the page of a token that no check-in has.
pub(super) fn unknown() -> Result<Page, RenderError> {
    Page::render("checkin_unknown.html", ())
}

/// Renders the page of a token whose links expired long ago.
pub(super) fn gone() -> Result<Page, RenderError> {
    Page::render("checkin_gone.html", ())
}

impl Writing<'_> {
    /// Renders the page with this outcome.
    pub(super) fn page(&self, status: Option<PageStatus>) -> Result<Page, RenderError> {
        let form = Form::new(self.page, self.token, self.button);
        let shown = choose::choose(self.view, status);
        let to_confirm = match shown {
            Shown::Together => {
                return Page::render(template(shown), Together::new(form, self.view, status));
            }
            Shown::Confirm(answer) => Some(answer),
            _ => None,
        };
        Page::render(template(shown), Single::new(form, self.view, to_confirm, self.life))
    }
}

const fn template(shown: Shown) -> &'static str {
    match shown {
        Shown::Question => "checkin_question.html",
        Shown::Confirm(_) => "checkin_confirm.html",
        Shown::Together => "checkin_together.html",
        Shown::Paid => "checkin_paid.html",
        Shown::Pending => "checkin_pending.html",
        Shown::Undone => "checkin_undone.html",
        Shown::WasPaid => "checkin_was_paid.html",
        Shown::WasPending => "checkin_was_pending.html",
        Shown::Settled => "checkin_settled.html",
        Shown::Expired => "checkin_expired.html",
        Shown::Renewed => "checkin_renewed.html",
        Shown::TooSoon => "checkin_too_soon.html",
    }
}

#[cfg(test)]
mod tests;
