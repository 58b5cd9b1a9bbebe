//! The list of a customer's subscriptions, page by page.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::call::Call;
use super::transport::Transport;
use crate::error::StripeError;
use crate::ids::CustomerId;
use crate::json;
use crate::subscription::{Subscription, parse_subscription};

/// The maximum size of a page at Stripe.
const PAGE: &str = "100";

#[derive(Deserialize)]
struct Page {
    data: Vec<Value>,
    #[serde(default)]
    has_more: bool,
}

/// Returns all subscriptions of a customer, in Stripe's order: newest first. With a patience, each page
/// is requested once, and waited for no longer than that.
pub(super) async fn all_of(
    transport: &Transport,
    customer: &CustomerId,
    patience: Option<Duration>,
) -> Result<Vec<Subscription>, StripeError> {
    let mut found: Vec<Subscription> = Vec::new();
    loop {
        let mut call = Call::get("/subscriptions")
            .field("customer", customer.as_str())
            .field("status", "all")
            .field("limit", PAGE);
        if let Some(last) = found.last() {
            call = call.field("starting_after", last.id.as_str());
        }
        let answer = match patience {
            None => transport.send(&call).await?,
            Some(patience) => transport.send_once(&call, patience).await?,
        };
        let page: Page = json::read("list of subscriptions", &answer)?;
        // An empty page that announces another one would never end.
        let is_last = !page.has_more || page.data.is_empty();
        for subscription in &page.data {
            found.push(parse_subscription(subscription)?);
        }
        if is_last {
            return Ok(found);
        }
    }
}
