-- What a user is shown of each of their sessions. The previous release leaves these empty.
ALTER TABLE sessions
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN user_agent text,
    -- The network of the client instead of its address: 203.0.113.0/24 or 2001:db8:1::/48.
    ADD COLUMN network text,
    ADD CONSTRAINT sessions_client_is_short CHECK (char_length(user_agent) <= 200 AND char_length(network) <= 50)
        NOT VALID;
