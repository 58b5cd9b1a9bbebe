//! Pages, filters and cursors.

use std::collections::BTreeSet;

use rubis_testkit::{Owner, TestApp};
use serde_json::Value;

fn items(page: &Value) -> Vec<Value> {
    page["items"].as_array().unwrap().clone()
}

async fn page(owner: &Owner<'_>, path: &str, cursor: Option<&Value>) -> Value {
    let cursor = cursor.and_then(Value::as_str).map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    owner.get(&format!("{path}{cursor}")).await.expect(200).json
}

#[tokio::test]
async fn a_list_read_page_by_page_shows_everything_once_while_rows_are_added() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let mut expected = BTreeSet::new();
    for number in 0..7 {
        expected.insert(owner.invoice().due_in(number % 3).amount(1000 + number).create().await.id);
    }
    for sort in ["dueDate", "-dueDate", "createdAt", "-createdAt", "amount", "-amount"] {
        let path = format!("/invoices?limit=3&sort={sort}");
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let rows = page(&owner, &path, cursor.as_ref()).await;
            seen.extend(items(&rows).iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            // A row that is created meanwhile moves no row from one page to another.
            owner.invoice().due_in(1).amount(1003).create().await;
            cursor = Some(rows["nextCursor"].clone()).filter(|cursor| !cursor.is_null());
            if cursor.is_none() || seen.len() > 60 {
                break;
            }
        }
        let distinct: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(distinct.len(), seen.len(), "{sort}: a row came twice");
        assert!(expected.is_subset(&distinct), "{sort}: a row is missing");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_cursor_goes_on_in_its_own_list_filter_and_order_alone() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    for _ in 0..3 {
        owner.invoice().due_in(5).create().await;
    }
    let first = page(&owner, "/invoices?limit=1&sort=dueDate", None).await;
    let cursor = first["nextCursor"].as_str().unwrap();
    page(&owner, "/invoices?limit=2&sort=dueDate", Some(&first["nextCursor"])).await;
    let others = [
        "/invoices?sort=-dueDate",
        "/invoices?sort=dueDate&status=pending",
        "/invoices?sort=dueDate&q=petit",
        "/invoices?sort=dueDate&overdue=true",
        "/clients?limit=1",
        "/relances?limit=1",
        "/activity?limit=1",
        "/plans?limit=1",
        "/members?limit=1",
    ];
    for other in others {
        let refused = owner.get(&format!("{other}&cursor={cursor}")).await.expect(422);
        assert_eq!(refused.code(), "invalid_cursor", "{other}");
        assert_eq!(refused.field_errors(), [("cursor", "invalid_cursor")], "{other}");
    }
    for mangled in ["x", "", &cursor[1..]] {
        owner.get(&format!("/invoices?sort=dueDate&cursor={mangled}")).await.expect(422);
    }
    app.finish().await;
}

#[tokio::test]
async fn invoices_are_filtered_searched_and_found_when_they_are_late() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    let client = owner.client().named("Électricité Générale").create().await;
    let late = owner.invoice().of_client(&client.id).numero("EG-77").due_in(-3).create().await;
    let due = owner.invoice().numero("ZZ-12").due_in(3).create().await;
    let paid = owner.invoice().numero("ZZ-13").due_in(-3).create().await;
    owner.mark_paid(&paid.id).await;
    let ids = async |query: &str| -> Vec<String> {
        let page = owner.get(&format!("/invoices?sort=createdAt&{query}")).await.expect(200);
        items(&page.json).iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("").await, [late.id.as_str(), due.id.as_str(), paid.id.as_str()]);
    assert_eq!(ids("overdue=true").await, [late.id.as_str()]);
    assert_eq!(ids("status=paid").await, [paid.id.as_str()]);
    assert_eq!(ids("status=paid,pending").await.len(), 3);
    assert_eq!(ids("q=electricite").await, [late.id.as_str()]);
    assert_eq!(ids("q=zz-12").await, [due.id.as_str()]);
    assert_eq!(ids(&format!("clientId={}", client.id)).await, [late.id.as_str()]);
    assert_eq!(ids(&format!("dueFrom={}", app.today())).await, [due.id.as_str()]);
    assert_eq!(ids(&format!("dueTo={}", app.today())).await, [late.id.as_str(), paid.id.as_str()]);
    let page = owner.get("/invoices?q=electricite").await.expect(200);
    assert_eq!(page.json["items"][0]["clientName"], "Électricité Générale");
    app.finish().await;
}

#[tokio::test]
async fn clients_are_listed_by_name_and_found_by_what_is_known_of_them() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    for name in ["zébulon", "Artisan", "bâtiment"] {
        owner.client().named(name).create().await;
    }
    let names = async |query: &str| -> Vec<String> {
        let page = owner.get(&format!("/clients{query}")).await.expect(200);
        items(&page.json).iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("").await, ["Artisan", "bâtiment", "zébulon"]);
    assert_eq!(names("?q=batiment").await, ["bâtiment"]);
    assert_eq!(names("?q=%25").await.len(), 3, "what has no letter looks for nothing");
    app.finish().await;
}

#[tokio::test]
async fn a_page_has_one_to_two_hundred_rows() {
    let app = TestApp::start().await;
    let owner = app.signed_up_owner().await;
    for path in ["/invoices", "/clients", "/plans", "/relances", "/activity", "/members"] {
        for (limit, code) in
            [("0", "out_of_range"), ("201", "out_of_range"), ("-1", "invalid_value"), ("x", "invalid_value")]
        {
            let refused = owner.get(&format!("{path}?limit={limit}")).await.expect(422);
            assert_eq!(refused.field_errors(), [("limit", code)], "{path} {limit}");
        }
        owner.get(&format!("{path}?limit=200")).await.expect(200);
        let refused = owner.get(&format!("{path}?page=2")).await.expect(422);
        assert_eq!(refused.field_errors(), [("page", "unknown_field")], "{path}");
    }
    app.finish().await;
}
