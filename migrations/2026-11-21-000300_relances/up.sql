CREATE TYPE relance_tone AS ENUM ('amical', 'courtois', 'ferme', 'mise_en_demeure');
CREATE TYPE relance_status AS ENUM ('scheduled', 'sent', 'cancelled', 'failed');

CREATE TABLE plans (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    name text NOT NULL CHECK (name <> ''),
    is_default boolean NOT NULL DEFAULT false,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (organization_id, id),
    CHECK (NOT (is_default AND archived_at IS NOT NULL))
);
CREATE UNIQUE INDEX plans_one_default ON plans (organization_id) WHERE is_default;
CREATE INDEX plans_of_organization ON plans (organization_id, id);

ALTER TABLE invoices
    ADD CONSTRAINT invoices_plan FOREIGN KEY (organization_id, plan_id) REFERENCES plans (organization_id, id);

CREATE TABLE plan_steps (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    -- The step through its edits: an edited step is a new row of the same lineage, so that what was
    -- sent under the old wording is not sent again under the new one.
    lineage_id uuid NOT NULL,
    step_order integer NOT NULL CHECK (step_order >= 0),
    offset_days integer NOT NULL CHECK (offset_days BETWEEN -365 AND 3650),
    tone relance_tone NOT NULL,
    subject text NOT NULL CHECK (subject <> ''),
    body text NOT NULL CHECK (body <> ''),
    requires_manual_validation boolean NOT NULL,
    retired_at timestamptz,
    created_at timestamptz NOT NULL,
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id, plan_id) REFERENCES plans (organization_id, id) ON DELETE CASCADE,
    CHECK (tone <> 'mise_en_demeure' OR requires_manual_validation)
);
CREATE UNIQUE INDEX plan_steps_in_force ON plan_steps (plan_id, step_order) WHERE retired_at IS NULL;
CREATE INDEX plan_steps_of_plan ON plan_steps (plan_id);

CREATE TABLE relance_tasks (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    invoice_id uuid NOT NULL,
    plan_step_id uuid NOT NULL,
    send_at timestamptz NOT NULL,
    -- The day that it is meant for, before weekends and public holidays are passed over.
    meant_for date NOT NULL,
    status relance_status NOT NULL DEFAULT 'scheduled',
    -- The sending transaction claimed it and its outcome is not recorded yet.
    sending_since timestamptz,
    sent_at timestamptz,
    -- Why it was cancelled or failed: a stable code, and for a failure what the mail server said.
    reason text,
    reason_detail text,
    -- Set when the warning was put before a person, with the text that was shown.
    drafted_at timestamptz,
    approved_at timestamptz,
    approved_by uuid,
    -- A person asked for it to leave at once: planning again leaves it alone.
    hurried_at timestamptz,
    -- The text that was drafted, then the one that was approved, then the one that was sent.
    subject text,
    body text,
    recipient text,
    queue_job_id text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    FOREIGN KEY (organization_id, invoice_id) REFERENCES invoices (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, plan_step_id) REFERENCES plan_steps (organization_id, id) ON DELETE RESTRICT,
    CHECK ((status = 'sent') = (sent_at IS NOT NULL)),
    CHECK (sending_since IS NULL OR status = 'scheduled'),
    CHECK ((approved_at IS NULL) = (approved_by IS NULL))
);
-- A step leaves once for an invoice, whatever is planned again.
CREATE UNIQUE INDEX relance_tasks_once ON relance_tasks (invoice_id, plan_step_id)
    WHERE status IN ('scheduled', 'sent');
CREATE INDEX relance_tasks_by_status ON relance_tasks (organization_id, status, send_at, id);
CREATE INDEX relance_tasks_by_date ON relance_tasks (organization_id, send_at, id);
CREATE INDEX relance_tasks_of_invoice ON relance_tasks (invoice_id);
CREATE INDEX relance_tasks_send_at ON relance_tasks (send_at);
CREATE INDEX relance_tasks_of_step ON relance_tasks (plan_step_id);
