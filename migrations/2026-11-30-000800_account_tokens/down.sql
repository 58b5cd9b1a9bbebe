DROP TABLE account_tokens;
DROP TYPE account_token_purpose;
ALTER TABLE organizations DROP COLUMN sender_verified_at;
ALTER TABLE users DROP COLUMN email_verified_at;
