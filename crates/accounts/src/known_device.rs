//! Devices that a user has signed in from.
//!
//! A sign-in gives the browser a token by which the account recognises it, so that guesses made on other devices do
//! not slow down its user. The token grants no access. It is bound to the user and to their password's hash: a change
//! of password invalidates all device tokens.

use rubis_kernel::{PurposeKey, UserId};
use uuid::Uuid;

use crate::PasswordHash;

/// Length of the password's fingerprint in a token, in bytes.
const FINGERPRINT: usize = 16;

/// A device that a user has signed in from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownDevice(Uuid);

impl KnownDevice {
    /// Creates a device that was not known before.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Uuid::new_v4())
    }

    #[must_use]
    pub const fn id(self) -> Uuid {
        self.0
    }

    /// Returns the token of a device, for this user and password.
    #[must_use]
    pub fn seal(self, key: &PurposeKey, user: UserId, hash: &PasswordHash) -> String {
        key.seal(&[user.as_uuid().as_bytes(), self.0.as_bytes(), fingerprint(key, hash).as_slice()].concat())
    }

    /// Returns the user to whom a token was given, even if their password has changed since.
    #[must_use]
    pub fn holder(key: &PurposeKey, token: &str) -> Option<UserId> {
        let payload = key.open(token)?;
        let (user, _) = payload.split_at_checked(16)?;
        Uuid::from_slice(user).ok().map(UserId::from)
    }

    pub(crate) fn open(key: &PurposeKey, token: &str, user: UserId, hash: &PasswordHash) -> Option<Self> {
        let payload = key.open(token)?;
        let (of_user, rest) = payload.split_at_checked(16)?;
        let (device, of_password) = rest.split_at_checked(16)?;
        let is_theirs = of_user == user.as_uuid().as_bytes() && of_password == fingerprint(key, hash);
        if is_theirs { Uuid::from_slice(device).ok().map(Self) } else { None }
    }
}

fn fingerprint(key: &PurposeKey, hash: &PasswordHash) -> Vec<u8> {
    hash.fingerprint(key).into_iter().take(FINGERPRINT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_user_and_password_alone() {
        let app_key: rubis_kernel::AppKey = "0123456789abcdef0123456789abcdef".parse().unwrap();
        let key = app_key.derive("device");
        let (user, hash) = (UserId::new(), PasswordHash::of_nobody());
        let other_hash = PasswordHash::from_column("$argon2id$another".to_owned());
        let device = KnownDevice::fresh();
        let token = device.seal(&key, user, &hash);
        assert_eq!(KnownDevice::open(&key, &token, user, &hash), Some(device));
        assert_eq!(KnownDevice::open(&key, &token, UserId::new(), &hash), None, "another user");
        assert_eq!(KnownDevice::open(&key, &token, user, &other_hash), None, "the password has changed");
        assert_eq!(KnownDevice::open(&app_key.derive("access"), &token, user, &hash), None, "another key");
        assert_eq!(KnownDevice::open(&key, &key.seal(b"short"), user, &hash), None);
        assert_eq!(KnownDevice::holder(&key, &token), Some(user));
        assert_eq!(KnownDevice::holder(&app_key.derive("access"), &token), None);
    }
}
