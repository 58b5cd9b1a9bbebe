//! Payments and credit notes on an invoice.

mod create;
mod list;
mod void;

pub use create::create_payment;
pub use list::list_payments;
pub use void::void_payment;
