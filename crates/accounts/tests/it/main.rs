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

/// The instant at which every test begins.
pub const NOW: OffsetDateTime = datetime!(2026-03-02 09:00 UTC);
/// How long a refresh token is taken.
pub const TTL: Duration = Duration::days(30);
/// Lifetimes of sessions.
pub const RULES: SessionRules = SessionRules { refresh_ttl: TTL, lifetime: Duration::days(90) };
/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery";

/// A browser in an office.
pub fn client() -> SessionClient {
    SessionClient::new(Some("Firefox/140"), Some("203.0.113.0/24".to_owned()))
}

/// A checked sign-up of somebody with this address.
pub fn account(email: &str) -> NewAccount {
    NewAccount::parse(&NewAccountInput {
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        full_name: "Claire Martin".to_owned(),
        organization_name: "Menuiserie Martin".to_owned(),
    })
    .unwrap()
}

/// Somebody who has signed up with [`PASSWORD`].
pub async fn signed_up(conn: &mut AsyncPgConnection, email: &str) -> SignedUp {
    let account = account(email);
    let hash = PasswordHash::hash(&account.password).unwrap();
    sign_up(conn, &account, &hash, NOW).await.unwrap()
}
