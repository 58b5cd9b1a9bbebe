//! Invoices, from their creation to their settlement.

mod cancel;
mod create;
mod dispute;
mod get;
mod list;
mod mark_paid;
mod pause;
mod reopen;
mod resume;
mod still_pending;
mod timeline;
mod unpause;
mod update;

pub use cancel::cancel_invoice;
pub use create::create_invoice;
pub use dispute::dispute_invoice;
pub use get::get_invoice;
pub use list::list_invoices;
pub use mark_paid::mark_invoice_paid;
pub use pause::pause_invoice;
pub use reopen::reopen_invoice;
pub use resume::resume_invoice;
pub use still_pending::answer_invoice_still_pending;
pub use timeline::get_invoice_timeline;
pub use unpause::unpause_invoice;
pub use update::update_invoice;
