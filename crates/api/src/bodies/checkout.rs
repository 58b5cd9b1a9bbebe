//! What is bought, and the page on which it is paid.

use rubis_billing::{BillingCycle, Offer, PaidPlan};
use rubis_kernel::FieldErrors;
use rubis_stripe::CheckoutSession;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::labels;

/// What is to be bought, or tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "plan": "pro", "cycle": "monthly" }))]
pub struct OfferRequest {
    /// Which plan.
    #[schema(value_type = labels::PaidPlan)]
    plan: String,
    /// How often it is charged.
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
    /// Stripe's page, to send the browser to.
    pub url: String,
    /// Stripe's id of the checkout.
    pub session_id: String,
}

impl From<CheckoutSession> for CheckoutBody {
    fn from(session: CheckoutSession) -> Self {
        Self { url: session.url, session_id: session.id.into_string() }
    }
}

/// A way to the portal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalBody {
    /// Stripe's page, to send the browser to; good for one visit within some minutes.
    pub url: String,
}
