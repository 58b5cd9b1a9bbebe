-- Takes the place of invoices_search, which the release before still reads and a later one drops.
CREATE INDEX CONCURRENTLY invoices_by_search_key ON invoices
    USING gin (search_keys(organization_id, search_text));
