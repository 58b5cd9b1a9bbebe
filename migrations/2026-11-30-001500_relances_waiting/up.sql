-- The reconciliation reads what waits, the earliest first, whatever organization it is of.
CREATE INDEX CONCURRENTLY relance_tasks_waiting ON relance_tasks (send_at, id) WHERE status = 'scheduled';
