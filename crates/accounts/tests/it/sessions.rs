use rubis_accounts::{
    RefreshError, Role, SessionClient, SessionRules, authenticate, end_own_session, open_session,
    own_sessions, purge_expired, refresh, sign_out, sign_out_by_token,
};
use rubis_kernel::SessionId;
use rubis_testkit::database::TestDatabase;
use time::Duration;

use crate::{NOW, RULES, TTL, client, signed_up};

#[tokio::test]
async fn a_session_lives_on_with_each_new_token() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let opened = open_session(&mut conn, &claire.membership, &client(), NOW, RULES).await.unwrap();
    let mut token = opened.refresh_token.expose().to_owned();
    // Each use starts the thirty days again, so that after three of them the first token has long expired. The last
    // token ends with the session.
    for uses in 1..=3 {
        let now = NOW + Duration::days(29) * uses;
        let refreshed = refresh(&mut conn, &token, &client(), now, RULES).await.unwrap();
        assert_eq!(refreshed.session_id, opened.session_id);
        assert_eq!((&refreshed.user, &refreshed.organization), (&claire.user, &claire.organization));
        assert_eq!(
            (refreshed.role, refreshed.expires_at),
            (Role::Owner, (now + TTL).min(NOW + RULES.lifetime))
        );
        assert_ne!(refreshed.refresh_token.expose(), token);
        token = refreshed.refresh_token.expose().to_owned();
    }
}

#[tokio::test]
async fn a_token_that_comes_twice_ends_the_whole_session() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let opened = open_session(&mut conn, &claire.membership, &client(), NOW, RULES).await.unwrap();
    let other = open_session(&mut conn, &claire.membership, &client(), NOW, RULES).await.unwrap();
    let stolen = opened.refresh_token.expose();
    let successor = refresh(&mut conn, stolen, &client(), NOW, RULES).await.unwrap().refresh_token;
    assert!(matches!(refresh(&mut conn, stolen, &client(), NOW, RULES).await, Err(RefreshError::Reused(_))));

    let mut elsewhere = db.pool.get().await.unwrap();
    let next = refresh(&mut elsewhere, successor.expose(), &client(), NOW, RULES).await;
    assert!(matches!(next, Err(RefreshError::Revoked)), "the end of the session was committed");
    assert_eq!(authenticate(&mut elsewhere, opened.session_id, NOW, RULES).await.unwrap(), None);
    assert!(
        authenticate(&mut elsewhere, other.session_id, NOW, RULES).await.unwrap().is_some(),
        "another sign-in lives"
    );
}

#[tokio::test]
async fn of_two_refreshes_at_once_with_one_token_exactly_one_wins_and_the_other_is_a_reuse() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    for _ in 0..20 {
        let opened = open_session(&mut conn, &claire.membership, &client(), NOW, RULES).await.unwrap();
        let token = opened.refresh_token.expose();
        let (mut one, mut other) = (db.pool.get().await.unwrap(), db.pool.get().await.unwrap());
        let client = client();
        let outcomes = tokio::join!(
            refresh(&mut one, token, &client, NOW, RULES),
            refresh(&mut other, token, &client, NOW, RULES)
        );
        let (won, lost) = match outcomes {
            (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
            both => panic!("{both:?}"),
        };
        assert!(matches!(lost, RefreshError::Reused(_)), "{lost:?}");
        let next = refresh(&mut conn, won.refresh_token.expose(), &client, NOW, RULES).await;
        assert!(matches!(next, Err(RefreshError::Revoked)));
    }
}

#[tokio::test]
async fn a_late_and_an_unknown_token_refresh_nothing() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let opened = open_session(&mut conn, &claire.membership, &client(), NOW, RULES).await.unwrap();
    let token = opened.refresh_token.expose();
    assert!(matches!(
        refresh(&mut conn, token, &client(), NOW + TTL, RULES).await,
        Err(RefreshError::Expired)
    ));
    assert!(refresh(&mut conn, token, &client(), NOW + TTL - Duration::SECOND, RULES).await.is_ok());
    for unknown in ["", "x", "a\0b"] {
        assert!(matches!(
            refresh(&mut conn, unknown, &client(), NOW, RULES).await,
            Err(RefreshError::Unknown)
        ));
    }
}

#[tokio::test]
async fn signing_out_acts_at_once() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let opened = open_session(&mut conn, &claire.membership, &client(), NOW, RULES).await.unwrap();
    let who = authenticate(&mut conn, opened.session_id, NOW, RULES).await.unwrap().unwrap();
    assert_eq!((who.user_id, who.organization_id), (claire.user.id, claire.organization.id));
    assert_eq!((who.role, who.session_id), (Role::Owner, opened.session_id));

    sign_out(&mut conn, opened.session_id, NOW).await.unwrap();
    sign_out(&mut conn, opened.session_id, NOW).await.unwrap();
    assert_eq!(authenticate(&mut conn, opened.session_id, NOW, RULES).await.unwrap(), None);
    let refused = refresh(&mut conn, opened.refresh_token.expose(), &client(), NOW, RULES).await;
    assert!(matches!(refused, Err(RefreshError::Revoked)));
    assert_eq!(authenticate(&mut conn, SessionId::new(), NOW, RULES).await.unwrap(), None);
}

#[tokio::test]
async fn expired_tokens_are_forgotten_a_batch_at_a_time_and_living_sessions_stay() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    for _ in 0..3 {
        open_session(&mut conn, &claire.membership, &client(), NOW, RULES).await.unwrap();
    }
    let lived_on = open_session(&mut conn, &claire.membership, &client(), NOW, RULES).await.unwrap();
    let later = NOW + Duration::days(10);
    let successor =
        refresh(&mut conn, lived_on.refresh_token.expose(), &client(), later, RULES).await.unwrap();

    assert_eq!(purge_expired(&mut conn, NOW + TTL - Duration::SECOND, 100).await.unwrap().refresh_tokens, 0);
    let first = purge_expired(&mut conn, NOW + TTL, 2).await.unwrap();
    assert_eq!(first.refresh_tokens, 2);
    assert!(first.is_full(2));
    let rest = purge_expired(&mut conn, NOW + TTL, 100).await.unwrap();
    assert_eq!((rest.refresh_tokens, first.sessions + rest.sessions), (2, 3));
    assert!(!rest.is_full(100));
    assert!(refresh(&mut conn, successor.refresh_token.expose(), &client(), NOW + TTL, RULES).await.is_ok());
}

#[tokio::test]
async fn a_session_ends_ninety_days_after_its_sign_in_however_often_it_is_refreshed() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let opened = open_session(&mut conn, &claire.membership, &client(), NOW, RULES).await.unwrap();
    let mut token = opened.refresh_token.expose().to_owned();
    for days in [29, 58, 87] {
        let refreshed =
            refresh(&mut conn, &token, &client(), NOW + Duration::days(days), RULES).await.unwrap();
        assert!(refreshed.expires_at <= NOW + RULES.lifetime);
        token = refreshed.refresh_token.expose().to_owned();
    }
    let (end, id) = (NOW + RULES.lifetime, opened.session_id);
    assert!(authenticate(&mut conn, id, end - Duration::SECOND, RULES).await.unwrap().is_some());
    assert_eq!(authenticate(&mut conn, id, end, RULES).await.unwrap(), None);
    let shorter = SessionRules { lifetime: Duration::days(88), ..RULES };
    let late = refresh(&mut conn, &token, &client(), NOW + Duration::days(88), shorter).await;
    assert!(matches!(late, Err(RefreshError::Expired)), "a shorter lifetime acts on sessions that exist");
    assert!(matches!(refresh(&mut conn, &token, &client(), end, RULES).await, Err(RefreshError::Expired)));
}

#[tokio::test]
async fn a_user_sees_their_living_sessions_and_ends_one_of_them() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let other = signed_up(&mut conn, "anne@exemple.fr").await;
    let first = open_session(&mut conn, &claire.membership, &client(), NOW, RULES).await.unwrap();
    let second =
        open_session(&mut conn, &claire.membership, &SessionClient::default(), NOW, RULES).await.unwrap();
    open_session(&mut conn, &other.membership, &client(), NOW, RULES).await.unwrap();
    let later = NOW + Duration::days(3);
    refresh(&mut conn, first.refresh_token.expose(), &client(), later, RULES).await.unwrap();

    let user = claire.user.id;
    let page = own_sessions(&mut conn, user, None, 10, later, RULES).await.unwrap();
    let seen: Vec<_> = page
        .items
        .iter()
        .map(|session| (session.id, session.last_used_at, session.network.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [(second.session_id, NOW, None), (first.session_id, later, Some("203.0.113.0/24"))],
        "the latest sign-in first, and no other user's"
    );
    let page = own_sessions(&mut conn, user, Some(second.session_id), 10, later, RULES).await.unwrap();
    assert_eq!(page.items.len(), 1);

    assert!(!end_own_session(&mut conn, other.user.id, first.session_id, later).await.unwrap());
    assert!(end_own_session(&mut conn, user, first.session_id, later).await.unwrap());
    assert_eq!(authenticate(&mut conn, first.session_id, later, RULES).await.unwrap(), None);
    let left = own_sessions(&mut conn, user, None, 10, later, RULES).await.unwrap();
    assert_eq!(left.items.len(), 1);
    let expired = own_sessions(&mut conn, user, None, 10, NOW + TTL, RULES).await.unwrap();
    assert!(expired.items.is_empty(), "the refresh token of the second is over");
}

#[tokio::test]
async fn a_refresh_token_alone_signs_its_session_out() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let opened = open_session(&mut conn, &claire.membership, &client(), NOW, RULES).await.unwrap();
    let kept = open_session(&mut conn, &claire.membership, &client(), NOW, RULES).await.unwrap();
    let ended = sign_out_by_token(&mut conn, opened.refresh_token.expose(), NOW).await.unwrap();
    assert_eq!(ended.unwrap().session_id, opened.session_id);
    assert_eq!(sign_out_by_token(&mut conn, "unknown", NOW).await.unwrap(), None);
    assert_eq!(authenticate(&mut conn, opened.session_id, NOW, RULES).await.unwrap(), None);
    assert!(authenticate(&mut conn, kept.session_id, NOW, RULES).await.unwrap().is_some());
}
