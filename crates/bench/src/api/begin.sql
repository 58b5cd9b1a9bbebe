-- Begins to fill a database: what the invoices of each size are drawn from. All of it belongs to the
-- connection and goes with it.

SET synchronous_commit = off;

-- A UUIDv7 of an instant, as the product makes them: ids are in the order of time.
CREATE FUNCTION pg_temp.id_at(moment timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0')
            || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid
$$;

-- The organizations by their numbers. The first has half of all invoices, the others share the rest evenly.
CREATE TEMPORARY TABLE tenants AS
SELECT (row_number() OVER (ORDER BY u.email))::bigint - 1 AS number,
       m.organization_id,
       u.id AS owner_id,
       p.id AS plan_id,
       (SELECT array_agg(s.id ORDER BY s.step_order) FROM plan_steps s WHERE s.plan_id = p.id) AS steps,
       (SELECT array_agg(s.offset_days ORDER BY s.step_order) FROM plan_steps s WHERE s.plan_id = p.id)
           AS offsets
  FROM users u
  JOIN memberships m ON m.user_id = u.id
  JOIN plans p ON p.organization_id = m.organization_id AND p.is_default;

-- Twenty invoices a client.
CREATE TEMPORARY TABLE debtors AS
SELECT t.number AS tenant,
       client,
       pg_temp.id_at(now() - interval '800 days' + client * interval '1 second') AS id,
       t.organization_id,
       format('%s %s %s',
              (ARRAY['Boulangerie', 'Garage', 'Menuiserie', 'Pharmacie', 'Librairie', 'Traiteur',
                     'Imprimerie', 'Fleuriste', 'Brasserie', 'Serrurerie', 'Couverture',
                     'Transports'])[1 + client % 12],
              (ARRAY['Martin', 'Bernard', 'Dubois', 'Thomas', 'Robert', 'Richard', 'Petit', 'Durand',
                     'Leroy', 'Moreau', 'Simon', 'Laurent', 'Lefebvre', 'Michel', 'Garcia', 'David',
                     'Bertrand', 'Roux', 'Vincent'])[1 + client / 12 % 19],
              client) AS name,
       format('compta-%s@debiteur-%s.example', client, t.number) AS email
  FROM tenants t,
       LATERAL generate_series(
           0, greatest(1, {total} / 2 / CASE WHEN t.number = 0 THEN 1 ELSE {small} END / 20) - 1) AS client;
CREATE INDEX ON debtors (tenant, client);
ANALYZE debtors;

INSERT INTO clients (id, organization_id, name, email, search_text, created_at, updated_at)
SELECT id, organization_id, name, email, ' ' || lower(name || ' ' || email), now() - interval '800 days',
       now() - interval '800 days'
  FROM debtors
 ORDER BY client, tenant;
