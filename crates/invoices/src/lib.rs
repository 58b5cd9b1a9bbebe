//! Clients, invoices, lines, payments and the invoice state machine.
//!
//! Every use case takes a connection, the organization, its parsed input, and `now`; it writes in its own transaction,
//! which nests in the caller's. Functions that change the state of an invoice take the [`Invoice`] that the caller has
//! locked with [`lock_invoice`] in the same transaction.

mod awaited_answer;
mod chased;
mod client;
mod client_kind;
mod client_names;
mod contact;
mod create_client;
mod create_invoice;
mod delete_client;
mod figures;
mod identify_client;
mod invoice;
mod limits;
mod line;
mod list_clients;
mod list_invoices;
mod manage_contacts;
mod manage_service_locations;
mod new_invoice;
mod pause;
mod payment;
mod queries;
mod reason;
mod record_payment;
mod referral_code;
mod search;
mod service_location;
mod statement;
mod status;
mod transition;
mod update_client;
mod update_invoice;
mod vat_number;
mod void_payment;

pub use awaited_answer::{AwaitedAnswer, awaiting_invoices, set_awaited_answer};
pub use chased::{REMINDED_COUNTS_FOR, count_chased};
pub use client::{
    Client, ClientInput, ClientPatch, MAX_CLIENT_NAME_CHARS, NewClient, NewClientInput, client,
    clients_by_ids,
};
pub use client_kind::ClientKind;
pub use contact::{Contact, ContactInput, ContactPatch, NewContact, NewContactInput, contacts_of};
pub use create_client::create_client;
pub use create_invoice::{CreateInvoiceError, CreatedInvoice, create_invoice, create_invoice_within};
pub use delete_client::{DeleteClientError, delete_client};
pub use figures::{InvoiceFigures, figures_between};
pub use invoice::{
    Invoice, InvoiceOutcome, InvoiceScope, ids_of_unfinished_invoices, invoice, invoices_by_ids,
    lock_invoice, lock_invoices, open_invoices_of_client,
};
pub use line::{InvalidQuantity, InvoiceLine, LineInput, NewLine, Quantity, lines_of};
pub use list_clients::{ClientPosition, list_clients};
pub use list_invoices::{InvoiceFilter, InvoicePosition, InvoiceSort, ListedInvoice, list_invoices};
pub use manage_contacts::{ContactError, MAX_CONTACTS, add_contact, remove_contact, update_contact};
pub use manage_service_locations::{
    MAX_SERVICE_LOCATIONS, ServiceLocationError, add_service_location, remove_service_location,
    update_service_location,
};
pub use new_invoice::{
    InvoicedClient, InvoicedClientInput, MAX_NUMERO_CHARS, NamedClient, NewInvoice, NewInvoiceInput,
};
pub use pause::{clear_client_pause, clear_invoice_pause, set_client_pause, set_invoice_pause};
pub use payment::{
    NewPayment, NewPaymentInput, Payment, PaymentKind, PaymentMethod, PaymentPosition, latest_payments_of,
    list_payments, payments_of,
};
pub use reason::Reason;
pub use record_payment::{RecordPaymentError, Recorded, record_payment};
pub use referral_code::{referral_code, resolve_referral};
pub use search::SearchTerms;
pub use service_location::{
    NewServiceLocation, NewServiceLocationInput, ServiceLocation, ServiceLocationInput, ServiceLocationPatch,
    service_locations_of,
};
pub use statement::{CurrencyBalance, Statement, StatementPayment, statement};
pub use status::{IllegalTransition, InvoicePast, InvoiceStatus, Transition};
pub use transition::{TransitionError, relance_sent, transition};
pub use update_client::{UpdateClientError, update_client};
pub use update_invoice::{InvoiceInput, InvoicePatch, InvoiceUpdate, UpdateInvoiceError, update_invoice};
pub use void_payment::{
    VoidPaymentError, VoidReason, Voided, void_payment, void_settlement, voiding_reopens,
};
