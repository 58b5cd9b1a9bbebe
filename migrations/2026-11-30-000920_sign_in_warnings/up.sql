-- When the user was last warned by mail of many failed sign-ins: at most once a day.
ALTER TABLE users ADD COLUMN sign_in_warned_at timestamptz;
