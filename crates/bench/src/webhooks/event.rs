//! Events about subscriptions, in Stripe's words.

use serde_json::json;
use time::{Duration, OffsetDateTime};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    IsEdited,
    /// It is charged, a minute later.
    Renews,
    /// Stripe delivers the same event again.
    RenewsAgain,
}

const TRIAL: Duration = Duration::days(14);

const PERIOD: Duration = Duration::days(30);

/// The event about a subscription, as it is posted. The trial began at `began`.
pub fn body(number: usize, happening: Happening, began: OffsetDateTime) -> String {
    let renewed = began + Duration::MINUTE;
    let (id, created, status, period_end) = match happening {
        Happening::IsEdited => ("evt_bench_edited", began, "trialing", began + TRIAL),
        Happening::Renews | Happening::RenewsAgain => {
            ("evt_bench_renews", renewed, "active", renewed + PERIOD)
        }
    };
    let organization = format!("00000000-0000-7000-8000-{number:012x}");
    let seconds = OffsetDateTime::unix_timestamp;
    let price = json!({
        "id": "price_bench_pro_monthly",
        "object": "price",
        "active": true,
        "billing_scheme": "per_unit",
        "currency": "eur",
        "lookup_key": "rubis_pro_monthly",
        "metadata": {},
        "product": "prod_bench_pro",
        "recurring": { "interval": "month", "interval_count": 1, "usage_type": "licensed" },
        "type": "recurring",
        "unit_amount": 2_900,
    });
    let item = json!({
        "id": format!("si_bench_{number}"),
        "object": "subscription_item",
        "created": seconds(began),
        "current_period_start": seconds(created),
        "current_period_end": seconds(period_end),
        "metadata": {},
        "price": price,
        "quantity": 1,
        "subscription": format!("sub_bench_{number}"),
    });
    let subscription = json!({
        "id": format!("sub_bench_{number}"),
        "object": "subscription",
        "automatic_tax": { "enabled": false, "liability": null },
        "billing_cycle_anchor": seconds(period_end),
        "cancel_at": null,
        "cancel_at_period_end": false,
        "canceled_at": null,
        "collection_method": "charge_automatically",
        "created": seconds(began),
        "currency": "eur",
        "customer": format!("cus_bench_{number}"),
        "default_payment_method": format!("pm_bench_{number}"),
        "ended_at": null,
        "items": { "object": "list", "data": [item], "has_more": false, "total_count": 1 },
        "latest_invoice": format!("in_bench_{number}"),
        "livemode": false,
        "metadata": { "organization_id": organization, "plan": "pro", "is_trial": "true" },
        "start_date": seconds(began),
        "status": status,
        "trial_start": seconds(began),
        "trial_end": seconds(began + TRIAL),
    });
    json!({
        "id": format!("{id}_{number}"),
        "object": "event",
        "api_version": "2025-03-31.basil",
        "created": seconds(created),
        "data": { "object": subscription },
        "livemode": false,
        "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null },
        "type": "customer.subscription.updated",
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_event_that_comes_again_is_the_same_to_the_byte_and_the_others_are_not() {
        let began = datetime!(2026-11-21 12:00 UTC);
        let renews = body(1, Happening::Renews, began);
        assert_eq!(renews, body(1, Happening::RenewsAgain, began));
        assert_ne!(renews, body(1, Happening::IsEdited, began));
        assert_ne!(renews, body(2, Happening::Renews, began));
    }
}
