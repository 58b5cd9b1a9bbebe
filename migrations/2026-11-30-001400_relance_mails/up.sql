-- The mail of a reminder: its Message-ID, which later reminders of the invoice refer to, and the copies that the mail
-- server refused for good.
ALTER TABLE relance_tasks
    ADD COLUMN message_id text,
    ADD COLUMN refused_copies text[];
