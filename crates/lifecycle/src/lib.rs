//! One invoice as a whole, one use case a file.
//!
//! Each use case holds the invoice's lock, applies the state machine of `invoices`, and plans or calls
//! off the reminders of `relances`, in one transaction.

mod cancel_invoice;
mod create_invoice;
mod dispute_invoice;
mod events;
mod organization_settings;
mod pause_client;
mod pause_invoice;
mod plan_again;
mod reopen_invoice;
mod replace_plan;
mod resume_dispute;
mod settle_invoice;
mod sign_up;
mod timeline;
mod update_invoice;

pub use cancel_invoice::cancel_invoice;
pub use create_invoice::{CreateInvoiceError, PlanChoice, create_invoice};
pub use dispute_invoice::dispute_invoice;
pub use organization_settings::{pause_organization, resume_organization, update_organization};
pub use pause_client::{PauseClientError, pause_client, resume_client};
pub use pause_invoice::{PauseInvoiceError, pause_invoice, unpause_invoice};
pub use plan_again::{PlanAgain, PlanAgainProgress, plan_page_again};
pub use reopen_invoice::{ReopenError, reopen_invoice};
pub use replace_plan::replace_plan;
pub use resume_dispute::resume_dispute;
pub use settle_invoice::{SettleError, Settled, record_payment};
pub use sign_up::sign_up;
pub use timeline::{Timeline, TimelineRelance, WhyNot, timeline};
pub use update_invoice::{UpdateInvoiceError, update_invoice};

/// Why a move of an invoice was refused.
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
