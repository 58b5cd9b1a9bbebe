-- The reconciliation reads the invoices that wait for the answer to a check-in.
CREATE INDEX CONCURRENTLY invoices_awaiting ON invoices (id) WHERE status = 'awaiting_user_confirmation';
