//! Accounts against a real database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod activity;
mod idempotency;
mod organizations;
mod sessions;
mod sign_up;
mod verification;

use rubis_accounts::{
    NewAccount, NewAccountInput, PasswordHash, SessionClient, SessionRules, SignedUp, sign_up,
};
use rubis_db::AsyncPgConnection;
use time::{Duration, OffsetDateTime, macros::datetime};

/// The instant at which every test starts.
pub const NOW: OffsetDateTime = datetime!(2026-03-02 09:00 UTC);
/// Time for which a refresh token is accepted.
pub const TTL: Duration = Duration::days(30);
/// Lifetimes of sessions.
pub const RULES: SessionRules = SessionRules { refresh_ttl: TTL, lifetime: Duration::days(90) };
/// Password of every user.
pub const PASSWORD: &str = "correct horse battery";

/// Returns the client of a browser in an office.
pub fn client() -> SessionClient {
    SessionClient::new(Some("Firefox/140"), Some("203.0.113.0/24".to_owned()))
}

/// Returns a validated sign-up with this address.
pub fn account(email: &str) -> NewAccount {
    NewAccount::parse(&NewAccountInput {
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        full_name: "Claire Martin".to_owned(),
        organization_name: "Menuiserie Martin".to_owned(),
    })
    .unwrap()
}

/// Signs up a user with [`PASSWORD`].
pub async fn signed_up(conn: &mut AsyncPgConnection, email: &str) -> SignedUp {
    let account = account(email);
    let hash = PasswordHash::hash(&account.password).unwrap();
    sign_up(conn, &account, &hash, NOW).await.unwrap()
}
