//! Passwords and their argon2id hashes.

use std::fmt;

use argon2::{
    Argon2,
    password_hash::{self, PasswordHasher, PasswordVerifier, phc},
};
use rubis_kernel::{FieldErrors, PurposeKey};

use crate::{
    common_passwords::is_common,
    password_owner::{PasswordOwner, Resemblance},
};

/// Allowed length of a password, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 10..=128;

/// Salt and output are arbitrary bytes: finding a password with this hash is as hard as breaking argon2.
const OF_NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Y0ea1poJCyWCd+yPum+ZQQ$0EuY9I6Pi8wVxq5awFCAHNbc/UKPtfnmXE4W54BzQPo";

/// A new password that follows the rules. Its `Debug` output hides it.
#[derive(Clone)]
pub struct Password(String);

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

impl Password {
    /// Validates a new password: 10 to 128 characters without NUL, not one that attackers guess first, and not derived
    /// from facts that others know about its owner. The errors name `field` as the field of the request.
    ///
    /// # Errors
    /// `too_short`, `too_long`, `control_character`, `same_as_email`, `contains_email`, `contains_name` or
    /// `common_password`.
    pub fn parse(field: &str, text: &str, owner: &PasswordOwner<'_>) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let length = text.chars().count();
        if length < *LENGTH.start() {
            errors.push(field, "too_short", format!("must have at least {} characters", LENGTH.start()));
        }
        if length > *LENGTH.end() {
            errors.push(field, "too_long", format!("must have at most {} characters", LENGTH.end()));
            return Err(errors);
        }
        if text.contains('\0') {
            errors.push(field, "control_character", "must not contain a NUL character");
        }
        match owner.resemblance(text) {
            Some(Resemblance::SameAsEmail) => {
                errors.push(field, "same_as_email", "must not be the mail address");
            }
            Some(Resemblance::ContainsEmail) => {
                errors.push(field, "contains_email", "must not contain the mail address");
            }
            Some(Resemblance::ContainsName) => {
                errors.push(field, "contains_name", "must not contain your name or your organization's");
            }
            None => {}
        }
        if is_common(text) {
            errors.push(field, "common_password", "is a common password: choose another one");
        }
        errors.into_result(Self(text.to_owned()))
    }
}

/// An argon2id hash in the PHC format, with its salt and parameters. Its `Debug` output hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// A password could not be hashed: the system gave no random bytes or no memory.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct PasswordHashError(password_hash::Error);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

impl PasswordHash {
    /// Hashes a password with a new salt and the parameters that OWASP names first for argon2id (19 MiB, two passes,
    /// one lane). Takes tens of milliseconds of processor time: run it in `spawn_blocking`.
    ///
    /// # Errors
    /// [`PasswordHashError`] if the system gives no random bytes.
    pub fn hash(password: &Password) -> Result<Self, PasswordHashError> {
        let hash: phc::PasswordHash =
            Argon2::default().hash_password(password.0.as_bytes()).map_err(PasswordHashError)?;
        Ok(Self(hash.to_string()))
    }

    /// Reports whether the hash is this password's. Costs as much as [`Self::hash`].
    #[must_use]
    pub fn verify(&self, password: &str) -> bool {
        phc::PasswordHash::new(&self.0)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    }

    /// Returns a hash that no known password has, with the same parameters. Passwords for unknown addresses are
    /// checked against it, so that the response time does not show which addresses are known.
    pub(crate) fn of_nobody() -> Self {
        Self(OF_NOBODY.to_owned())
    }

    /// Returns a keyed fingerprint of this hash, for secrets that must become invalid with the password.
    pub(crate) fn fingerprint(&self, key: &PurposeKey) -> [u8; 32] {
        key.sign(self.0.as_bytes())
    }

    pub(crate) fn from_column(hash: String) -> Self {
        Self(hash)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: PasswordOwner<'_> =
        PasswordOwner { email: "Claire@exemple.fr", names: &["Claire Martin", "Menuiserie Martin"] };

    fn refusals(text: &str) -> Vec<&'static str> {
        match Password::parse("password", text, &OWNER) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.as_slice().iter().map(|error| error.code).collect(),
        }
    }

    #[test]
    fn a_password_has_10_to_128_characters_and_is_not_the_address() {
        assert!(refusals("dix lettre").is_empty());
        assert!(refusals(&('à'..='ÿ').cycle().take(128).collect::<String>()).is_empty());
        assert_eq!(refusals("neuf lett"), ["too_short"]);
        assert_eq!(refusals(&"é".repeat(129)), ["too_long"]);
        assert_eq!(refusals("dix lettres\0"), ["control_character"]);
        assert_eq!(refusals("CLAIRE@exemple.fr "), ["same_as_email"]);
    }

    #[test]
    fn a_password_is_neither_common_nor_made_of_its_owners_names() {
        assert_eq!(refusals("Azertyuiop"), ["common_password"]);
        assert_eq!(refusals("Password2026!"), ["common_password"]);
        assert_eq!(refusals("password1"), ["too_short", "common_password"]);
        assert_eq!(refusals("menuiserie.martin"), ["contains_name"]);
        assert_eq!(refusals("claire 2026!"), ["contains_email"]);
        assert!(refusals("la scie et le rabot").is_empty());
    }

    #[test]
    fn a_hash_knows_its_password_alone() {
        let password = Password::parse("password", "correct horse battery", &OWNER).unwrap();
        let hash = PasswordHash::hash(&password).unwrap();
        assert!(hash.verify("correct horse battery"));
        assert!(!hash.verify("correct horse batterx"));
        assert_ne!(hash, PasswordHash::hash(&password).unwrap(), "each hash has its own salt");
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(format!("{hash:?} {password:?}"), "PasswordHash(…) Password(…)");
    }

    #[test]
    fn an_unknown_address_is_checked_at_the_same_cost() {
        let parsed = phc::PasswordHash::new(OF_NOBODY).unwrap();
        assert!(parsed.salt.is_some() && parsed.hash.is_some(), "so that verifying it does the whole work");
        assert!(OF_NOBODY.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(!PasswordHash::of_nobody().verify("correct horse battery"));
        assert!(!PasswordHash::from_column(String::new()).verify(""), "what is no hash matches nothing");
    }
}
