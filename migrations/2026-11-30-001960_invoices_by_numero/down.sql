DROP INDEX CONCURRENTLY invoices_by_numero;
