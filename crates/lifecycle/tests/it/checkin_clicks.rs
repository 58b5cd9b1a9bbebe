//! Openings of check-ins are kept for a limited time.

use rubis_checkins::{CLICKS_KEPT, CheckinAnswer, clicks_of, purge_clicks};
use rubis_testkit::Chain;
use time::{
    Duration, OffsetDateTime,
    macros::{date, datetime},
};

const TUESDAY: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);

#[tokio::test]
async fn openings_are_forgotten_after_ninety_days_a_batch_at_a_time() {
    let chain = Chain::with_checkins_at(TUESDAY).await;
    let invoice = chain.invoice_due(date!(2026 - 11 - 20)).await;
    chain.worker.run_until(TUESDAY + Duration::minutes(2)).await;
    let (token, checkin) = (chain.token(invoice.id).await, chain.checkins(invoice.id).await.remove(0));
    let opened_at = chain.now();
    for seconds in 0..3 {
        chain.clock.set(opened_at + Duration::seconds(seconds));
        chain.open_link(&token, CheckinAnswer::StillPending).await;
    }
    let kept = async || {
        let clicks = clicks_of(&mut *chain.conn().await, chain.organization, checkin.id).await.unwrap();
        clicks.into_iter().map(|click| (click.at - opened_at).whole_seconds()).collect::<Vec<_>>()
    };
    let purge = async |now, limit| purge_clicks(&mut *chain.conn().await, now, limit).await.unwrap();

    assert!(!purge(opened_at + CLICKS_KEPT, 10).await);
    assert_eq!(kept().await, [0, 1, 2], "at ninety days they are still there");
    let a_second_later = opened_at + CLICKS_KEPT + Duration::milliseconds(1_500);
    assert!(purge(a_second_later, 1).await, "more may be left");
    assert_eq!(kept().await, [1, 2]);
    assert!(!purge(a_second_later, 10).await);
    assert_eq!(kept().await, [2]);
}
