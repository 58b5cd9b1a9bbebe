DROP INDEX CONCURRENTLY invoices_given_up;
