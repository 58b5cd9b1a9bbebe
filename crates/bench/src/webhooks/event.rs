//! Events about subscriptions, in Stripe's words.

use rubis_kernel::OrganizationId;
use serde_json::json;
use time::{Duration, OffsetDateTime};

/// A customer.
#[derive(Clone, Debug)]
pub struct Subscriber {
    pub number: usize,
    pub organization: OrganizationId,
}

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

/// The event, as it is posted. The trial began at `began`.
pub fn body(subscriber: &Subscriber, happening: Happening, began: OffsetDateTime) -> String {
    let (kind, id, created) = match happening {
        Happening::IsEdited => ("customer.subscription.updated", "evt_bench_edited", began),
        Happening::Renews | Happening::RenewsAgain => {
            ("customer.subscription.updated", "evt_bench_renews", began + Duration::MINUTE)
        }
    };
    let (status, period_end) = match happening {
        Happening::IsEdited => ("trialing", began + TRIAL),
        Happening::Renews | Happening::RenewsAgain => ("active", created + PERIOD),
    };
    let number = subscriber.number;
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
        "metadata": { "organization_id": subscriber.organization, "plan": "pro", "is_trial": "true" },
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
        "type": kind,
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
        let subscriber = |number| Subscriber { number, organization: OrganizationId::new() };
        let one = subscriber(1);
        let renews = body(&one, Happening::Renews, began);
        assert_eq!(renews, body(&one, Happening::RenewsAgain, began));
        assert_ne!(renews, body(&one, Happening::IsEdited, began));
        assert_ne!(renews, body(&Subscriber { number: 2, ..one }, Happening::Renews, began));
    }
}
