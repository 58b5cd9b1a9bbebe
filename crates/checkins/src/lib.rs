//! Asks the user whether an invoice was paid.
