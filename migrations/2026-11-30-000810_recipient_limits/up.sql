-- The recipients of an organization's reminders on a day (UTC), where its subscription limits them.
CREATE TABLE recipient_counts (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    day date NOT NULL,
    recipients integer NOT NULL CHECK (recipients > 0),
    PRIMARY KEY (organization_id, day)
);
CREATE INDEX recipient_counts_day ON recipient_counts (day);

-- The day on which the reminder's recipients were counted, and their number: another attempt of that day counts those
-- beyond it alone.
ALTER TABLE relance_tasks ADD COLUMN counted_on date;
ALTER TABLE relance_tasks ADD COLUMN counted_recipients integer;

-- When the last reminder was sent. For a while after that, giving the invoice up does not free its place in the
-- subscription's limit. No index has this column: the row of an invoice is updated with every reminder.
ALTER TABLE invoices ADD COLUMN last_reminded_at timestamptz;
