DROP TABLE idempotency_keys, activity_events, refresh_tokens, sessions, memberships, users, organizations;
DROP TYPE member_role, holiday_calendar, catch_up_policy;
