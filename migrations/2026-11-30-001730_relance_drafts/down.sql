ALTER TABLE relance_tasks DROP COLUMN draft;
