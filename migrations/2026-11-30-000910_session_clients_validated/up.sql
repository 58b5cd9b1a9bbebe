ALTER TABLE sessions VALIDATE CONSTRAINT sessions_client_is_short;
