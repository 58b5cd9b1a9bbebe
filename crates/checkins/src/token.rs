//! The secret in a check-in's links.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rubis_kernel::{CheckinTaskId, PurposeKey, sha256};

/// Purpose of the key from which tokens are computed.
pub const KEY_PURPOSE: &str = "checkin";

/// Returns the token of a check-in: 32 bytes, base64url without padding. It is stored only in the mail, and can be
/// computed again with the key.
#[must_use]
pub fn token_of(key: &PurposeKey, task: CheckinTaskId) -> String {
    URL_SAFE_NO_PAD.encode(key.sign(task.as_uuid().as_bytes()))
}

/// Returns the hash that the database stores for a token. Every text has one, so that a malformed token is looked up
/// like an unknown one.
#[must_use]
pub fn hash_of_token(token: &str) -> [u8; 32] {
    sha256(token.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rubis_kernel::AppKey;

    fn key(secret: &str) -> PurposeKey {
        secret.parse::<AppKey>().unwrap().derive(KEY_PURPOSE)
    }

    #[test]
    fn a_token_is_43_characters_of_base64url_and_follows_from_key_and_check_in() {
        let (one, other) = (key("0123456789abcdef0123456789abcdef"), key("fedcba9876543210fedcba9876543210"));
        let task = CheckinTaskId::new();
        let token = token_of(&one, task);
        assert_eq!(token.len(), 43);
        assert!(token.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_'));
        assert_eq!(token, token_of(&one, task));
        assert_ne!(token, token_of(&other, task));
        assert_ne!(token, token_of(&one, CheckinTaskId::new()));
    }

    #[test]
    fn any_text_has_a_hash_of_its_own() {
        assert_ne!(hash_of_token(""), hash_of_token("\0"));
        assert_ne!(hash_of_token("abc"), hash_of_token("abc="));
    }
}
