//! What is promised of subscriptions, against a real database.

mod attacks;
mod checkout;
mod company;
mod events;
mod mails;
mod order;
mod parallel;
mod sweep;
