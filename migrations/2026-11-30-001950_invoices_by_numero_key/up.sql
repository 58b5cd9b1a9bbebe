CREATE UNIQUE INDEX CONCURRENTLY invoices_numero_key ON invoices (organization_id, client_id, numero_key)
    WHERE numero_key IS NOT NULL;
