//! Payments and credit notes on an invoice.

mod create;
mod list;

pub use create::create_payment;
pub use list::list_payments;
