-- The last Checkout session that was opened for the organization: it is expired at Stripe before another one is used.
ALTER TABLE subscriptions ADD COLUMN open_checkout_id text;
