ALTER TABLE jobs
    ALTER COLUMN id TYPE text COLLATE "default",
    ALTER COLUMN queue TYPE text COLLATE "default";
