//! Ids, money, the clock, business days, templates, mails and keyed tokens: no I/O.
//!
//! Everything here is a value or a pure function; code that needs the time gets it from [`Clock`], which the two
//! binaries inject at their edge.

mod calendar;
mod clock;
mod email;
mod holidays;
mod ids;
mod invisible;
mod keyed;
mod mail_content;
mod mail_failure;
mod money;
mod siren;
mod template;
mod templates;
mod text;
mod token;
mod validation;

pub use calendar::{SendingCalendar, TimeZone, UnknownTimeZone};
pub use clock::{Clock, ManualClock, SharedClock, SystemClock};
pub use email::{Email, EmailAddress, InvalidEmailAddress, Mailbox};
pub use holidays::{HolidayCalendar, UnknownHolidayCalendar, is_public_holiday};
pub use ids::*;
pub use invisible::{has_invisible, is_blank, without_invisible};
pub use keyed::{AppKey, AppKeyError, PurposeKey};
pub use mail_content::{MailContent, MailPart, RenderError};
pub use mail_failure::{MailFailure, ServerReply};
pub use money::{Currency, CurrencyError, Money};
pub use siren::is_valid_siren;
pub use template::{Template, TemplateError, TemplateNames, TemplateValues};
pub use templates::Templates;
pub use text::{escape_html, format_date_french, normalize_search, one_line, shortened};
pub use token::{random_token, sha256};
pub use validation::{
    FieldError, FieldErrors, mail_address, optional_line, optional_text, required_line, required_text,
};
