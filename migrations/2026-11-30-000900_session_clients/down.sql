ALTER TABLE sessions
    DROP CONSTRAINT sessions_client_is_short,
    DROP COLUMN network,
    DROP COLUMN user_agent,
    DROP COLUMN last_used_at;
