//! DueIndex, and the Stripe pages on which they are paid.

use rubis_billing::{BillingCycle, Offer, PaidPlan};
use rubis_kernel::FieldErrors;
use rubis_stripe::CheckoutSession;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::labels;

/// The tier to buy or to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "plan": "pro", "cycle": "monthly" }))]
pub struct OfferRequest {
    /// The tier.
    #[schema(value_type = labels::PaidPlan)]
    plan: String,
    /// The billing cycle.
    #[schema(value_type = labels::BillingCycle)]
    cycle: String,
}

impl TryFrom<OfferRequest> for Offer {
    type Error = FieldErrors;

    fn try_from(request: OfferRequest) -> Result<Self, FieldErrors> {
        let plan = PaidPlan::ALL.iter().copied().find(|plan| plan.as_str() == request.plan);
        let cycle = BillingCycle::ALL.iter().copied().find(|cycle| cycle.as_str() == request.cycle);
        let mut errors = FieldErrors::new();
        if plan.is_none() {
            errors.push("plan", "unknown_value", "must be a plan that is paid for");
        }
        if cycle.is_none() {
            errors.push("cycle", "unknown_value", "must be monthly or yearly");
        }
        plan.zip(cycle).map(|(plan, cycle)| Self { plan, cycle }).ok_or(errors)
    }
}

/// A checkout that waits for a card.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckoutBody {
    /// The address of Stripe's page. Send the browser there.
    pub url: String,
    /// Stripe's id of the checkout.
    pub session_id: String,
}

impl From<CheckoutSession> for CheckoutBody {
    fn from(session: CheckoutSession) -> Self {
        Self { url: session.url, session_id: session.id.into_string() }
    }
}

/// A session of Stripe's customer portal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalBody {
    /// The address of Stripe's page. Send the browser there; it can be opened once, within some minutes.
    pub url: String,
}
