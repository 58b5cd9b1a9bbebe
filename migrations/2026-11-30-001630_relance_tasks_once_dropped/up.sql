-- relance_tasks_once_in_chain takes its place: a chain that starts over sends the same step again.
DROP INDEX CONCURRENTLY relance_tasks_once;
