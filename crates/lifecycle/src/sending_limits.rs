//! The limits on mails that follow from the subscription.

use rubis_billing::{BillingPlan, BillingRules};
use rubis_db::AsyncPgConnection;
use rubis_kernel::OrganizationId;
use rubis_relances::{SendingLimits, SendingPolicy};
use time::OffsetDateTime;

/// The most copies of one reminder without a subscription.
const FREE_COPIES: usize = 5;

/// The limits on the reminders of an organization, by its subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionLimits {
    /// The rules that decide which rights a subscription gives.
    pub rules: BillingRules,
    /// The most recipients on one day without a subscription; `None` for no limit.
    pub free_recipients_per_day: Option<u32>,
    /// The same on trial and with a subscription.
    pub paid_recipients_per_day: Option<u32>,
}

impl SendingPolicy for SubscriptionLimits {
    async fn limits_of(
        &self,
        conn: &AsyncPgConnection,
        organization: OrganizationId,
        now: OffsetDateTime,
    ) -> Result<SendingLimits, diesel::result::Error> {
        let subscription = rubis_billing::subscription_of(conn, organization).await?;
        let is_free = !subscription.is_in_trial(now)
            && subscription.effective_plan(&self.rules, now) == BillingPlan::Free;
        Ok(if is_free {
            SendingLimits { max_copies: Some(FREE_COPIES), recipients_per_day: self.free_recipients_per_day }
        } else {
            SendingLimits { max_copies: None, recipients_per_day: self.paid_recipients_per_day }
        })
    }
}
