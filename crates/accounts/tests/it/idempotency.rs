use rubis_accounts::{Begun, IdempotencyError, IdempotencyKey, begin, complete, purge_expired};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_kernel::{OrganizationId, sha256};
use rubis_testkit::database::TestDatabase;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::{NOW, signed_up};

/// Runs a request: begins, works, responds, in one transaction.
async fn request(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    body: &str,
    answer: Value,
    now: OffsetDateTime,
) -> Result<Begun, IdempotencyError> {
    let key = IdempotencyKey::parse("order-1").unwrap();
    conn.transaction(async |conn| {
        let begun = begin(conn, organization, &key, sha256(body.as_bytes()), now).await?;
        if begun == Begun::Fresh {
            complete(conn, organization, &key, 201, &answer).await?;
        }
        Ok(begun)
    })
    .await
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer_for_a_day() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    let paul = signed_up(&mut conn, "paul@exemple.fr").await.organization.id;
    assert_eq!(request(&mut conn, claire, "a", json!({"n": 1}), NOW).await.unwrap(), Begun::Fresh);
    let first = Begun::Replay { status: 201, body: json!({"n": 1}) };
    let a_day_later = NOW + Duration::hours(24);
    assert_eq!(request(&mut conn, claire, "a", json!({"n": 2}), a_day_later).await.unwrap(), first);
    let another_body = request(&mut conn, claire, "b", json!({"n": 3}), a_day_later).await;
    assert!(matches!(another_body, Err(IdempotencyError::Mismatch)));
    let of_another = request(&mut conn, paul, "b", json!({"n": 4}), NOW).await.unwrap();
    assert_eq!(of_another, Begun::Fresh, "keys are each organization's own");

    let too_late = a_day_later + Duration::SECOND;
    assert_eq!(request(&mut conn, claire, "b", json!({"n": 5}), too_late).await.unwrap(), Begun::Fresh);
    let replay = request(&mut conn, claire, "b", json!({"n": 6}), too_late).await.unwrap();
    assert_eq!(replay, Begun::Replay { status: 201, body: json!({"n": 5}) });
}

#[tokio::test]
async fn of_two_equal_requests_at_once_one_works_and_the_other_waits_for_its_answer() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    let (mut one, mut other) = (db.pool.get().await.unwrap(), db.pool.get().await.unwrap());
    let (one, other) = tokio::join!(
        request(&mut one, claire, "a", json!("one"), NOW),
        request(&mut other, claire, "a", json!("other"), NOW)
    );
    let outcomes = [one.unwrap(), other.unwrap()];
    let expected = |body: &str| Begun::Replay { status: 201, body: json!(body) };
    assert!(
        outcomes == [Begun::Fresh, expected("one")] || outcomes == [expected("other"), Begun::Fresh],
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn a_request_that_failed_can_be_made_again() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    let key = IdempotencyKey::parse("order-1").unwrap();
    let failed: Result<(), IdempotencyError> = conn
        .transaction(async |conn| {
            begin(conn, claire, &key, sha256(b"a"), NOW).await?;
            Err(IdempotencyError::Mismatch)
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(request(&mut conn, claire, "b", json!(null), NOW).await.unwrap(), Begun::Fresh);
}

#[tokio::test]
async fn a_key_without_an_answer_is_neither_done_again_nor_answered() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    let key = IdempotencyKey::parse("order-1").unwrap();
    let unknown = complete(&mut conn, claire, &key, 201, &json!({})).await;
    assert!(matches!(unknown, Err(IdempotencyError::Database(_))));
    begin(&mut conn, claire, &key, sha256(b"a"), NOW).await.unwrap();
    let again = begin(&mut conn, claire, &key, sha256(b"a"), NOW).await;
    assert!(matches!(again, Err(IdempotencyError::Unfinished)));
}

#[tokio::test]
async fn old_keys_are_forgotten_a_batch_at_a_time() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    for number in 0..5 {
        let key = IdempotencyKey::parse(&format!("order-{number}")).unwrap();
        let taken = NOW + Duration::MINUTE * number;
        begin(&mut conn, claire, &key, sha256(b"a"), taken).await.unwrap();
    }
    let purged_at = NOW + Duration::hours(24) + Duration::MINUTE * 4;
    let first = purge_expired(&mut conn, purged_at, 3).await.unwrap();
    let rest = purge_expired(&mut conn, purged_at, 3).await.unwrap();
    assert_eq!((first.idempotency_keys, rest.idempotency_keys), (3, 1), "the youngest is a day old only now");
}
