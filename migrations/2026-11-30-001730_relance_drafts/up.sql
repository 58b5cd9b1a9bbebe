-- What a drafted reminder states apart from what follows from the day, and the text that was approved.
ALTER TABLE relance_tasks ADD COLUMN draft jsonb;
