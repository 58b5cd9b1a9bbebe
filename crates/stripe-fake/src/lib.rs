//! A local fake of Stripe: its HTTP for subscriptions, signed webhooks, pages that play Checkout and the portal.
//!
//! It speaks what Rubis asks of Stripe (customers, prices, Checkout and portal sessions, subscriptions) with
//! Stripe's form bodies, errors and idempotency keys, keeps what it is told in memory or in a file, and
//! delivers signed events to one address. A [`RequestFault`] makes its answers fail and a [`DeliveryFault`] its
//! events go astray, the way they do on a network. No card is real and nobody is charged.
//!
//! Processes that start one install a rustls crypto provider first
//! (`rustls::crypto::ring::default_provider().install_default()`): the client that delivers events asks for it
//! even where it only speaks plain HTTP.

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
