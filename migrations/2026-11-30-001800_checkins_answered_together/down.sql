ALTER TABLE checkin_tasks DROP COLUMN answered_with;
