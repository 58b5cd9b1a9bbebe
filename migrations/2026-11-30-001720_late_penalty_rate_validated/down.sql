-- A constraint stays valid until it is dropped.
SELECT 1;
