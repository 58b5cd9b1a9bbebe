CREATE INDEX CONCURRENTLY clients_by_name_key ON clients (organization_id, client_name_key(name));
