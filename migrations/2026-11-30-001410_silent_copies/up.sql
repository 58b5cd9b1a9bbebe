-- Addresses of the organization's own that get a silent copy of each of its reminders.
ALTER TABLE organizations ADD COLUMN silent_copies text[] NOT NULL DEFAULT '{}';
