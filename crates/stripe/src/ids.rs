//! Stripe's ids, one type for each kind of object.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! stripe_id {
    ($(#[$doc:meta] $name:ident;)+) => {$(
        #[$doc]
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Returns the id as Stripe writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns the id as Stripe writes it.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )+};
}

stripe_id! {
    /// A customer, `cus_…`: one organization.
    CustomerId;
    /// A subscription, `sub_…`.
    SubscriptionId;
    /// A price, `price_…`: a tier at a billing cycle.
    PriceId;
    /// A Checkout session, `cs_…`.
    CheckoutSessionId;
    /// An invoice of Stripe's to one of our customers, `in_…`, unrelated to those that Rubis chases.
    StripeInvoiceId;
}
