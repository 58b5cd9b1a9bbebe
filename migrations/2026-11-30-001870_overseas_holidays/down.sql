ALTER TABLE organizations DROP COLUMN chosen_holidays;
