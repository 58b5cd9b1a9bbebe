DROP TABLE stripe_events;
DROP TABLE subscriptions;
DROP TYPE subscription_status;
DROP TYPE billing_cycle;
DROP TYPE billing_plan;
