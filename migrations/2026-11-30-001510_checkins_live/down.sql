DROP INDEX CONCURRENTLY checkin_tasks_live;
