use diesel::{QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;
use rubis_accounts::{
    AccountKeys, RequestVerificationError, TokenError, TokenPurpose, VERIFICATION_PERIOD, Verification,
    issue_token, mark_address_verified, organization, purge_expired, request_verification, use_token, user,
    verify_address,
};
use rubis_db::AsyncPgConnection;
use rubis_kernel::{AccountTokenId, UserId};
use rubis_testkit::{account_keys, database::TestDatabase};
use time::{Duration, OffsetDateTime};

use crate::{NOW, signed_up};

async fn issued(conn: &mut AsyncPgConnection, user: UserId, now: OffsetDateTime) -> String {
    let (keys, purpose) = (account_keys(), TokenPurpose::VerifyAddress);
    let id = issue_token(conn, &keys, user, purpose, now).await.unwrap();
    keys.token(purpose, id)
}

#[tokio::test]
async fn a_link_verifies_the_address_once_and_lets_the_organization_send() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let paul = signed_up(&mut conn, "paul@exemple.fr").await;
    assert!(!claire.user.is_verified() && !claire.organization.is_sender_verified());
    let token = issued(&mut conn, claire.user.id, NOW).await;
    let later_token = issued(&mut conn, claire.user.id, NOW).await;

    let at = NOW + Duration::hours(1);
    let verified = verify_address(&mut conn, &token, at).await.unwrap();

    assert_eq!((verified.user_id, verified.organizations), (claire.user.id, vec![claire.organization.id]));
    let verified_user = user(&mut conn, claire.user.id).await.unwrap().unwrap();
    assert_eq!(verified_user.email_verified_at, Some(at));
    let sender = organization(&conn, claire.organization.id).await.unwrap().unwrap();
    assert_eq!(sender.sender_verified_at, Some(at));
    for spent in [&token, &later_token] {
        let again = verify_address(&mut conn, spent, at).await;
        assert!(matches!(again, Err(TokenError::Used)), "{again:?}");
    }
    let other = organization(&conn, paul.organization.id).await.unwrap().unwrap();
    assert!(!other.is_sender_verified(), "another company waits for its own owner");
}

#[tokio::test]
async fn a_link_is_refused_a_day_after_it_was_made_and_one_of_another_purpose_or_key_always() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let token = issued(&mut conn, claire.user.id, NOW).await;

    let expired = verify_address(&mut conn, &token, NOW + Duration::hours(24)).await;
    assert!(matches!(expired, Err(TokenError::Expired)), "{expired:?}");

    let keys = account_keys();
    let reset =
        issue_token(&mut conn, &keys, claire.user.id, TokenPurpose::ResetPassword, NOW).await.unwrap();
    let foreign = AccountKeys::derived_from(&"another secret of thirty-two bytes".parse().unwrap());
    for wrong in [
        keys.token(TokenPurpose::ResetPassword, reset),
        keys.token(TokenPurpose::VerifyAddress, reset),
        keys.token(TokenPurpose::VerifyAddress, AccountTokenId::new()),
        foreign.token(TokenPurpose::VerifyAddress, reset),
        String::new(),
        "\0".to_owned(),
    ] {
        let refused = verify_address(&mut conn, &wrong, NOW).await;
        assert!(matches!(refused, Err(TokenError::Invalid)), "{wrong:?}: {refused:?}");
    }
    let almost = NOW + Duration::hours(24) - Duration::seconds(1);
    assert!(verify_address(&mut conn, &token, almost).await.is_ok(), "until then it is good");
}

#[tokio::test]
async fn of_two_uses_at_once_of_links_of_one_user_exactly_one_succeeds() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    for number in 0..20 {
        let claire = signed_up(&mut conn, &format!("claire{number}@exemple.fr")).await;
        let first = issued(&mut conn, claire.user.id, NOW).await;
        let second =
            if number % 2 == 0 { first.clone() } else { issued(&mut conn, claire.user.id, NOW).await };
        let (mut one, mut other) = (db.pool.get().await.unwrap(), db.pool.get().await.unwrap());
        let outcomes = tokio::join!(
            use_token(&mut one, TokenPurpose::VerifyAddress, &first, NOW),
            use_token(&mut other, TokenPurpose::VerifyAddress, &second, NOW)
        );
        match outcomes {
            (Ok(user), Err(TokenError::Used)) | (Err(TokenError::Used), Ok(user)) => {
                assert_eq!(user, claire.user.id);
            }
            both => panic!("{both:?}"),
        }
    }
}

#[tokio::test]
async fn another_mail_replaces_one_that_waits_and_none_is_sent_to_a_verified_or_an_old_account() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let keys = account_keys();
    for _ in 0..2 {
        let requested = request_verification(&mut conn, &keys, claire.user.id, NOW).await.unwrap();
        assert_eq!(requested, Verification::MailQueued);
    }
    assert_eq!(waiting_mails(&mut conn).await.len(), 1);

    let too_late = request_verification(&mut conn, &keys, claire.user.id, NOW + VERIFICATION_PERIOD).await;
    assert!(matches!(too_late, Err(RequestVerificationError::PeriodOver)), "{too_late:?}");

    mark_address_verified(&mut conn, claire.user.id, NOW).await.unwrap();
    assert!(waiting_mails(&mut conn).await.is_empty(), "the mail has become pointless");
    let requested = request_verification(&mut conn, &keys, claire.user.id, NOW).await.unwrap();
    assert_eq!(requested, Verification::AlreadyVerified);
    assert!(waiting_mails(&mut conn).await.is_empty());
}

#[tokio::test]
async fn an_expired_token_is_forgotten_after_a_month() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let old = issued(&mut conn, claire.user.id, NOW).await;
    let now = NOW + Duration::days(31) + Duration::seconds(1);
    let young = issued(&mut conn, claire.user.id, now - Duration::days(2)).await;

    assert_eq!(purge_expired(&mut conn, now, 100).await.unwrap().account_tokens, 1);

    let of_old = verify_address(&mut conn, &old, now).await;
    assert!(matches!(of_old, Err(TokenError::Invalid)), "{of_old:?}");
    let of_young = verify_address(&mut conn, &young, now).await;
    assert!(matches!(of_young, Err(TokenError::Expired)), "{of_young:?}");
}

#[derive(QueryableByName)]
struct JobOfQueue {
    #[diesel(sql_type = Text)]
    id: String,
}

/// Returns the ids of the queued verification mails.
async fn waiting_mails(conn: &mut AsyncPgConnection) -> Vec<String> {
    let jobs: Vec<JobOfQueue> =
        diesel::sql_query("SELECT id FROM jobs WHERE queue = 'mails'").load(conn).await.unwrap();
    jobs.into_iter().map(|job| job.id).collect()
}
