-- The yearly rate of penalties for late payment in the organization's terms of sale, in hundredths of a percent.
ALTER TABLE organizations ADD COLUMN late_penalty_basis_points integer;
ALTER TABLE organizations ADD CONSTRAINT organizations_late_penalty_basis_points_check
    CHECK (late_penalty_basis_points BETWEEN 1 AND 10000) NOT VALID;
