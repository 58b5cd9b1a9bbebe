//! Random tokens, and the hashes that are stored for them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Returns a secret of 32 random bytes, base64url without padding (43 characters).
#[must_use]
pub fn random_token() -> String {
    // Three v4 UUIDs contain 366 random bits from a cryptographic generator; hashing them spreads those over 32 bytes
    // and removes the fixed version bits.
    let mut hasher = Sha256::new();
    for _ in 0..3 {
        hasher.update(Uuid::new_v4().as_bytes());
    }
    URL_SAFE_NO_PAD.encode(hasher.finalize())
}

/// Returns the SHA-256 of some bytes, which is stored instead of a token.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_43_characters_and_differ() {
        let (one, other) = (random_token(), random_token());
        assert_eq!(one.len(), 43);
        assert_ne!(one, other);
    }
}
