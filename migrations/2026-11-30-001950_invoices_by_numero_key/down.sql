DROP INDEX CONCURRENTLY invoices_numero_key;
