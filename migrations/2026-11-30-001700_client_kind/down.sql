ALTER TABLE clients DROP COLUMN kind;
DROP TYPE client_kind;
