-- Takes the place of payments_of_invoice, which the release before still reads and a later one drops.
CREATE INDEX CONCURRENTLY payments_by_position ON payments (organization_id, invoice_id, position, id);
