//! The opening of a link, by a person or by a machine.

use time::OffsetDateTime;

use crate::{CheckinAnswer, agents::is_known_agent};

/// Maximum length of a recorded user agent, in characters.
const MAX_USER_AGENT: usize = 500;

/// Headers by which a browser or a mail client marks a request that no person has made yet.
const PREFETCH_HEADERS: [&str; 4] = ["purpose", "sec-purpose", "x-purpose", "x-moz"];

/// Values of these headers in such a request.
const PREFETCH_WORDS: [&str; 3] = ["prefetch", "preview", "prerender"];

/// Link or button that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckinLink {
    /// Declares the invoice paid.
    Paid,
    /// Declares the invoice unpaid.
    Pending,
    /// Shows the state.
    Page,
    /// Requests new links.
    Renew,
    /// Takes the answer back.
    Undo,
}

impl CheckinLink {
    /// Returns the name used by the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Pending => "pending",
            Self::Page => "page",
            Self::Renew => "renew",
            Self::Undo => "undo",
        }
    }

    /// Returns the answer that it stands for, if it is one of the two links of the mail.
    #[must_use]
    pub const fn answer(self) -> Option<CheckinAnswer> {
        match self {
            Self::Paid => Some(CheckinAnswer::Paid),
            Self::Pending => Some(CheckinAnswer::StillPending),
            Self::Page | Self::Renew | Self::Undo => None,
        }
    }
}

impl From<CheckinAnswer> for CheckinLink {
    fn from(answer: CheckinAnswer) -> Self {
        match answer {
            CheckinAnswer::Paid => Self::Paid,
            CheckinAnswer::StillPending => Self::Pending,
        }
    }
}

/// An opening of a link: the parts that decide its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub at: OffsetDateTime,
    /// `GET`, `HEAD` or `POST`.
    pub method: String,
    pub link: CheckinLink,
    /// True if a header says that the page is only fetched in advance.
    pub is_prefetch: bool,
    /// True if only a part of the page is requested, as previews do.
    pub is_range: bool,
    /// True if a browser says that a person navigates to the page: `Sec-Fetch-Mode: navigate` and `Sec-Fetch-Dest:
    /// document`.
    pub is_navigation: bool,
    /// User agent of the program: at most 500 characters, none of them a control character.
    pub user_agent: String,
}

impl Opening {
    /// Creates an opening from the method and the headers of a request; the names of the headers may be in any case.
    #[must_use]
    pub fn from_request<'a>(
        at: OffsetDateTime,
        method: &str,
        link: CheckinLink,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Self {
        let mut opening = Self {
            at,
            method: method.to_ascii_uppercase(),
            link,
            is_prefetch: false,
            is_range: false,
            is_navigation: false,
            user_agent: String::new(),
        };
        let (mut navigates, mut to_document) = (false, false);
        for (name, value) in headers {
            let name = name.to_ascii_lowercase();
            let value = String::from_utf8_lossy(value);
            if PREFETCH_HEADERS.contains(&name.as_str()) {
                let value = value.to_ascii_lowercase();
                opening.is_prefetch |= PREFETCH_WORDS.iter().any(|word| value.contains(word));
            }
            opening.is_range |= name == "range";
            navigates |= name == "sec-fetch-mode" && value == "navigate";
            to_document |= name == "sec-fetch-dest" && value == "document";
            if name == "user-agent" {
                opening.user_agent =
                    value.chars().filter(|letter| !letter.is_control()).take(MAX_USER_AGENT).collect();
            }
        }
        opening.is_navigation = navigates && to_document;
        opening
    }

    /// Reports whether the user agent is that of a known scanner, previewer or library, or missing.
    #[must_use]
    pub fn is_by_known_agent(&self) -> bool {
        is_known_agent(&self.user_agent)
    }

    /// Reports whether the response has no body that a person could read.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }
}
