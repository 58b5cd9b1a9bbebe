ALTER TABLE planning_requests DROP COLUMN at_once;
