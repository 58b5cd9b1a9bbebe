-- numero_key_of(numero), unique for the client; null for numbers that earlier releases wrote, among which there may be
-- duplicates.
ALTER TABLE invoices ADD COLUMN numero_key text;
