-- Since when a job has been waiting for a server that is away. No attempt is counted meanwhile; it is given up once this
-- has gone on for too long.
ALTER TABLE jobs ADD COLUMN blocked_since timestamptz;
