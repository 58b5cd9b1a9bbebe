CREATE TYPE job_state AS ENUM ('scheduled', 'running', 'dead');

CREATE TABLE jobs (
    id text PRIMARY KEY CHECK (length(id) BETWEEN 3 AND 200),
    queue text NOT NULL,
    payload jsonb NOT NULL,
    organization_id uuid REFERENCES organizations ON DELETE CASCADE,
    run_at timestamptz NOT NULL,
    state job_state NOT NULL DEFAULT 'scheduled',
    -- Failures that the handler reported.
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Workers that died, or lost their lease, while they held the job.
    crashes integer NOT NULL DEFAULT 0 CHECK (crashes >= 0),
    lease_token uuid,
    lease_until timestamptz,
    last_error text,
    created_at timestamptz NOT NULL,
    CHECK ((state = 'running') = (lease_token IS NOT NULL)),
    CHECK ((state = 'running') = (lease_until IS NOT NULL))
);
CREATE INDEX jobs_scheduled ON jobs (queue, run_at, id) WHERE state = 'scheduled';
CREATE INDEX jobs_leases ON jobs (queue, lease_until) WHERE state = 'running';
CREATE INDEX jobs_dead ON jobs (queue, id) WHERE state = 'dead';
CREATE INDEX jobs_of_organization ON jobs (organization_id);
-- Rows live briefly: let vacuum keep up with a queue that turns over quickly.
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, fillfactor = 80);
