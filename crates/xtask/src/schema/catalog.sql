-- What the migrations made, as one JSON document: the native enums, and each table with its columns in
-- their order, its primary key, and its foreign keys of a single column.
WITH tables AS (
    SELECT c.oid, c.relname AS name
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public'
      AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition
      AND c.relname <> '__diesel_schema_migrations'
),
columns AS (
    SELECT
        a.attrelid AS table_oid,
        json_agg(
            json_build_object(
                'name', a.attname,
                'type', t.typname,
                'nullable', NOT a.attnotnull,
                'enumeration', t.typtype = 'e'
            )
            ORDER BY a.attnum
        ) AS list
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid IN (SELECT oid FROM tables) AND a.attnum > 0 AND NOT a.attisdropped
    GROUP BY a.attrelid
),
primary_keys AS (
    SELECT k.conrelid AS table_oid, json_agg(a.attname ORDER BY position.ordinality) AS list
    FROM pg_constraint k
    CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS position (attnum, ordinality)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = position.attnum
    WHERE k.contype = 'p' AND k.conrelid IN (SELECT oid FROM tables)
    GROUP BY k.conrelid
),
foreign_keys AS (
    SELECT
        k.conrelid AS table_oid,
        json_agg(json_build_object('column', a.attname, 'target', target.name) ORDER BY target.name, a.attname) AS list
    FROM pg_constraint k
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    JOIN tables target ON target.oid = k.confrelid
    WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 AND k.conrelid IN (SELECT oid FROM tables)
    GROUP BY k.conrelid
)
SELECT json_build_object(
    'enumerations', (
        SELECT coalesce(json_agg(t.typname ORDER BY t.typname COLLATE "C"), '[]')
        FROM pg_type t
        JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE n.nspname = 'public' AND t.typtype = 'e'
    ),
    'tables', (
        SELECT coalesce(
            json_agg(
                json_build_object(
                    'name', tables.name,
                    'columns', columns.list,
                    'primary_key', coalesce(primary_keys.list, '[]'),
                    'foreign_keys', coalesce(foreign_keys.list, '[]')
                )
                ORDER BY tables.name COLLATE "C"
            ),
            '[]'
        )
        FROM tables
        JOIN columns ON columns.table_oid = tables.oid
        LEFT JOIN primary_keys ON primary_keys.table_oid = tables.oid
        LEFT JOIN foreign_keys ON foreign_keys.table_oid = tables.oid
    )
);
