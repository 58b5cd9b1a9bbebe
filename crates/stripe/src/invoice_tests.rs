//! Tests of invoices with missing fields.

use rstest::rstest;
use serde_json::json;

use super::*;

#[rstest]
#[case::nothing_more(json!({}))]
#[case::no_amount(json!({ "amount_due": null, "currency": null, "attempt_count": null }))]
#[case::a_currency_that_nobody_knows(json!({ "amount_due": 100, "currency": "zzz" }))]
#[case::other_shapes(json!({ "amount_due": "1", "currency": 7, "attempt_count": -1, "next_payment_attempt": "soon",
    "hosted_invoice_url": {} }))]
fn what_nothing_depends_on_may_be_missing_or_strange(#[case] more: Value) {
    let mut value = json!({ "id": "in_1", "customer": "cus_1", "subscription": "sub_1" });
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let invoice = parse_invoice(&value).unwrap();
    assert_eq!(invoice.subscription, Some("sub_1".into()));
    assert_eq!(invoice.customer, Some("cus_1".into()));
    assert_eq!(invoice.currency, None);
    assert_eq!((invoice.attempt_count, invoice.next_payment_attempt, invoice.hosted_url), (None, None, None));
}

#[test]
fn a_single_charge_in_another_currency_is_for_no_subscription() {
    let value =
        json!({ "id": "in_1", "customer": "cus_1", "amount_due": 4_000, "currency": "zzz", "parent": null });
    assert_eq!(parse_invoice(&value).unwrap().subscription, None);
}

#[rstest]
#[case::nothing(json!(null))]
#[case::no_id(json!({ "subscription": "sub_1" }))]
#[case::a_subscription_without_a_name(json!({ "id": "in_1", "subscription": 7 }))]
fn whose_and_for_what_it_is_must_be_readable(#[case] value: Value) {
    assert!(parse_invoice(&value).is_err());
}
