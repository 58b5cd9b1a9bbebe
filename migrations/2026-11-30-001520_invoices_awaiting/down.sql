DROP INDEX CONCURRENTLY invoices_awaiting;
