ALTER TABLE organizations DROP COLUMN silent_copies;
