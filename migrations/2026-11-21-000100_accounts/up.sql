CREATE TYPE catch_up_policy AS ENUM ('shift', 'immediate', 'skip');
CREATE TYPE holiday_calendar AS ENUM ('metropolitan', 'alsace_moselle');
CREATE TYPE member_role AS ENUM ('owner', 'admin', 'member');

CREATE TABLE organizations (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    time_zone text NOT NULL DEFAULT 'Europe/Paris',
    sending_time time NOT NULL DEFAULT '09:00',
    business_days_only boolean NOT NULL DEFAULT true,
    holiday_calendar holiday_calendar NOT NULL DEFAULT 'metropolitan',
    catch_up_policy catch_up_policy NOT NULL DEFAULT 'shift',
    signature text NOT NULL DEFAULT '',
    legal_mentions text NOT NULL DEFAULT '',
    address_line1 text,
    address_line2 text,
    postal_code text,
    city text,
    country char(2),
    siren text CHECK (siren ~ '^[0-9]{9}$'),
    -- Paused from this instant; without paused_until, until somebody resumes it.
    paused_at timestamptz,
    paused_until date,
    rubis_count bigint NOT NULL DEFAULT 0 CHECK (rubis_count >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (paused_until IS NULL OR paused_at IS NOT NULL)
);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    -- Lower case, so that uniqueness ignores how somebody capitalises an address.
    email text NOT NULL UNIQUE CHECK (email = lower(email)),
    full_name text NOT NULL CHECK (full_name <> ''),
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE memberships (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role member_role NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (organization_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);

-- One sign-in. Its refresh tokens form a family: each is spent once, and spending one twice revokes the session.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX sessions_member ON sessions (organization_id, user_id);

CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    spent_at timestamptz
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

CREATE TABLE activity_events (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind ~ '^[a-z_]+$'),
    -- The invoice the event is about, for its timeline; no foreign key, so that history outlives what it tells of.
    invoice_id uuid,
    actor_user_id uuid,
    meta jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL
);
CREATE INDEX activity_events_feed ON activity_events (organization_id, id DESC);
CREATE INDEX activity_events_invoice ON activity_events (organization_id, invoice_id, id) WHERE invoice_id IS NOT NULL;

CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    response_status smallint,
    response_body jsonb,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
