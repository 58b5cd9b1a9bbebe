-- Finds numbers that earlier releases wrote too.
CREATE INDEX CONCURRENTLY invoices_by_numero ON invoices (organization_id, client_id, numero_key_of(numero));
