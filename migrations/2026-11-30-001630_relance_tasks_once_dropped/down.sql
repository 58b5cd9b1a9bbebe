CREATE UNIQUE INDEX CONCURRENTLY relance_tasks_once ON relance_tasks (invoice_id, plan_step_id)
    WHERE status IN ('scheduled', 'sent');
