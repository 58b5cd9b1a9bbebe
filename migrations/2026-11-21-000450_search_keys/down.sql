DROP FUNCTION search_keys;
