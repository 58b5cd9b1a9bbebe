DROP INDEX CONCURRENTLY clients_by_name_key;
