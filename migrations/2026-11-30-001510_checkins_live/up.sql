-- The reconciliation reads the check-ins that are to leave or are out.
CREATE INDEX CONCURRENTLY checkin_tasks_live ON checkin_tasks (id) WHERE status IN ('scheduled', 'sent');
