DROP INDEX CONCURRENTLY relance_tasks_waiting;
