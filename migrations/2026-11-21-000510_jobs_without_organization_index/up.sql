-- It served the deletion of an organization alone, which may read the table once, and each claim of a
-- job paid for it: 39 microseconds with it and 33 without.
DROP INDEX jobs_of_organization;
