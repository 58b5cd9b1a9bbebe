//! One open Checkout for each organization: if two were open, both could be completed and charged.

use rubis_db::Pool;
use rubis_kernel::OrganizationId;
use rubis_stripe::{
    CheckoutSession, CheckoutSessionId, CheckoutStatus, NewCheckout, StripeError, StripeGateway,
};
use time::OffsetDateTime;

use crate::{
    customer::{CustomerError, Payer},
    queries::checkouts,
    start_checkout::open,
    subscription::is_live,
};

/// Number of times that another request may replace a session before this one fails.
const ATTEMPTS: usize = 10;

/// A Checkout that is the only open one of its organization.
pub(crate) enum OnlyCheckout {
    /// The session for the browser.
    Open(CheckoutSession),
    /// An earlier session was completed in the meantime: its subscription is live, and this session was
    /// ended.
    Subscribed,
}

/// Opens a Checkout and ends the previous one at Stripe, before the address of the new one is returned.
/// Of two sessions opened at the same moment, the later request ends the other.
///
/// # Errors
/// [`CustomerError`]; the earlier session may have been ended then.
pub(crate) async fn open_only(
    pool: &Pool,
    stripe: &StripeGateway,
    payer: &Payer,
    checkout: NewCheckout,
    now: OffsetDateTime,
) -> Result<OnlyCheckout, CustomerError> {
    let organization = checkout.organization_id;
    let mut before = last(pool, organization).await?;
    let session = open_living(pool, stripe, payer, checkout, before.as_ref(), now).await?;
    for _ in 0..ATTEMPTS {
        if before.as_ref() == Some(&session.id) {
            return Ok(OnlyCheckout::Open(session));
        }
        if let Some(before) = &before
            && has_subscribed(stripe, before).await?
        {
            end(stripe, &session.id).await?;
            return Ok(OnlyCheckout::Subscribed);
        }
        let mut conn = pool.get().await?;
        if checkouts::replace_checkout(&mut conn, organization, before.as_ref(), &session.id, now).await? {
            return Ok(OnlyCheckout::Open(session));
        }
        drop(conn);
        before = last(pool, organization).await?;
    }
    // The row is gone, or ten others came first.
    Err(CustomerError::Database(diesel::result::Error::NotFound))
}

async fn last(pool: &Pool, organization: OrganizationId) -> Result<Option<CheckoutSessionId>, CustomerError> {
    Ok(checkouts::open_checkout(&mut *pool.get().await?, organization).await?)
}

/// Opens a Checkout. Stripe responds to a repeated request with the session of the first one: if that was
/// ended since, another is opened.
async fn open_living(
    pool: &Pool,
    stripe: &StripeGateway,
    payer: &Payer,
    checkout: NewCheckout,
    before: Option<&CheckoutSessionId>,
    now: OffsetDateTime,
) -> Result<CheckoutSession, CustomerError> {
    let session = open(pool, stripe, payer, checkout.clone(), now).await?;
    let Some(before) = before.filter(|before| **before != session.id) else { return Ok(session) };
    if checkout.trial.is_none() || stripe.checkout_session(&session.id).await?.status == CheckoutStatus::Open
    {
        return Ok(session);
    }
    let request_id = format!("{}-{}", checkout.request_id, short(before));
    open(pool, stripe, payer, NewCheckout { request_id, ..checkout }, now).await
}

/// Returns the end of an id, which differs from that of others.
fn short(id: &CheckoutSessionId) -> String {
    let mut end: Vec<char> = id.as_str().chars().rev().filter(char::is_ascii_alphanumeric).take(16).collect();
    end.reverse();
    end.into_iter().collect()
}

/// Ends a session, and returns true if it had been completed and its subscription is live.
async fn has_subscribed(stripe: &StripeGateway, session: &CheckoutSessionId) -> Result<bool, StripeError> {
    if end(stripe, session).await? {
        return Ok(false);
    }
    let state = match stripe.checkout_session(session).await {
        Err(StripeError::NotFound { .. }) => return Ok(false),
        state => state?,
    };
    let Some(subscription) = state.subscription.filter(|_| state.status == CheckoutStatus::Complete) else {
        return Ok(false);
    };
    match stripe.subscription(&subscription).await {
        Err(StripeError::NotFound { .. }) => Ok(false),
        subscription => Ok(is_live(subscription?.status)),
    }
}

/// Ends a session if it is open, and returns true if it was.
async fn end(stripe: &StripeGateway, session: &CheckoutSessionId) -> Result<bool, StripeError> {
    match stripe.expire_checkout_session(session).await {
        Ok(_) => Ok(true),
        Err(StripeError::NotFound { .. } | StripeError::Refused { status: 400, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
