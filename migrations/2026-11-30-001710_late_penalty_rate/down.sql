ALTER TABLE organizations DROP COLUMN late_penalty_basis_points;
