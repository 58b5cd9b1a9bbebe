ALTER TABLE payments DROP CONSTRAINT payments_void_reason, DROP COLUMN void_reason, DROP COLUMN position;
ALTER TABLE invoices DROP CONSTRAINT invoices_overpaid, DROP COLUMN overpaid_cents, DROP COLUMN credited, DROP COLUMN settled_from;
