-- When the holder of the address followed the link of a verification mail. Accounts that exist now were never
-- asked: they count as verified, so that an upgrade stops nobody's reminders. The default fills the existing rows
-- without rewriting them and is dropped at once; rows inserted from here on start unverified, also those of the
-- previous release while it still runs.
ALTER TABLE users ADD COLUMN email_verified_at timestamptz DEFAULT now();
ALTER TABLE users ALTER COLUMN email_verified_at DROP DEFAULT;

-- When an owner's address was verified. No mail is sent on behalf of an organization before that.
ALTER TABLE organizations ADD COLUMN sender_verified_at timestamptz DEFAULT now();
ALTER TABLE organizations ALTER COLUMN sender_verified_at DROP DEFAULT;

CREATE TYPE account_token_purpose AS ENUM ('verify_address', 'reset_password');

-- The secrets in the links of account mails. Only hashes are stored: a secret is an HMAC of the row's id.
CREATE TABLE account_tokens (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose account_token_purpose NOT NULL,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- Set when it is used, and when another of the same user and purpose is.
    used_at timestamptz,
    CHECK (expires_at > created_at)
);
CREATE INDEX account_tokens_of_user ON account_tokens (user_id, purpose);
CREATE INDEX account_tokens_expiry ON account_tokens (expires_at);
