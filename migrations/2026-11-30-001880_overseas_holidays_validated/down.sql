-- A constraint that is valid can stay so.
SELECT 1;
