-- Set if a user ended a pause: what is overdue is then sent at any hour, and not in business hours.
ALTER TABLE planning_requests ADD COLUMN at_once boolean NOT NULL DEFAULT false;
