//! Keys derived per purpose from the server's secret, and the tokens signed with them.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

type HmacSha256 = Hmac<Sha256>;

/// The server's secret, from which the key of each purpose is derived. It is never printed.
#[derive(Clone)]
pub struct AppKey(SecretString);

/// The secret is too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("takes a secret of at least 32 bytes")]
pub struct AppKeyError;

impl FromStr for AppKey {
    type Err = AppKeyError;

    fn from_str(secret: &str) -> Result<Self, Self::Err> {
        if secret.len() < 32 { Err(AppKeyError) } else { Ok(Self(secret.into())) }
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AppKey(…)")
    }
}

impl AppKey {
    /// Derives the key of one purpose; the keys of two purposes reveal nothing about each other.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> PurposeKey {
        PurposeKey(mac(self.0.expose_secret().as_bytes(), purpose.as_bytes()))
    }
}

/// A key for one purpose. It is never printed.
#[derive(Clone)]
pub struct PurposeKey([u8; 32]);

impl fmt::Debug for PurposeKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PurposeKey(…)")
    }
}

impl PurposeKey {
    /// Returns the HMAC-SHA256 of some bytes.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> [u8; 32] {
        mac(&self.0, bytes)
    }

    /// Reports whether this is the HMAC-SHA256 of these bytes, compared in constant time.
    #[must_use]
    pub fn verify(&self, bytes: &[u8], signature: &[u8]) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.sign(bytes).as_slice(), signature).into()
    }

    /// Returns a token that contains bytes in readable form and cannot be forged without the key:
    /// `base64url(payload).base64url(HMAC-SHA256)`.
    #[must_use]
    pub fn seal(&self, payload: &[u8]) -> String {
        format!("{}.{}", URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(self.sign(payload)))
    }

    /// Returns the content of a token made by [`Self::seal`]; `None` for any other token.
    #[must_use]
    pub fn open(&self, token: &str) -> Option<Vec<u8>> {
        let (payload, signature) = token.split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.verify(&payload, &signature).then_some(payload)
    }
}

fn mac(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = HmacSha256::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> AppKey {
        "0123456789abcdef0123456789abcdef".parse().unwrap()
    }

    #[test]
    fn a_sealed_token_opens_with_its_own_key_alone() {
        let sealed = key().derive("access").seal(b"session");
        assert_eq!(key().derive("access").open(&sealed).as_deref(), Some(b"session".as_slice()));
        assert_eq!(key().derive("pay").open(&sealed), None);
    }

    #[test]
    fn a_tampered_token_does_not_open() {
        let access = key().derive("access");
        let sealed = access.seal(b"session");
        let (payload, signature) = sealed.split_once('.').unwrap();
        let forged = URL_SAFE_NO_PAD.encode(b"another");
        for token in [
            format!("{forged}.{signature}"),
            format!("{payload}."),
            payload.to_owned(),
            format!("{payload}.{payload}"),
            String::new(),
            ".".to_owned(),
        ] {
            assert_eq!(access.open(&token), None, "{token}");
        }
    }

    #[test]
    fn the_server_key_is_long_and_never_prints() {
        assert_eq!("short".parse::<AppKey>().unwrap_err(), AppKeyError);
        assert_eq!(format!("{:?} {:?}", key(), key().derive("access")), "AppKey(…) PurposeKey(…)");
    }

    #[test]
    fn signatures_are_hmac_sha256() {
        // RFC 4231, test case 2.
        let signature = mac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(signature[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    }
}
