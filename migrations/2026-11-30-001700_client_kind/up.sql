CREATE TYPE client_kind AS ENUM ('company', 'person');
-- Null until it is given: a client with a SIREN or a VAT number is a company, any other is taken for a person, of whom
-- nothing is claimed that only professionals owe.
ALTER TABLE clients ADD COLUMN kind client_kind;
