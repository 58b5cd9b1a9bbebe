//! The signature of a webhook: an HMAC of the raw body and the time of sending.

use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};
use thiserror::Error;
use time::{Duration, OffsetDateTime};

use super::event::Event;
use crate::error::MalformedObject;

/// The maximum difference between the time of sending and ours, either way.
pub const SIGNATURE_TOLERANCE: Duration = Duration::minutes(5);

/// The reason why a delivery is rejected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// The `Stripe-Signature` header is empty or not of the form `t=…,v1=…`.
    #[error("the signature header is missing or malformed")]
    Malformed,
    /// The header carries no signature of the scheme `v1`.
    #[error("the signature header carries no v1 signature")]
    NoSignature,
    /// No signature was made of this body with any of our secrets.
    #[error("the signature matches none of the secrets")]
    Mismatch,
    /// The signature is valid but too old: the delivery may be a replay.
    #[error("the signature is too old")]
    Stale,
    /// The signature is valid but in the future: one of the two clocks is wrong.
    #[error("the signature is dated in the future")]
    Future,
    /// The signature is valid, but the body is not an event.
    #[error(transparent)]
    NotAnEvent(#[from] MalformedObject),
}

/// Verifies a delivery and reads its event. It is accepted if one of the signatures in the
/// `Stripe-Signature` header was made of these bytes with one of these secrets no more than
/// [`SIGNATURE_TOLERANCE`] from `now`.
///
/// Several secrets are accepted while one replaces another; other schemes than `v1` are ignored.
/// Signatures are compared in constant time.
pub fn verify(
    raw: &[u8],
    header: &str,
    secrets: &[SecretString],
    now: OffsetDateTime,
) -> Result<Event, SignatureError> {
    let header = Header::parse(header)?;
    // An empty secret would let anyone sign.
    let secrets = secrets.iter().filter(|secret| !secret.expose_secret().is_empty());
    let matches = secrets.fold(Choice::from(0), |matches, secret| {
        let expected = sign(secret, header.timestamp, raw);
        header.signatures.iter().fold(matches, |matches, signature| matches | expected.ct_eq(signature))
    });
    if !bool::from(matches) {
        return Err(SignatureError::Mismatch);
    }
    let age = now - header.sent_at;
    if age > SIGNATURE_TOLERANCE {
        return Err(SignatureError::Stale);
    }
    if age < -SIGNATURE_TOLERANCE {
        return Err(SignatureError::Future);
    }
    Ok(Event::parse(raw)?)
}

/// The parsed header.
struct Header<'a> {
    /// The time of sending as it is written, because this text was signed.
    timestamp: &'a str,
    sent_at: OffsetDateTime,
    /// The signatures of the scheme `v1`.
    signatures: Vec<Vec<u8>>,
}

impl<'a> Header<'a> {
    fn parse(header: &'a str) -> Result<Self, SignatureError> {
        let mut timestamp = None;
        let mut signatures = Vec::new();
        for element in header.split(',') {
            let (name, value) = element.trim().split_once('=').ok_or(SignatureError::Malformed)?;
            match name {
                "t" => timestamp = Some(value),
                // A value that is not hexadecimal was not made by Stripe; another one may match.
                "v1" => signatures.extend(HEXLOWER_PERMISSIVE.decode(value.as_bytes())),
                _ => {}
            }
        }
        let timestamp = timestamp.ok_or(SignatureError::Malformed)?;
        let sent_at = timestamp
            .parse()
            .ok()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
            .ok_or(SignatureError::Malformed)?;
        if signatures.is_empty() {
            return Err(SignatureError::NoSignature);
        }
        Ok(Self { timestamp, sent_at, signatures })
    }
}

fn sign(secret: &SecretString, timestamp: &str, raw: &[u8]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(raw);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
