-- The answers that were given in one go have the same value: they are confirmed by one mail and can be undone together.
ALTER TABLE checkin_tasks ADD COLUMN answered_with uuid;
