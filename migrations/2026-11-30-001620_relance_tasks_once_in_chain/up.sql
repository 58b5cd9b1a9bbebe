-- A step is sent once in a chain, whatever is planned again.
CREATE UNIQUE INDEX CONCURRENTLY relance_tasks_once_in_chain ON relance_tasks (invoice_id, plan_step_id, chain)
    WHERE status IN ('scheduled', 'sent');
