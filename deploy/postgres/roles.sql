-- The two roles of a deployment. Run it with psql as a superuser, against the database; it can be run again:
--
--   RUBIS_OWNER_PASSWORD=… RUBIS_PROGRAM_PASSWORD=… psql --dbname rubis --file deploy/postgres/roles.sql
--
-- rubis_owner owns the database and its schema: `rubis-api migrate` signs in as it. rubis_program owns nothing:
-- rubis-api and rubis-worker sign in as it, and `rubis-api migrate` grants it the rows of every table.

\set ON_ERROR_STOP on
\getenv owner_password RUBIS_OWNER_PASSWORD
\getenv program_password RUBIS_PROGRAM_PASSWORD

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['rubis_owner', 'rubis_program']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE rubis_owner NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
ALTER ROLE rubis_program NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'program_password';

-- The programs recognise some failures, such as a lock timeout, by their English messages.
ALTER ROLE rubis_program SET lc_messages = 'C';

SELECT format('ALTER DATABASE %I OWNER TO rubis_owner', current_database())
\gexec
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- Objects of a database from before the roles, unless they belong to an extension or to a column.
SELECT format('ALTER %s %I.%I OWNER TO rubis_owner',
              CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, 'public', c.relname)
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
  AND c.relowner <> 'rubis_owner'::regrole
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'e', 'i'))
UNION ALL
SELECT format('ALTER TYPE %I.%I OWNER TO rubis_owner', 'public', t.typname)
FROM pg_type t
WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('d', 'e') AND t.typowner <> 'rubis_owner'::regrole
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
UNION ALL
SELECT format('ALTER ROUTINE %s OWNER TO rubis_owner', p.oid::regprocedure)
FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND p.proowner <> 'rubis_owner'::regrole
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
\gexec
