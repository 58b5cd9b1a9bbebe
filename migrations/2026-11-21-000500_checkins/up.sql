CREATE TYPE checkin_status AS ENUM ('scheduled', 'sent', 'answered', 'expired', 'cancelled', 'failed');
CREATE TYPE checkin_answer AS ENUM ('paid', 'still_pending');
CREATE TYPE checkin_answered_by AS ENUM ('link', 'button');

ALTER TABLE organizations
    ADD COLUMN checkins_enabled boolean NOT NULL DEFAULT true,
    -- How long a reminder waits for the answer, and, if set, for how many days instead.
    ADD COLUMN checkin_grace_hours integer NOT NULL DEFAULT 24 CHECK (checkin_grace_hours BETWEEN 0 AND 720),
    ADD COLUMN checkin_wait_days integer CHECK (checkin_wait_days BETWEEN 1 AND 60);

-- Between these the invoice's reminders wait for the answer to a check-in.
ALTER TABLE invoices
    ADD COLUMN awaits_answer_from timestamptz,
    ADD COLUMN awaits_answer_until timestamptz,
    ADD CONSTRAINT invoices_awaited_answer CHECK (
        (awaits_answer_from IS NULL) = (awaits_answer_until IS NULL)
        AND (awaits_answer_from IS NULL OR awaits_answer_from <= awaits_answer_until)
    );

-- One mail, which asks about one invoice or about several.
CREATE TABLE checkin_mails (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    recipient text,
    sending_since timestamptz,
    sent_at timestamptz,
    created_at timestamptz NOT NULL,
    UNIQUE (organization_id, id)
);

CREATE TABLE checkin_tasks (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    invoice_id uuid NOT NULL,
    -- The due date that it asks about: another one is asked about anew.
    due_date date NOT NULL,
    send_at timestamptz NOT NULL,
    status checkin_status NOT NULL DEFAULT 'scheduled',
    mail_id uuid,
    -- The task whose link had expired, when this one was asked for in its place.
    renews uuid,
    -- The SHA-256 of the token in its links, from when its mail is first written.
    token_hash bytea UNIQUE CHECK (octet_length(token_hash) = 32),
    sending_since timestamptz,
    sent_at timestamptz,
    expires_at timestamptz,
    answered_at timestamptz,
    answer checkin_answer,
    answered_by checkin_answered_by,
    -- What the answer recorded, so that just this can be undone.
    payment_id uuid,
    -- Both links were opened by what may be a machine: only a button is believed from then on.
    suspect_since timestamptz,
    -- Why it was cancelled or failed.
    reason text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id, invoice_id) REFERENCES invoices (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, mail_id) REFERENCES checkin_mails (organization_id, id),
    FOREIGN KEY (organization_id, renews) REFERENCES checkin_tasks (organization_id, id),
    CHECK ((status = 'answered') = (answer IS NOT NULL)),
    CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CHECK ((answer IS NULL) = (answered_by IS NULL)),
    CHECK (sent_at IS NULL OR (token_hash IS NOT NULL AND expires_at IS NOT NULL)),
    CHECK (status <> 'sent' OR sent_at IS NOT NULL)
);
-- An invoice is asked about once at a time.
CREATE UNIQUE INDEX checkin_tasks_once ON checkin_tasks (invoice_id) WHERE status IN ('scheduled', 'sent');
CREATE INDEX checkin_tasks_of_invoice ON checkin_tasks (invoice_id, id);
CREATE INDEX checkin_tasks_due ON checkin_tasks (organization_id, send_at, id) WHERE status = 'scheduled';
CREATE INDEX checkin_tasks_of_mail ON checkin_tasks (mail_id) WHERE mail_id IS NOT NULL;
CREATE INDEX checkin_tasks_renewed ON checkin_tasks (renews) WHERE renews IS NOT NULL;

-- Every opening of a link, by a person or a machine.
CREATE TABLE checkin_clicks (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    checkin_task_id uuid NOT NULL,
    at timestamptz NOT NULL,
    method text NOT NULL,
    link text NOT NULL CHECK (link IN ('paid', 'pending', 'page', 'renew', 'undo')),
    user_agent text NOT NULL DEFAULT '' CHECK (length(user_agent) <= 500),
    verdict text NOT NULL CHECK (verdict ~ '^[a-z_]+$'),
    FOREIGN KEY (organization_id, checkin_task_id) REFERENCES checkin_tasks (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX checkin_clicks_of_task ON checkin_clicks (checkin_task_id, id);
