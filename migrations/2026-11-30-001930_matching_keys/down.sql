DROP FUNCTION client_name_key(text);
DROP FUNCTION numero_key_of(text);
