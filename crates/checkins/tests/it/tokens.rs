//! Only a token finds its check-in.

use rubis_checkins::{checkin, find_by_token, lock_checkin, siblings};
use time::{Duration, macros::date};

use crate::company::{Company, Product, TUESDAY, tokens_in};

#[tokio::test]
async fn a_malformed_token_is_as_unknown_as_one_that_was_never_given_out() {
    let company = Company::new().await;
    let product = Product::new();
    let invoice = company.planned_invoice(date!(2026 - 11 - 24), TUESDAY - Duration::DAY).await;
    let email = company.send(&product, &company.checkin(invoice.id).await, TUESDAY).await;
    let token = tokens_in(&email).remove(0);
    let mut conn = company.conn().await;
    assert_eq!(find_by_token(&mut conn, &token).await.unwrap().unwrap().invoice_id, invoice.id);
    let unknown = [
        String::new(),
        "\0".to_owned(),
        "é".repeat(10_000),
        format!("{token}="),
        format!(" {token}"),
        token.to_lowercase(),
        token[..42].to_owned(),
        rubis_kernel::random_token(),
        company.checkin(invoice.id).await.id.to_string(),
    ];
    for text in unknown {
        assert_eq!(find_by_token(&mut conn, &text).await.unwrap(), None, "{text:?}");
    }
}

#[tokio::test]
async fn a_check_in_is_another_organizations_in_every_other_query() {
    let company = Company::new().await;
    let product = Product::new();
    let neighbour = company.neighbour().await;
    let invoice = company.planned_invoice(date!(2026 - 11 - 24), TUESDAY - Duration::DAY).await;
    let email = company.send(&product, &company.checkin(invoice.id).await, TUESDAY).await;
    let mut conn = company.conn().await;
    // The token itself determines the organization.
    let token = tokens_in(&email).remove(0);
    let task = find_by_token(&mut conn, &token).await.unwrap().unwrap();
    assert_eq!(task.organization_id, company.id);
    assert_eq!(checkin(&mut conn, neighbour, task.id).await.unwrap(), None);
    assert_eq!(lock_checkin(&mut conn, neighbour, task.id).await.unwrap(), None);
    assert_eq!(siblings(&mut conn, neighbour, task.mail_id.unwrap()).await.unwrap(), []);
    let of_invoice = rubis_checkins::checkins_of_invoice(&mut conn, neighbour, invoice.id).await.unwrap();
    assert_eq!(of_invoice, []);
    assert_eq!(rubis_checkins::clicks_of(&mut conn, neighbour, task.id).await.unwrap(), []);
    assert!(rubis_checkins::lock_with_invoice(&mut conn, neighbour, task.id).await.unwrap().is_none());
}
