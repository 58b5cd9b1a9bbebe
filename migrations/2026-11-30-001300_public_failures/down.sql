-- The errors that were replaced are in the logs; the codes are valid texts for the release before.
SELECT 1;
