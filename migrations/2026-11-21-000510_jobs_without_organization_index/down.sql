CREATE INDEX jobs_of_organization ON jobs (organization_id);
