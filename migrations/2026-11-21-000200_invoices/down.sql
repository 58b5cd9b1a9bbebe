DROP TABLE payments, invoice_lines, invoices, client_service_locations, client_contacts, clients;
DROP TYPE payment_method, payment_kind, invoice_status;
DROP EXTENSION btree_gin;
DROP EXTENSION pg_trgm;
