-- Housekeeping deletes the oldest openings in batches.
CREATE INDEX CONCURRENTLY checkin_clicks_by_date ON checkin_clicks (at);
