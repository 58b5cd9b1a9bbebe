//! Differences between versions of Stripe's API.

use serde::{Deserialize, Serialize};

/// A version of Stripe's API, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ApiShape {
    /// Before 2025-03-31: the end of the period is on the subscription, the subscription on the invoice.
    Classic,
    /// Since: the end of the period is on the subscription's item, the subscription below the invoice's parent.
    #[default]
    Items,
}

impl ApiShape {
    /// Returns a version of this shape.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Self::Classic => "2024-06-20",
            Self::Items => "2025-03-31.basil",
        }
    }
}

/// The versions that are simulated. Those of responses and of webhooks are set in different places at
/// Stripe, and differ as long as only one of the two was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shapes {
    /// The version of responses.
    #[serde(default)]
    pub api: ApiShape,
    /// The version of the objects in events.
    #[serde(default)]
    pub webhooks: ApiShape,
}

impl Shapes {
    /// Returns the same version for both.
    #[must_use]
    pub fn both(shape: ApiShape) -> Self {
        Self { api: shape, webhooks: shape }
    }
}
