//! A local fake of Stripe: its HTTP for subscriptions, signed webhooks, and pages that simulate Checkout
//! and the portal.
//!
//! It supports the part of Stripe that Rubis uses (customers, prices, Checkout and portal sessions,
//! subscriptions) with Stripe's form bodies, errors and idempotency keys, keeps its state in memory or in
//! a file, and delivers signed events to one address. A [`RequestFault`] makes its responses fail and a
//! [`DeliveryFault`] its deliveries, as a network would. No card is real and no customer is charged.
//!
//! Processes that start one install a rustls crypto provider first
//! (`rustls::crypto::ring::default_provider().install_default()`): the client that delivers events
//! requires it even for plain HTTP.

mod clock;
mod fake;
mod faults;
mod form;
mod http;
mod problem;
mod settings;
mod shared;
mod state;
mod webhooks;

pub use fake::{StartError, StripeFake};
pub use faults::{InvalidFault, RecordedRequest, RequestAction, RequestFault};
pub use settings::{FakeSettings, NewPrice, WebhookTarget};
pub use state::{
    ApiShape, CheckoutSession, CheckoutStatus, Customer, Event, Interval, PlayError, Price, Shapes,
    Subscription, SubscriptionStatus,
};
pub use webhooks::{DeliveryFault, DeliveryOutcome, DeliveryRecord, ReleaseOrder, SignedDelivery};
