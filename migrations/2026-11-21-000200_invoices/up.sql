CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

CREATE TYPE invoice_status AS ENUM
    ('pending', 'awaiting_user_confirmation', 'in_relance', 'paid', 'litigation', 'cancelled');
CREATE TYPE payment_kind AS ENUM ('payment', 'credit_note');
CREATE TYPE payment_method AS ENUM ('transfer', 'card', 'cheque', 'direct_debit', 'cash', 'other');

CREATE TABLE clients (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    name text NOT NULL CHECK (name <> ''),
    email text NOT NULL,
    phone text,
    address_line1 text,
    address_line2 text,
    postal_code text,
    city text,
    country char(2),
    siren text CHECK (siren ~ '^[0-9]{9}$'),
    vat_number text,
    notes text NOT NULL DEFAULT '',
    paused_at timestamptz,
    paused_until date,
    -- Name, address and identifiers in lower case without accents: what a free text search looks in.
    search_text text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (organization_id, id),
    CHECK (paused_until IS NULL OR paused_at IS NOT NULL)
);
CREATE INDEX clients_by_name ON clients (organization_id, lower(name), id);
CREATE INDEX clients_by_email ON clients (organization_id, lower(email));
CREATE INDEX clients_search ON clients USING gin (organization_id, search_text gin_trgm_ops);

CREATE TABLE client_contacts (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    client_id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    email text NOT NULL,
    phone text,
    job_title text,
    -- Whether this person is put in copy of the reminders.
    receives_relances boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    FOREIGN KEY (organization_id, client_id) REFERENCES clients (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX client_contacts_of_client ON client_contacts (organization_id, client_id, id);

CREATE TABLE client_service_locations (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    client_id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    address_line1 text,
    address_line2 text,
    postal_code text,
    city text,
    country char(2),
    created_at timestamptz NOT NULL,
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id, client_id) REFERENCES clients (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX client_service_locations_of_client ON client_service_locations (organization_id, client_id, id);

CREATE TABLE invoices (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    client_id uuid NOT NULL,
    -- The plan that chases the invoice; its foreign key comes with the plans. NULL: it is not chased.
    plan_id uuid,
    numero text NOT NULL CHECK (numero <> ''),
    amount_ttc_cents bigint NOT NULL CHECK (amount_ttc_cents BETWEEN 1 AND 1000000000000),
    -- Payments and credit notes that count: the sum of the payments rows that are not voided.
    settled_cents bigint NOT NULL DEFAULT 0 CHECK (settled_cents BETWEEN 0 AND amount_ttc_cents),
    currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    issue_date date NOT NULL,
    due_date date NOT NULL,
    status invoice_status NOT NULL DEFAULT 'pending',
    rubis_earned integer NOT NULL DEFAULT 0 CHECK (rubis_earned >= 0),
    -- Whether a reminder has gone out: what a resumed or reopened invoice goes back to depends on it.
    chased boolean NOT NULL DEFAULT false,
    paid_at timestamptz,
    cancelled_at timestamptz,
    paused_at timestamptz,
    paused_until date,
    search_text text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (organization_id, id),
    UNIQUE (organization_id, client_id, numero),
    FOREIGN KEY (organization_id, client_id) REFERENCES clients (organization_id, id) ON DELETE RESTRICT,
    CHECK (due_date >= issue_date),
    CHECK (paused_until IS NULL OR paused_at IS NOT NULL),
    CHECK ((status = 'paid') = (settled_cents = amount_ttc_cents)),
    CHECK ((status = 'paid') = (paid_at IS NOT NULL))
);
CREATE INDEX invoices_by_due_date ON invoices (organization_id, due_date, id);
CREATE INDEX invoices_by_amount ON invoices (organization_id, amount_ttc_cents, id);
CREATE INDEX invoices_by_status ON invoices (organization_id, status, due_date, id);
CREATE INDEX invoices_by_status_and_creation ON invoices (organization_id, status, id);
CREATE INDEX invoices_by_client ON invoices (organization_id, client_id, due_date, id);
CREATE INDEX invoices_by_plan ON invoices (plan_id) WHERE plan_id IS NOT NULL;
CREATE INDEX invoices_search ON invoices USING gin (organization_id, search_text gin_trgm_ops);

CREATE TABLE invoice_lines (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    position integer NOT NULL CHECK (position >= 0),
    description text NOT NULL CHECK (description <> ''),
    quantity_thousandths bigint NOT NULL CHECK (quantity_thousandths > 0),
    unit_price_cents bigint NOT NULL,
    vat_rate_basis_points integer NOT NULL CHECK (vat_rate_basis_points BETWEEN 0 AND 10000),
    service_location_id uuid,
    UNIQUE (invoice_id, position),
    FOREIGN KEY (organization_id, invoice_id) REFERENCES invoices (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, service_location_id)
        REFERENCES client_service_locations (organization_id, id) ON DELETE RESTRICT
);
CREATE INDEX invoice_lines_of_location ON invoice_lines (service_location_id) WHERE service_location_id IS NOT NULL;

CREATE TABLE payments (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    kind payment_kind NOT NULL DEFAULT 'payment',
    amount_cents bigint NOT NULL CHECK (amount_cents > 0),
    method payment_method NOT NULL DEFAULT 'other',
    paid_on date NOT NULL,
    -- How it became known, in words for the feed ("via check-in").
    label text NOT NULL DEFAULT '',
    -- A settlement that was undone stays on record and counts no more.
    voided_at timestamptz,
    created_at timestamptz NOT NULL,
    FOREIGN KEY (organization_id, invoice_id) REFERENCES invoices (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX payments_of_invoice ON payments (organization_id, invoice_id, id);
