//! Signs a user in with their address and password.
//!
//! There are three steps, because the middle one costs tens of milliseconds of processor time and must occupy neither
//! a connection nor an asynchronous thread: read the [`Credentials`], verify them, open the session.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::PurposeKey;
use time::OffsetDateTime;

use crate::{
    KnownDevice, Membership, OpenedSession, Organization, PasswordHash, SessionClient, SessionRules, User,
    open_session, queries,
};

/// Data against which the password for an address is checked. Exists for unknown addresses as well, with the same cost
/// of verifying, so that an attacker does not learn which addresses have an account.
#[derive(Debug)]
pub struct Credentials {
    account: Option<Box<VerifiedAccount>>,
    hash: PasswordHash,
}

/// Account whose password was correct.
#[derive(Clone, Debug)]
pub struct VerifiedAccount {
    user: User,
    organization: Organization,
    membership: Membership,
    hash: PasswordHash,
}

/// A session with its user, organization and membership.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub user: User,
    /// Organization of the session: the one they joined first.
    pub organization: Organization,
    pub membership: Membership,
    pub session: OpenedSession,
}

impl Credentials {
    /// Returns the device of this token, if it was given to this account and the password has not changed since.
    #[must_use]
    pub fn known_device(&self, key: &PurposeKey, token: &str) -> Option<KnownDevice> {
        let account = self.account.as_ref()?;
        KnownDevice::open(key, token, account.user.id, &account.hash)
    }

    /// Returns the user with this address, if there is one.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.account.as_ref().map(|account| &account.user)
    }

    /// Returns the account if the password is correct. Costs tens of milliseconds of processor time for known and
    /// unknown addresses: run it in `spawn_blocking`.
    #[must_use]
    pub fn verify(self, password: &str) -> Option<VerifiedAccount> {
        let right = self.hash.verify(password);
        self.account.filter(|_| right).map(|account| *account)
    }
}

impl VerifiedAccount {
    /// Returns the token by which this account recognises a device.
    #[must_use]
    pub fn device_token(&self, key: &PurposeKey, device: KnownDevice) -> String {
        device.seal(key, self.user.id, &self.hash)
    }
}

/// Returns the credentials against which the password for an address is checked.
pub async fn credentials(
    conn: &mut AsyncPgConnection,
    email: &str,
) -> Result<Credentials, diesel::result::Error> {
    let email = email.trim().to_lowercase();
    // PostgreSQL rejects a NUL in a text; no address has one.
    let found =
        if email.contains('\0') { None } else { queries::users::find_to_sign_in(conn, &email).await? };
    Ok(match found {
        Some((user, hash, membership, organization)) => {
            let account = VerifiedAccount { user, organization, membership, hash: hash.clone() };
            Credentials { account: Some(Box::new(account)), hash }
        }
        None => Credentials { account: None, hash: PasswordHash::of_nobody() },
    })
}

/// Opens a session for a user whose password was correct. Returns `None` if the password has changed since it was
/// read: a session of the old password must not outlive the change.
#[tracing::instrument(skip_all)]
pub async fn sign_in(
    conn: &mut AsyncPgConnection,
    account: VerifiedAccount,
    client: &SessionClient,
    now: OffsetDateTime,
    rules: SessionRules,
) -> Result<Option<SignedIn>, diesel::result::Error> {
    let VerifiedAccount { user, organization, membership, hash } = account;
    let session = conn
        .transaction::<_, diesel::result::Error, _>(async |conn| {
            if !queries::users::lock_password(conn, user.id, &hash).await? {
                return Ok(None);
            }
            open_session(conn, &membership, client, now, rules).await.map(Some)
        })
        .await?;
    Ok(session.map(|session| SignedIn { user, organization, membership, session }))
}
