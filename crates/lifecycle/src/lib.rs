//! One invoice as a whole, one use case a file.
//!
//! Each use case holds the invoice's lock, applies the state machine of `invoices`, and plans or calls
//! off the question of `checkins` and the reminders of `relances`, in this order, in one transaction. Where an
//! invoice begins to be chased, the plan's limit of `billing` is kept in the same transaction.

mod call_off;
mod cancel_invoice;
mod checkins;
mod create_invoice;
mod dispute_invoice;
mod events;
mod invoice_limit;
mod organization_settings;
mod pause_client;
mod pause_invoice;
mod plan_again;
mod queries;
mod reconcile;
mod reopen_invoice;
mod replace_plan;
mod request_planning;
mod reset_password;
mod resume_dispute;
mod run_planning;
mod sending_limits;
mod settle_invoice;
mod sign_up;
mod timeline;
mod trial_recap;
mod update_invoice;
mod verify_address;
mod void_payment;

pub use cancel_invoice::cancel_invoice;
pub use checkins::*;
pub use create_invoice::{CreateInvoiceError, PlanChoice, create_invoice};
pub use dispute_invoice::dispute_invoice;
pub use invoice_limit::subscription_view;
pub use organization_settings::{pause_organization, resume_organization, update_organization};
pub use pause_client::{PauseClientError, pause_client, resume_client};
pub use pause_invoice::{PauseInvoiceError, pause_invoice, unpause_invoice};
pub use plan_again::{PlanAgainProgress, plan_page_again};
pub use reconcile::{
    Finding, FindingKind, FindingOutcome, RECONCILED_EVERY, Reconcile, continue_reconciliation, reconcile,
    reconcile_everything, seed_reconciliation,
};
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
