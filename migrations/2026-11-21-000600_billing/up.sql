CREATE TYPE billing_plan AS ENUM ('free', 'pro', 'business');
CREATE TYPE billing_cycle AS ENUM ('monthly', 'yearly');
CREATE TYPE subscription_status AS ENUM
    ('trialing', 'active', 'past_due', 'canceled', 'incomplete', 'incomplete_expired', 'unpaid', 'paused');

-- What an organization pays for. Not columns of organizations: every reminder of a tenant waits for that row.
CREATE TABLE subscriptions (
    organization_id uuid PRIMARY KEY REFERENCES organizations ON DELETE CASCADE,
    plan billing_plan NOT NULL DEFAULT 'free',
    status subscription_status,
    billing_cycle billing_cycle,
    stripe_customer_id text UNIQUE,
    -- Stays after the subscription has ended, so that a late event about it is recognised.
    stripe_subscription_id text UNIQUE,
    subscription_created_at timestamptz,
    current_period_end timestamptz,
    cancel_at_period_end boolean NOT NULL DEFAULT false,
    -- Stays for ever: an organization that has one has used its trial.
    trial_ends_at timestamptz,
    past_due_since timestamptz,
    -- The last invoice of Stripe's whose failed payment the owner was told about.
    failed_invoice_id text,
    -- The instant that the state is of: an event's, by the clock of Stripe, or that of asking Stripe for the
    -- subscription, by ours.
    state_at timestamptz,
    state_fetched boolean NOT NULL DEFAULT false,
    -- Counts the changes of the state: who went to ask Stripe sees whether it is still the same.
    revision bigint NOT NULL DEFAULT 0,
    recap_queued_at timestamptz,
    recap_sent_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((status IS NULL) = (stripe_subscription_id IS NULL)),
    CHECK ((status IS NULL) = (state_at IS NULL)),
    CHECK ((status IS NULL) = (subscription_created_at IS NULL)),
    CHECK (plan = 'free' OR status IS NOT NULL),
    CHECK ((status IS NOT DISTINCT FROM 'past_due') = (past_due_since IS NOT NULL))
);
CREATE INDEX subscriptions_recaps ON subscriptions (trial_ends_at)
    WHERE status = 'trialing' AND recap_sent_at IS NULL;

INSERT INTO subscriptions (organization_id, created_at, updated_at)
SELECT id, created_at, created_at FROM organizations;

-- Each event of Stripe's that was dealt with, so that it is dealt with once.
CREATE TABLE stripe_events (
    id text PRIMARY KEY,
    kind text NOT NULL,
    -- When it happened, by the clock of Stripe, in whole seconds.
    created_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    -- Whom it changed; no foreign key, so that history outlives what it tells of.
    organization_id uuid,
    outcome text NOT NULL CHECK (outcome ~ '^[a-z_]+$')
);
CREATE INDEX stripe_events_age ON stripe_events (received_at);
