//! Check-ins and the invoices that they are about: answering, undoing, confirming, expiring, renewing.

pub(crate) mod answer;
pub(crate) mod answer_in_app;
pub(crate) mod answer_several;
pub(crate) mod ask;
pub(crate) mod by_token;
pub(crate) mod confirm;
pub(crate) mod expire;
pub(crate) mod outcome;
pub(crate) mod read;
pub(crate) mod record_failed;
pub(crate) mod record_sent;
pub(crate) mod renew;
pub(crate) mod settlement;
pub(crate) mod take_back;
pub(crate) mod undo;
pub(crate) mod withdraw;

pub use answer::answer_checkin;
pub use answer_in_app::{AnswerInAppError, answer_still_pending};
pub use answer_several::answer_many;
pub use confirm::{ConfirmCheckinError, compose_checkin_confirmation};
pub use expire::{end_checkin, expire_checkin};
pub use outcome::{AnsweredBy, CheckinError, CheckinOutcome};
pub use read::{
    CheckinCard, CheckinInvoice, CheckinState, CheckinView, ReadCheckinError, RefusedButton, read_checkin,
    record_page_opening, record_refused_button,
};
pub use record_failed::{record_checkin_mail_failed, record_checkin_not_gathered};
pub use record_sent::record_checkins_sent;
pub use renew::{RenewCheckinError, renew_checkin};
pub use undo::{UndoCheckinError, undo_checkin, undo_checkins};
