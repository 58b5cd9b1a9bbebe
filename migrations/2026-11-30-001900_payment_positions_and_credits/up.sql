-- The state in which an invoice was settled, which undoing the settlement restores; read while it is paid alone.
-- Whether it was settled by credit notes alone; read while it is paid alone, since the release before does not clear it.
-- What was paid beyond the amount: the credit of the client.
ALTER TABLE invoices
    ADD COLUMN settled_from invoice_status,
    ADD COLUMN credited boolean NOT NULL DEFAULT false,
    ADD COLUMN overpaid_cents bigint NOT NULL DEFAULT 0;
ALTER TABLE invoices ADD CONSTRAINT invoices_overpaid CHECK (overpaid_cents >= 0) NOT VALID;

-- The order in which payments were recorded, given by the database: ids follow the clocks of the programs. Earlier
-- rows stay at 0, in the order of their ids.
CREATE SEQUENCE payments_position AS bigint;
ALTER TABLE payments
    ADD COLUMN position bigint NOT NULL DEFAULT 0,
    ADD COLUMN void_reason text;
ALTER TABLE payments ALTER COLUMN position SET DEFAULT nextval('payments_position');
ALTER SEQUENCE payments_position OWNED BY payments.position;
ALTER TABLE payments ADD CONSTRAINT payments_void_reason
    CHECK (void_reason IS NULL OR (void_reason <> '' AND voided_at IS NOT NULL)) NOT VALID;
