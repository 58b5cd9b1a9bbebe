-- The number of times that the chain of an invoice started over, and the chain that a reminder belongs to. The release
-- before knows one chain for each invoice: it sends no step of an earlier one again.
ALTER TABLE invoices ADD COLUMN chain integer NOT NULL DEFAULT 0;
ALTER TABLE relance_tasks ADD COLUMN chain integer NOT NULL DEFAULT 0;
