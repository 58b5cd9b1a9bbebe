//! Customers and their visits to the portal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::seconds;

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// `cus_…`.
    pub id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// The name on receipts.
    pub name: Option<String>,
    /// The address of receipts.
    pub email: Option<String>,
    /// The metadata given with it.
    pub metadata: BTreeMap<String, String>,
    /// True if it was deleted: Stripe knows that there was one, and accepts nothing else for it.
    #[serde(default)]
    pub deleted: bool,
}

impl Customer {
    /// Returns the object as Stripe writes it.
    pub(crate) fn json(&self) -> Value {
        if self.deleted {
            return json!({ "id": self.id, "object": "customer", "deleted": true });
        }
        json!({
            "id": self.id,
            "object": "customer",
            "created": seconds(self.created),
            "currency": "eur",
            "delinquent": false,
            "description": null,
            "email": self.email,
            "livemode": false,
            "metadata": self.metadata,
            "name": self.name,
            "preferred_locales": ["fr"],
        })
    }
}

/// A visit to the portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PortalSession {
    pub id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    pub customer: String,
    pub return_url: String,
}

impl PortalSession {
    /// Returns the object as Stripe writes it.
    pub(crate) fn json(&self, public_url: &str) -> Value {
        json!({
            "id": self.id,
            "object": "billing_portal.session",
            "configuration": "bpc_fake",
            "created": seconds(self.created),
            "customer": self.customer,
            "livemode": false,
            "locale": "fr",
            "return_url": self.return_url,
            "url": format!("{public_url}/portal/{}", self.id),
        })
    }
}
