//! The gateway to Stripe: customers, prices, Checkout, the portal, subscriptions and webhook signatures.
//!
//! No type of the client library is public here. Requests use its HTTP client with bodies and responses
//! of our own: its typed responses follow one version of Stripe's API and refuse objects of another,
//! while the account, its webhook addresses and this program may each be on a different one.
//!
//! Processes that call Stripe install a rustls crypto provider first
//! (`rustls::crypto::ring::default_provider().install_default()`).

mod checkout;
mod customer;
mod error;
mod gateway;
mod ids;
mod invoice;
mod json;
mod price;
mod settings;
mod subscription;
mod webhook;

pub use checkout::{
    CheckoutSession, CheckoutState, CheckoutStatus, CompletedCheckout, NewCheckout, TrialTerms,
    parse_completed_checkout,
};
pub use customer::NewCustomer;
pub use error::{MalformedObject, StripeError};
pub use gateway::{Stranger, StripeGateway};
pub use ids::{CheckoutSessionId, CustomerId, PriceId, StripeInvoiceId, SubscriptionId};
pub use invoice::{StripeInvoice, parse_invoice};
pub use price::{Price, PriceInterval};
pub use settings::StripeSettings;
pub use subscription::{Charge, Subscription, SubscriptionStatus, UnknownStatus, parse_subscription};
pub use webhook::{Event, SIGNATURE_TOLERANCE, SignatureError, verify};
