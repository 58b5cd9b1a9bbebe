ALTER TABLE invoices DROP COLUMN last_reminded_at;
ALTER TABLE relance_tasks DROP COLUMN counted_recipients;
ALTER TABLE relance_tasks DROP COLUMN counted_on;
DROP TABLE recipient_counts;
