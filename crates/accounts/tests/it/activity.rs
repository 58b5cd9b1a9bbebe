use diesel_async::RunQueryDsl as _;
use rubis_accounts::{ActivityKind, NewEvent, events_of_invoice, feed, record, record_many};
use rubis_kernel::{InvoiceId, UserId};
use rubis_testkit::database::TestDatabase;
use serde_json::json;

use crate::{NOW, signed_up};

fn event(kind: ActivityKind, invoice: Option<InvoiceId>, order: usize) -> NewEvent {
    NewEvent { kind, invoice_id: invoice, actor: None, meta: json!({ "planStepOrder": order }) }
}

#[tokio::test]
async fn the_feed_reports_the_latest_first_a_page_at_a_time() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    let paul = signed_up(&mut conn, "paul@exemple.fr").await.organization.id;
    // More events than one statement inserts.
    let events = (0..1500).map(|order| event(ActivityKind::RelanceSent, None, order)).collect();
    record_many(&conn, claire, events, NOW).await.unwrap();
    record(&conn, paul, event(ActivityKind::InvoicePaid, None, 0), NOW).await.unwrap();

    let mut told = Vec::new();
    let mut after = None;
    loop {
        let page = feed(&mut conn, claire, after, 200).await.unwrap();
        after = page.last_if_more().map(|event| event.id);
        told.extend(page.items.into_iter().map(|event| event.meta["planStepOrder"].as_u64().unwrap()));
        if after.is_none() {
            break;
        }
    }
    assert_eq!(told, (0..1500).rev().collect::<Vec<_>>());
    let pauls = feed(&mut conn, paul, None, 200).await.unwrap();
    assert_eq!((pauls.items.len(), pauls.items[0].kind.as_str()), (1, "invoice_paid"));
}

#[tokio::test]
async fn an_invoices_timeline_reports_its_own_events_in_the_order_of_time() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    let paul = signed_up(&mut conn, "paul@exemple.fr").await.organization.id;
    let (invoice, other, user) = (InvoiceId::new(), InvoiceId::new(), UserId::new());
    record(&conn, claire, event(ActivityKind::InvoiceCreated, Some(invoice), 0), NOW).await.unwrap();
    record(&conn, claire, event(ActivityKind::InvoiceCreated, Some(other), 1), NOW).await.unwrap();
    let paid = NewEvent { actor: Some(user), ..event(ActivityKind::InvoicePaid, Some(invoice), 2) };
    record(&conn, claire, paid, NOW).await.unwrap();

    let told = events_of_invoice(&mut conn, claire, invoice, 200).await.unwrap();
    let kinds: Vec<&str> = told.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["invoice_created", "invoice_paid"]);
    assert_eq!((told[0].actor, told[1].actor, told[1].created_at), (None, Some(user), NOW));
    assert!(events_of_invoice(&mut conn, paul, invoice, 200).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_database_takes_every_kind_of_event() {
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    let events: Vec<NewEvent> = ActivityKind::ALL.iter().map(|kind| event(*kind, None, 0)).collect();
    record_many(&conn, claire, events, NOW).await.unwrap();
    record_many(&conn, claire, Vec::new(), NOW).await.unwrap();
    let page = feed(&mut conn, claire, None, 200).await.unwrap();
    assert_eq!(page.items.len(), ActivityKind::ALL.len());
}

#[tokio::test]
async fn a_connection_prepares_once_how_one_event_is_remembered() {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let db = TestDatabase::create().await;
    let mut conn = db.pool.get().await.unwrap();
    let claire = signed_up(&mut conn, "claire@exemple.fr").await.organization.id;
    for order in 0..3 {
        let invoice = (order > 0).then(InvoiceId::new);
        record(&conn, claire, event(ActivityKind::RelanceSent, invoice, order), NOW).await.unwrap();
    }
    let several = (3..6).map(|order| event(ActivityKind::RelanceSent, None, order)).collect();
    record_many(&conn, claire, several, NOW).await.unwrap();
    assert_eq!(feed(&mut conn, claire, None, 50).await.unwrap().items.len(), 6);
    let query = r#"SELECT count(*) AS count FROM pg_prepared_statements
                   WHERE statement LIKE 'INSERT INTO "activity_events"%'"#;
    let prepared: Count = diesel::sql_query(query).get_result(&mut conn).await.unwrap();
    assert_eq!(prepared.count, 1, "that of one event");
}
