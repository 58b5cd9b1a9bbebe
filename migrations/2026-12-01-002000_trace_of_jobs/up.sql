-- The trace of the request or job that asked for the job; null for jobs that earlier releases wrote.
ALTER TABLE jobs ADD COLUMN trace_id uuid;
