//! Signatures as Stripe makes them: scheme `v1`, and a `v0` that must not be accepted.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;
use time::OffsetDateTime;

/// An event as it is posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedDelivery {
    /// The body, to the byte.
    pub body: String,
    /// The `Stripe-Signature` header.
    pub signature: String,
}

impl SignedDelivery {
    #[must_use]
    pub fn new(body: String, secret: &str, at: OffsetDateTime) -> Self {
        let timestamp = at.unix_timestamp();
        let v1 = hmac_sha256(secret, &format!("{timestamp}.{body}"));
        let v0 = hmac_sha256("test-mode", &format!("{timestamp}.{body}"));
        Self { signature: format!("t={timestamp},v1={v1},v0={v0}"), body }
    }
}

fn hmac_sha256(secret: &str, text: &str) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}
