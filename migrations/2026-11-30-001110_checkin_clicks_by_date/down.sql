DROP INDEX CONCURRENTLY checkin_clicks_by_date;
