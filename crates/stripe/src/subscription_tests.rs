//! Tests of objects of both shapes, and of neither.

use rstest::rstest;
use serde_json::json;
use time::macros::datetime;

use super::*;

fn classic() -> Value {
    json!({
        "id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "trialing",
        "current_period_end": 1_796_472_000, "cancel_at_period_end": false, "cancel_at": null,
        "trial_end": 1_796_472_000, "created": 1_795_262_400,
        "items": { "object": "list", "data": [{ "id": "si_1", "price": { "id": "price_1", "lookup_key": "rubis_pro_monthly" } }] },
        "metadata": { "organization_id": "o", "plan": "pro" },
    })
}

/// Returns the same subscription with the end of the period in the place of later versions.
fn later() -> Value {
    let mut value = classic();
    let end = value.as_object_mut().unwrap().remove("current_period_end").unwrap();
    value["items"]["data"][0]["current_period_end"] = end;
    value
}

#[rstest]
#[case::classic(classic())]
#[case::later(later())]
fn both_shapes_are_the_same_subscription(#[case] value: Value) {
    let subscription = parse_subscription(&value).unwrap();
    assert_eq!(
        subscription,
        Subscription {
            id: "sub_1".into(),
            customer: "cus_1".into(),
            status: SubscriptionStatus::Trialing,
            lookup_key: Some("rubis_pro_monthly".into()),
            charge: None,
            current_period_end: Some(datetime!(2026-12-05 12:00 UTC)),
            cancel_at_period_end: false,
            trial_end: Some(datetime!(2026-12-05 12:00 UTC)),
            created: datetime!(2026-11-21 12:00 UTC),
            metadata: [("organization_id", "o"), ("plan", "pro")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        }
    );
}

#[rstest]
#[case::asked_for(json!({ "cancel_at_period_end": true }), true)]
#[case::dated_at_the_end_of_the_period(json!({ "cancel_at": 1_796_472_000 }), true)]
#[case::dated_later(json!({ "cancel_at": 1_796_472_001 }), false)]
#[case::no_wish(json!({}), false)]
fn the_end_with_the_period_is_seen_however_it_is_written(#[case] change: Value, #[case] expected: bool) {
    let mut value = later();
    value.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    assert_eq!(parse_subscription(&value).unwrap().cancel_at_period_end, expected);
}

#[test]
fn expanded_and_missing_fields_are_taken_as_they_come() {
    let value = json!({
        "id": "sub_1", "customer": { "id": "cus_1", "name": "Martin" }, "status": "past_due",
        "created": 1_795_262_400, "metadata": null,
    });
    let subscription = parse_subscription(&value).unwrap();
    assert_eq!(subscription.customer, "cus_1".into());
    assert_eq!(subscription.current_period_end, None);
    assert_eq!(subscription.lookup_key, None);
}

#[rstest]
#[case::nothing(json!(null))]
#[case::no_id(json!({ "customer": "cus_1", "status": "active", "created": 1 }))]
#[case::a_status_of_no_subscription(json!({ "id": "sub_1", "customer": "cus_1", "status": "asleep", "created": 1 }))]
#[case::a_date_in_words(json!({ "id": "sub_1", "customer": "cus_1", "status": "active", "created": "today" }))]
fn what_is_no_subscription_is_refused(#[case] value: Value) {
    assert!(parse_subscription(&value).is_err());
}

#[test]
fn every_status_is_written_as_it_is_read() {
    for status in SubscriptionStatus::ALL {
        assert_eq!(status.as_str().parse(), Ok(status));
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
    assert!("asleep".parse::<SubscriptionStatus>().is_err());
}

fn charge_of(item: &Value) -> Option<Charge> {
    let mut value = classic();
    value["items"]["data"][0] = item.clone();
    parse_subscription(&value).unwrap().charge
}

#[test]
fn what_it_costs_is_read_from_its_own_item() {
    let item = json!({ "quantity": 2, "price": {
        "unit_amount": 2_900, "currency": "eur", "recurring": { "interval": "month", "interval_count": 1 },
    } });
    let charge = Charge { amount_cents: 5_800, currency: Currency::EUR, interval: PriceInterval::Month };
    assert_eq!(charge_of(&item), Some(charge));
}

#[rstest]
#[case::tiers(json!({ "price": { "unit_amount": null } }))]
#[case::metered(json!({ "quantity": null }))]
#[case::every_other_month(json!({ "price": { "recurring": { "interval": "month", "interval_count": 2 } } }))]
#[case::an_interval_that_nobody_knows(json!({ "price": { "recurring": { "interval": "moon" } } }))]
#[case::a_currency_that_nobody_knows(json!({ "price": { "currency": "zzz" } }))]
#[case::a_fortune(json!({ "quantity": i64::MAX }))]
fn a_cost_that_is_unknown_is_none_and_no_reason_to_refuse(#[case] change: Value) {
    let mut item = json!({ "quantity": 2, "price": {
        "unit_amount": 2_900, "currency": "eur", "recurring": { "interval": "month" },
    } });
    assert!(charge_of(&item).is_some());
    for (name, value) in change.as_object().unwrap() {
        match value.as_object() {
            None => item[name] = value.clone(),
            Some(fields) => item[name].as_object_mut().unwrap().extend(fields.clone()),
        }
    }
    assert_eq!(charge_of(&item), None);
}

#[test]
fn two_items_have_no_one_cost() {
    let mut value = classic();
    let item = json!({ "quantity": 1, "price": {
        "lookup_key": "rubis_pro_monthly", "unit_amount": 2_900, "currency": "eur",
        "recurring": { "interval": "month" },
    } });
    value["items"]["data"] = json!([item, item]);
    let subscription = parse_subscription(&value).unwrap();
    assert_eq!((subscription.charge, subscription.lookup_key.as_deref()), (None, Some("rubis_pro_monthly")));
}
