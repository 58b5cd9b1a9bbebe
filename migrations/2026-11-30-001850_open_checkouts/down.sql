ALTER TABLE subscriptions DROP COLUMN open_checkout_id;
