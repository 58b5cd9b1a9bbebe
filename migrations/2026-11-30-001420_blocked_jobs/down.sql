ALTER TABLE jobs DROP COLUMN blocked_since;
