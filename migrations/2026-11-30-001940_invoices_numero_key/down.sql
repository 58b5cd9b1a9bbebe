ALTER TABLE invoices DROP COLUMN numero_key;
