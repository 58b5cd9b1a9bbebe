use rubis_accounts::{
    AddressInput, CatchUpPolicy, OrganizationInput, OrganizationPatch, Pause, PauseEndsTooEarly,
    PauseOrganizationError, UpdateOrganizationError, earn_rubis, organization, pause_organization,
    resume_organization, update_organization,
};
use rubis_kernel::{HolidayCalendar, OrganizationId};
use rubis_testkit::database::TestDatabase;
use time::{
    Duration,
    macros::{date, time},
};

use crate::{NOW, signed_up};

fn patch(input: OrganizationInput) -> OrganizationPatch {
    OrganizationPatch::parse(input).unwrap()
}

#[tokio::test]
async fn every_setting_can_be_changed_and_reports_whether_planning_is_concerned() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let id = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    let later = NOW + Duration::HOUR;
    let words = OrganizationInput {
        name: Some("Martin & Fils".to_owned()),
        signature: Some("Claire Martin\nMenuiserie".to_owned()),
        legal_mentions: Some("SARL au capital de 8 000 €".to_owned()),
        address: Some(AddressInput {
            line1: Some("3 rue des Lilas".to_owned()),
            city: Some("Lyon".to_owned()),
            country: Some("fr".to_owned()),
            ..AddressInput::default()
        }),
        siren: Some(Some("732 829 320".to_owned())),
        late_penalty_basis_points: Some(Some(1_215)),
        ..OrganizationInput::default()
    };
    let update = update_organization(&mut conn, id, patch(words), later).await.unwrap();
    assert!(update.planning_changes().is_empty());
    assert_eq!(update.before.name, "Menuiserie Martin");
    let after = update.after;
    assert_eq!((after.name.as_str(), after.siren.as_deref()), ("Martin & Fils", Some("732829320")));
    assert_eq!(after.late_penalty_basis_points, Some(1_215));
    assert_eq!(after.address.country.as_deref(), Some("FR"));
    assert_eq!((after.created_at, after.updated_at), (NOW, later));

    let times = OrganizationInput {
        time_zone: Some("America/Martinique".to_owned()),
        sending_time: Some("08:30".to_owned()),
        business_days_only: Some(false),
        holiday_calendar: Some(Some("alsace_moselle".to_owned())),
        catch_up_policy: Some("skip".to_owned()),
        siren: Some(None),
        ..OrganizationInput::default()
    };
    let update = update_organization(&mut conn, id, patch(times), later).await.unwrap();
    let changed = ["timeZone", "sendingTime", "businessDaysOnly", "holidayCalendar", "catchUpPolicy"];
    assert_eq!(update.planning_changes(), changed);
    assert_eq!(update.after.time_zone.as_str(), "America/Martinique");
    assert_eq!(update.after.sending_time, time!(8:30));
    assert_eq!(update.after.holiday_calendar, HolidayCalendar::AlsaceMoselle);
    assert_eq!(update.after.catch_up_policy, CatchUpPolicy::Skip);
    assert_eq!((update.after.siren.as_deref(), update.after.name.as_str()), (None, "Martin & Fils"));
    assert_eq!(organization(&conn, id).await.unwrap(), Some(update.after));
}

#[tokio::test]
async fn one_organizations_settings_leave_anothers_alone() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await.organization;
    let paul = signed_up(&mut conn, "paul@exemple.fr").await.organization;
    let renamed = OrganizationInput { name: Some("Autre".to_owned()), ..OrganizationInput::default() };
    update_organization(&mut conn, claire.id, patch(renamed.clone()), NOW).await.unwrap();
    pause_organization(&mut conn, claire.id, None, NOW).await.unwrap();
    earn_rubis(&mut conn, claire.id, 1).await.unwrap();
    assert_eq!(organization(&conn, paul.id).await.unwrap(), Some(paul));

    let nobody = OrganizationId::new();
    let refused = update_organization(&mut conn, nobody, patch(renamed), NOW).await;
    assert!(matches!(refused, Err(UpdateOrganizationError::NotFound)));
    let refused = pause_organization(&mut conn, nobody, None, NOW).await;
    assert!(matches!(refused, Err(PauseOrganizationError::NotFound)));
    assert_eq!(organization(&conn, nobody).await.unwrap(), None);
}

#[tokio::test]
async fn an_organization_is_paused_until_a_date_and_resumed() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let id = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    let today = date!(2026 - 03 - 02);
    let refused = pause_organization(&mut conn, id, Some(today), NOW).await;
    assert!(
        matches!(refused, Err(PauseOrganizationError::EndsTooEarly(PauseEndsTooEarly(date))) if date == today)
    );

    let until = Some(date!(2026 - 03 - 16));
    let paused = pause_organization(&mut conn, id, until, NOW).await.unwrap();
    assert_eq!(paused.pause, Some(Pause { since: NOW, until }));
    let for_good = pause_organization(&mut conn, id, None, NOW).await.unwrap();
    assert_eq!(for_good.pause, Some(Pause { since: NOW, until: None }));
    assert_eq!(resume_organization(&mut conn, id, NOW).await.unwrap().pause, None);
    assert_eq!(organization(&conn, id).await.unwrap().unwrap().pause, None);
}

#[tokio::test]
async fn rubis_add_up_also_when_they_are_earned_at_once_and_never_fall_below_none() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let id = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    let (mut one, mut other) = (db.pool.get().await.unwrap(), db.pool.get().await.unwrap());
    for _ in 0..10 {
        let earned = tokio::join!(earn_rubis(&mut one, id, 1), earn_rubis(&mut other, id, 2));
        earned.0.unwrap();
        earned.1.unwrap();
    }
    earn_rubis(&mut conn, id, -1).await.unwrap();
    assert_eq!(organization(&conn, id).await.unwrap().unwrap().rubis_count, 29);
    earn_rubis(&mut conn, id, -100).await.unwrap();
    assert_eq!(organization(&conn, id).await.unwrap().unwrap().rubis_count, 0);
}

#[tokio::test]
async fn the_public_holidays_follow_the_postal_code_until_the_organization_chooses_them() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let id = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    let moved_to = |postal_code: &str| OrganizationInput {
        address: Some(AddressInput { postal_code: Some(postal_code.to_owned()), ..AddressInput::default() }),
        ..OrganizationInput::default()
    };
    let chosen = |name: Option<&str>| OrganizationInput {
        holiday_calendar: Some(name.map(str::to_owned)),
        ..OrganizationInput::default()
    };
    for (input, expected, replans) in [
        (moved_to("69003"), HolidayCalendar::Metropolitan, false),
        (moved_to("97400"), HolidayCalendar::Reunion, true),
        (moved_to("97410"), HolidayCalendar::Reunion, false),
        (chosen(Some("mayotte")), HolidayCalendar::Mayotte, true),
        (moved_to("67000"), HolidayCalendar::Mayotte, false),
        (chosen(Some("metropolitan")), HolidayCalendar::Metropolitan, true),
        (chosen(None), HolidayCalendar::AlsaceMoselle, true),
    ] {
        let update = update_organization(&mut conn, id, patch(input), NOW).await.unwrap();
        let replanned = !update.planning_changes().is_empty();
        assert_eq!((update.after.holiday_calendar, replanned), (expected, replans));
        let read = organization(&conn, id).await.unwrap().unwrap();
        assert_eq!(read, update.after);
        assert_eq!(read.sending_calendar().holidays, expected);
    }
}

#[tokio::test]
async fn a_calendar_that_the_previous_release_saved_counts_as_chosen() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let id = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    db.execute_as_owner(
        "UPDATE organizations SET holiday_calendar = 'alsace_moselle', postal_code = '69003'",
    )
    .await;
    let read = organization(&conn, id).await.unwrap().unwrap();
    assert_eq!(read.chosen_holidays, Some(HolidayCalendar::AlsaceMoselle));
    assert_eq!(read.holiday_calendar, HolidayCalendar::AlsaceMoselle);
    let follow = OrganizationInput { holiday_calendar: Some(None), ..OrganizationInput::default() };
    let update = update_organization(&mut conn, id, patch(follow), NOW).await.unwrap();
    assert_eq!(update.after.holiday_calendar, HolidayCalendar::Metropolitan);
}
