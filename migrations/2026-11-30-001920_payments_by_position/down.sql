DROP INDEX CONCURRENTLY payments_by_position;
