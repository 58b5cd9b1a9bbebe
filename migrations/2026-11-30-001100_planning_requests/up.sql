-- One row for each scope of an organization whose invoices have to be planned again. It exists exactly while a
-- plan-again job of that scope does.
CREATE TABLE planning_requests (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    scope text COLLATE "C" NOT NULL CHECK (scope ~ '^(all|(client|plan):[0-9a-f-]{36})$'),
    -- Counts the changes that asked for it.
    generation bigint NOT NULL DEFAULT 1 CHECK (generation > 0),
    -- The last change that the running pass covers; null between two passes.
    pass_generation bigint CHECK (pass_generation BETWEEN 0 AND generation),
    -- The last invoice that the running pass has planned.
    after_invoice_id uuid,
    -- A pass that covers the last change begins at this instant at the earliest.
    not_before timestamptz NOT NULL,
    -- Since when its next pass has been wanted: changes that keep coming postpone it for a bounded time.
    waiting_since timestamptz NOT NULL,
    PRIMARY KEY (organization_id, scope),
    CHECK (after_invoice_id IS NULL OR pass_generation IS NOT NULL)
);
