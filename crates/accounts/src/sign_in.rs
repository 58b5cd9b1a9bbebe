//! Somebody signs in with their address and password.
//!
//! In three steps, because the middle one costs tens of milliseconds of processor time and must hold
//! neither a connection nor an asynchronous thread: read the [`Credentials`], verify them, open the session.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::PurposeKey;
use time::OffsetDateTime;

use crate::{
    KnownDevice, Membership, OpenedSession, Organization, PasswordHash, SessionClient, SessionRules, User,
    open_session, queries,
};

/// What an address's password is checked against. Made for unknown addresses as well, with the same
/// cost of verifying, so that nobody learns which addresses have an account.
#[derive(Debug)]
pub struct Credentials {
    account: Option<Box<VerifiedAccount>>,
    hash: PasswordHash,
}

/// Whose password was right.
#[derive(Clone, Debug)]
pub struct VerifiedAccount {
    user: User,
    organization: Organization,
    membership: Membership,
    hash: PasswordHash,
}

/// A session, and whose it is.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who signed in.
    pub user: User,
    /// The organization they work in: the one they joined first.
    pub organization: Organization,
    /// Their place in it.
    pub membership: Membership,
    /// The session that began.
    pub session: OpenedSession,
}

impl Credentials {
    /// Returns the device whose token this is, if it was given to this account and the password has not changed
    /// since.
    #[must_use]
    pub fn known_device(&self, key: &PurposeKey, token: &str) -> Option<KnownDevice> {
        let account = self.account.as_ref()?;
        KnownDevice::open(key, token, account.user.id, &account.hash)
    }

    /// Returns the user whose address was typed, if there is one.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.account.as_ref().map(|account| &account.user)
    }

    /// Whose password this is, if it is right. Costs tens of milliseconds of processor time whether
    /// the address is known or not: run it where that holds nobody up (`spawn_blocking`).
    #[must_use]
    pub fn verify(self, password: &str) -> Option<VerifiedAccount> {
        let right = self.hash.verify(password);
        self.account.filter(|_| right).map(|account| *account)
    }
}

impl VerifiedAccount {
    /// The token by which this account knows a device again.
    #[must_use]
    pub fn device_token(&self, key: &PurposeKey, device: KnownDevice) -> String {
        device.seal(key, self.user.id, &self.hash)
    }
}

/// What the password typed for an address is to be checked against.
///
/// # Errors
/// The database's.
pub async fn credentials(
    conn: &mut AsyncPgConnection,
    email: &str,
) -> Result<Credentials, diesel::result::Error> {
    let email = email.trim().to_lowercase();
    // PostgreSQL refuses a NUL in a text; no address has one.
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

/// Opens a session for a user whose password was right. Returns `None` if the password has changed since it was read:
/// a session of the old password must not outlive the change.
///
/// # Errors
/// The database's.
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
