ALTER TABLE relance_tasks DROP COLUMN chain;
ALTER TABLE invoices DROP COLUMN chain;
