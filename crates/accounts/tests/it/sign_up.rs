use rubis_accounts::{
    PasswordHash, Role, SignUpError, UserInput, UserPatch, change_password, credentials, members,
    own_password, own_sessions, owner_of, sign_in, sign_up, update_user, user,
};
use rubis_db::AsyncPgConnection;
use rubis_kernel::UserId;
use rubis_testkit::database::TestDatabase;

use crate::{NOW, PASSWORD, RULES, TTL, account, client, signed_up};

#[tokio::test]
async fn whoever_signs_up_owns_a_new_organization_with_the_usual_settings() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "Claire@Exemple.fr").await;
    assert_eq!(claire.user.email.as_str(), "claire@exemple.fr");
    assert_eq!(claire.membership.role, Role::Owner);
    let organization = claire.organization;
    assert_eq!(organization.name, "Menuiserie Martin");
    assert_eq!(organization.time_zone.as_str(), "Europe/Paris");
    assert_eq!(organization.sending_time, time::macros::time!(9:00));
    assert!(organization.business_days_only && organization.pause.is_none());
    assert_eq!((organization.rubis_count, organization.created_at), (0, NOW));
    let found = rubis_accounts::organization(&conn, organization.id).await.unwrap();
    assert_eq!(found, Some(organization));
}

#[tokio::test]
async fn an_address_signs_up_once_however_it_is_capitalised() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    signed_up(&mut conn, "claire@exemple.fr").await;
    let again = account("CLAIRE@exemple.fr");
    let hash = PasswordHash::hash(&again.password).unwrap();
    let refused = sign_up(&mut conn, &again, &hash, NOW).await;
    assert!(matches!(refused, Err(SignUpError::EmailTaken)));
    signed_up(&mut conn, "paul@exemple.fr").await;
}

#[tokio::test]
async fn of_two_sign_ups_at_once_with_one_address_one_succeeds() {
    let db = TestDatabase::create().await;
    let account = account("claire@exemple.fr");
    let hash = PasswordHash::hash(&account.password).unwrap();
    let (mut one, mut other) = (db.pool.get().await.unwrap(), db.pool.get().await.unwrap());
    let outcomes =
        tokio::join!(sign_up(&mut one, &account, &hash, NOW), sign_up(&mut other, &account, &hash, NOW));
    let succeeded = [outcomes.0, outcomes.1].into_iter().filter(Result::is_ok).count();
    assert_eq!(succeeded, 1);
}

#[tokio::test]
async fn only_the_right_password_of_a_known_address_signs_in() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    for (email, password) in [
        ("claire@exemple.fr", "wrong horse battery"),
        ("claire@exemple.fr", ""),
        ("paul@exemple.fr", PASSWORD),
        ("nobody\0@exemple.fr", PASSWORD),
        ("", PASSWORD),
    ] {
        let refused = credentials(&mut conn, email).await.unwrap().verify(password);
        assert!(refused.is_none(), "{email:?} with {password:?}");
    }
    let verified = credentials(&mut conn, " Claire@EXEMPLE.fr ").await.unwrap().verify(PASSWORD).unwrap();
    let signed_in = sign_in(&mut conn, verified, &client(), NOW, RULES).await.unwrap().unwrap();
    assert_eq!((signed_in.user, signed_in.membership), (claire.user, claire.membership));
    assert_eq!(signed_in.session.expires_at, NOW + TTL);
}

#[tokio::test]
async fn a_sign_in_that_began_before_the_password_changed_opens_no_session() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let verified = async |conn: &mut AsyncPgConnection| {
        credentials(conn, "claire@exemple.fr").await.unwrap().verify(PASSWORD).unwrap()
    };
    let (before, began) = (verified(&mut conn).await, verified(&mut conn).await);
    assert!(sign_in(&mut conn, before, &client(), NOW, RULES).await.unwrap().is_some());

    let own = own_password(&mut conn, claire.user.id).await.unwrap().unwrap();
    // The same password hashed again has another hash.
    let new = PasswordHash::hash(&account("claire@exemple.fr").password).unwrap();
    assert_eq!(change_password(&mut conn, &own, &new, None, NOW).await.unwrap(), 1);
    assert!(sign_in(&mut conn, began, &client(), NOW, RULES).await.unwrap().is_none());
    let living = own_sessions(&mut conn, claire.user.id, None, 10, NOW, RULES).await.unwrap();
    assert!(living.items.is_empty());
}

#[tokio::test]
async fn an_organization_sees_its_own_members_alone() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await;
    let paul = signed_up(&mut conn, "paul@exemple.fr").await;
    let page = members(&mut conn, claire.organization.id, None, 50).await.unwrap();
    assert!(!page.more);
    assert_eq!(page.items.len(), 1);
    assert_eq!((&page.items[0].user, &page.items[0].membership), (&claire.user, &claire.membership));
    let behind = members(&mut conn, claire.organization.id, Some(claire.membership.id), 50).await.unwrap();
    assert!(behind.items.is_empty());
    let owner = owner_of(&conn, paul.organization.id).await.unwrap();
    assert_eq!(owner, Some(paul.user));
}

#[tokio::test]
async fn a_user_changes_their_name() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await.user;
    let patch = UserPatch::parse(UserInput { full_name: Some("Claire Petit".to_owned()) }).unwrap();
    let renamed = update_user(&mut conn, claire.id, patch.clone(), NOW).await.unwrap().unwrap();
    assert_eq!(renamed.full_name, "Claire Petit");
    let unchanged = update_user(&mut conn, claire.id, UserPatch::default(), NOW).await.unwrap();
    assert_eq!(unchanged.as_ref(), Some(&renamed));
    assert_eq!(user(&mut conn, claire.id).await.unwrap(), Some(renamed));
    assert_eq!(update_user(&mut conn, UserId::new(), patch, NOW).await.unwrap(), None);
}
