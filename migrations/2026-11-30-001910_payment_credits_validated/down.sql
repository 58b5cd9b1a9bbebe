-- A constraint that holds needs no step back.
SELECT 1;
