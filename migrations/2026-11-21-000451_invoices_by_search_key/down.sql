DROP INDEX CONCURRENTLY invoices_by_search_key;
