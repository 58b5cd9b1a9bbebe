DROP TABLE relance_tasks, plan_steps;
ALTER TABLE invoices DROP CONSTRAINT invoices_plan;
DROP TABLE plans;
DROP TYPE relance_status, relance_tone;
