use rubis_accounts::{RefreshError, Role, authenticate, open_session, purge_expired, refresh, sign_out};
use rubis_kernel::SessionId;
use rubis_testkit::database::TestDatabase;
use time::Duration;

use crate::{NOW, TTL, signed_up};

#[tokio::test]
async fn a_session_lives_on_with_each_new_token() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let opened = open_session(&mut conn, &claire.membership, NOW, TTL).await.unwrap();
    let mut token = opened.refresh_token.expose().to_owned();
    // Each use starts the thirty days again, so that after three of them the first token's are long over.
    for uses in 1..=3 {
        let now = NOW + Duration::days(29) * uses;
        let refreshed = refresh(&mut conn, &token, now, TTL).await.unwrap();
        assert_eq!(refreshed.session_id, opened.session_id);
        assert_eq!((&refreshed.user, &refreshed.organization), (&claire.user, &claire.organization));
        assert_eq!((refreshed.role, refreshed.expires_at), (Role::Owner, now + TTL));
        assert_ne!(refreshed.refresh_token.expose(), token);
        token = refreshed.refresh_token.expose().to_owned();
    }
}

#[tokio::test]
async fn a_token_that_comes_twice_ends_the_whole_session() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let opened = open_session(&mut conn, &claire.membership, NOW, TTL).await.unwrap();
    let other = open_session(&mut conn, &claire.membership, NOW, TTL).await.unwrap();
    let stolen = opened.refresh_token.expose();
    let successor = refresh(&mut conn, stolen, NOW, TTL).await.unwrap().refresh_token;
    assert!(matches!(refresh(&mut conn, stolen, NOW, TTL).await, Err(RefreshError::Reused)));

    let mut elsewhere = db.pool.get().await.unwrap();
    let next = refresh(&mut elsewhere, successor.expose(), NOW, TTL).await;
    assert!(matches!(next, Err(RefreshError::Revoked)), "the end of the session was committed");
    assert_eq!(authenticate(&mut elsewhere, opened.session_id).await.unwrap(), None);
    assert!(authenticate(&mut elsewhere, other.session_id).await.unwrap().is_some(), "another sign-in lives");
}

#[tokio::test]
async fn of_two_refreshes_at_once_with_one_token_exactly_one_wins_and_the_other_is_a_reuse() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    for _ in 0..20 {
        let opened = open_session(&mut conn, &claire.membership, NOW, TTL).await.unwrap();
        let token = opened.refresh_token.expose();
        let (mut one, mut other) = (db.pool.get().await.unwrap(), db.pool.get().await.unwrap());
        let outcomes = tokio::join!(refresh(&mut one, token, NOW, TTL), refresh(&mut other, token, NOW, TTL));
        let (won, lost) = match outcomes {
            (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
            both => panic!("{both:?}"),
        };
        assert!(matches!(lost, RefreshError::Reused), "{lost:?}");
        let next = refresh(&mut conn, won.refresh_token.expose(), NOW, TTL).await;
        assert!(matches!(next, Err(RefreshError::Revoked)));
    }
}

#[tokio::test]
async fn a_late_and_an_unknown_token_refresh_nothing() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let opened = open_session(&mut conn, &claire.membership, NOW, TTL).await.unwrap();
    let token = opened.refresh_token.expose();
    assert!(matches!(refresh(&mut conn, token, NOW + TTL, TTL).await, Err(RefreshError::Expired)));
    assert!(refresh(&mut conn, token, NOW + TTL - Duration::SECOND, TTL).await.is_ok());
    for unknown in ["", "x", "a\0b"] {
        assert!(matches!(refresh(&mut conn, unknown, NOW, TTL).await, Err(RefreshError::Unknown)));
    }
}

#[tokio::test]
async fn signing_out_acts_at_once() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let opened = open_session(&mut conn, &claire.membership, NOW, TTL).await.unwrap();
    let who = authenticate(&mut conn, opened.session_id).await.unwrap().unwrap();
    assert_eq!((who.user_id, who.organization_id), (claire.user.id, claire.organization.id));
    assert_eq!((who.role, who.session_id), (Role::Owner, opened.session_id));

    sign_out(&mut conn, opened.session_id, NOW).await.unwrap();
    sign_out(&mut conn, opened.session_id, NOW).await.unwrap();
    assert_eq!(authenticate(&mut conn, opened.session_id).await.unwrap(), None);
    let refused = refresh(&mut conn, opened.refresh_token.expose(), NOW, TTL).await;
    assert!(matches!(refused, Err(RefreshError::Revoked)));
    assert_eq!(authenticate(&mut conn, SessionId::new()).await.unwrap(), None);
}

#[tokio::test]
async fn expired_tokens_are_forgotten_a_batch_at_a_time_and_living_sessions_stay() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    for _ in 0..3 {
        open_session(&mut conn, &claire.membership, NOW, TTL).await.unwrap();
    }
    let lived_on = open_session(&mut conn, &claire.membership, NOW, TTL).await.unwrap();
    let later = NOW + Duration::days(10);
    let successor = refresh(&mut conn, lived_on.refresh_token.expose(), later, TTL).await.unwrap();

    assert_eq!(purge_expired(&mut conn, NOW + TTL - Duration::SECOND, 100).await.unwrap().refresh_tokens, 0);
    let first = purge_expired(&mut conn, NOW + TTL, 2).await.unwrap();
    assert_eq!(first.refresh_tokens, 2);
    assert!(first.is_full(2));
    let rest = purge_expired(&mut conn, NOW + TTL, 100).await.unwrap();
    assert_eq!((rest.refresh_tokens, first.sessions + rest.sessions), (2, 3));
    assert!(!rest.is_full(100));
    assert!(refresh(&mut conn, successor.refresh_token.expose(), NOW + TTL, TTL).await.is_ok());
}
