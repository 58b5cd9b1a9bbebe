//! One invoice as a whole, one use case a file.
//!
//! Each use case holds the invoice's lock, applies the state machine of `invoices`, and plans or calls
//! off the question of `checkins` and the reminders of `relances`, in this order, in one transaction. Where an
//! invoice begins to be chased, the plan's limit of `billing` is kept in the same transaction.

mod answer_checkin;
mod answer_checkins;
mod answer_in_app;
mod call_off;
mod cancel_invoice;
mod confirm_checkin;
mod create_invoice;
mod dispute_invoice;
mod events;
mod expire_checkin;
mod invoice_limit;
mod organization_settings;
mod pause_client;
mod pause_invoice;
mod plan_again;
mod queries;
mod read_checkin;
mod reconcile;
mod record_checkins_failed;
mod record_checkins_sent;
mod renew_checkin;
mod reopen_invoice;
mod replace_plan;
mod request_planning;
mod reset_password;
mod resume_dispute;
mod run_planning;
mod sending_limits;
mod settle_invoice;
mod sign_up;
mod take_answer_back;
mod timeline;
mod trial_recap;
mod undo_checkin;
mod update_invoice;
mod verify_address;
mod void_payment;

pub use answer_checkin::{AnsweredBy, CheckinError, CheckinOutcome, answer_checkin};
pub use answer_checkins::answer_many;
pub use answer_in_app::{AnswerInAppError, answer_still_pending};
pub use cancel_invoice::cancel_invoice;
pub use confirm_checkin::{ConfirmCheckinError, compose_checkin_confirmation};
pub use create_invoice::{CreateInvoiceError, PlanChoice, create_invoice};
pub use dispute_invoice::dispute_invoice;
pub use expire_checkin::{end_checkin, expire_checkin};
pub use invoice_limit::subscription_view;
pub use organization_settings::{pause_organization, resume_organization, update_organization};
pub use pause_client::{PauseClientError, pause_client, resume_client};
pub use pause_invoice::{PauseInvoiceError, pause_invoice, unpause_invoice};
pub use plan_again::{PlanAgainProgress, plan_page_again};
pub use read_checkin::{
    CheckinCard, CheckinInvoice, CheckinState, CheckinView, ReadCheckinError, RefusedButton, read_checkin,
    record_page_opening, record_refused_button,
};
pub use reconcile::{
    Finding, FindingKind, FindingOutcome, RECONCILED_EVERY, Reconcile, continue_reconciliation, reconcile,
    reconcile_everything, seed_reconciliation,
};
pub use record_checkins_failed::{record_checkin_mail_failed, record_checkin_not_gathered};
pub use record_checkins_sent::record_checkins_sent;
pub use renew_checkin::{RenewCheckinError, renew_checkin};
pub use reopen_invoice::{ReopenError, reopen_invoice};
pub use replace_plan::replace_plan;
pub use request_planning::{MAX_SCOPES, PlanAgain, drop_planning_request};
pub use reset_password::reset_password;
pub use resume_dispute::{ResumeDisputeError, resume_dispute};
pub use run_planning::{PlanningRun, run_planning_page};
pub use sending_limits::SubscriptionLimits;
pub use settle_invoice::{SettleError, Settled, record_payment};
pub use sign_up::sign_up;
pub use timeline::{Timeline, TimelineRelance, WhyNot, timeline};
pub use trial_recap::{claim_trial_recap, recap_figures};
pub use undo_checkin::{UndoCheckinError, undo_checkin, undo_checkins};
pub use update_invoice::{UpdateInvoiceError, update_invoice};
pub use verify_address::{mark_address_verified, verify_address};
pub use void_payment::{PaymentVoided, void_payment};

/// Errors of a transition of an invoice.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The organization has no such invoice.
    #[error("there is no such invoice")]
    NotFound,
    /// The state machine forbids it.
    #[error(transparent)]
    Transition(#[from] rubis_invoices::TransitionError),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}
