-- Migration history: queries of store/migrate.c, which run before other queries can be prepared.

-- name: schema_is_recorded
-- dialect: sqlite
-- Does the history table exist?
-- row: n int
SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations';

-- name: schema_is_recorded
-- dialect: postgres
-- row: n int
SELECT count(*) AS n FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_migrations';

-- name: schema_begin_record
CREATE TABLE IF NOT EXISTS schema_migrations (
	version INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	checksum TEXT NOT NULL,
	applied_at_us INTEGER NOT NULL
) STRICT;

-- name: schema_version
-- row: version int
SELECT coalesce(max(version), 0) AS version FROM schema_migrations;

-- name: schema_history
-- row: version int, name text, checksum text, applied_at_us int
SELECT version, name, checksum, applied_at_us FROM schema_migrations ORDER BY version;

-- name: schema_record
INSERT INTO schema_migrations (version, name, checksum, applied_at_us) VALUES ($1, $2, $3, $4);

-- name: schema_forget
DELETE FROM schema_migrations WHERE version = $1;

-- name: schema_objects
-- Objects of the schema with their statements. Leaves out objects that SQLite creates under its reserved names. SQL
-- cannot create others under these names, but an edited file can contain any name, and values of any type.
-- unguarded: it changes nothing
-- row: schema_object: kind text, name text, table_name text, statement text
-- dialect: sqlite
SELECT coalesce(CAST(type AS TEXT), '') AS kind, coalesce(CAST(name AS TEXT), '') AS name,
       coalesce(CAST(tbl_name AS TEXT), '') AS table_name, coalesce(CAST(sql AS TEXT), '') AS statement
FROM sqlite_schema
WHERE NOT (
	(type = 'table' AND name IN ('sqlite_sequence', 'sqlite_stat1', 'sqlite_stat2', 'sqlite_stat3', 'sqlite_stat4'))
	OR (type = 'index' AND sql IS NULL AND name GLOB 'sqlite_autoindex_*'));

-- name: schema_objects
-- Without statements. Leaves out objects that belong to another object: objects of an extension, sequences of a column,
-- indexes of a constraint, and partitions of a table with their indexes (docs/guides/many-nodes.md).
-- unguarded: it changes nothing
-- row: schema_object: kind text, name text, table_name text, statement text
-- dialect: postgres
WITH here AS (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()),
     ours AS (SELECT c.oid, c.relname, c.relkind, c.relispartition FROM pg_catalog.pg_class AS c, here
              WHERE c.relnamespace = here.oid)
SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
           WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence' ELSE 'index' END AS kind,
       ours.relname::text AS name, '' AS table_name, '' AS statement
FROM ours WHERE NOT relispartition AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I')
	AND NOT EXISTS (
		SELECT 1 FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = ours.oid
			AND (d.deptype = 'e' OR (ours.relkind = 'S' AND d.deptype IN ('a', 'i'))))
	AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint AS k WHERE k.conindid = ours.oid)
UNION ALL SELECT 'trigger', t.tgname::text, ours.relname::text, ''
FROM ours JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = ours.oid WHERE NOT t.tgisinternal
UNION ALL SELECT 'rule', r.rulename::text, ours.relname::text, ''
FROM ours JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = ours.oid WHERE r.rulename <> '_RETURN'
UNION ALL SELECT 'policy', p.polname::text, ours.relname::text, ''
FROM ours JOIN pg_catalog.pg_policy AS p ON p.polrelid = ours.oid
UNION ALL SELECT 'function', p.proname::text, '', ''
FROM pg_catalog.pg_proc AS p JOIN here ON p.pronamespace = here.oid
WHERE NOT EXISTS (
	SELECT 1 FROM pg_catalog.pg_depend AS d
	WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
UNION ALL SELECT 'function', p.oid::regprocedure::text, '', ''
FROM pg_catalog.pg_proc AS p
WHERE p.oid IN (
	SELECT d.refobjid FROM pg_catalog.pg_depend AS d
	WHERE d.refclassid = 'pg_catalog.pg_proc'::regclass
		AND ((d.classid = 'pg_catalog.pg_constraint'::regclass
				AND d.objid IN (SELECT k.oid FROM pg_catalog.pg_constraint AS k JOIN ours ON k.conrelid = ours.oid))
			OR (d.classid = 'pg_catalog.pg_attrdef'::regclass
				AND d.objid IN (SELECT a.oid FROM pg_catalog.pg_attrdef AS a JOIN ours ON a.adrelid = ours.oid))));

-- name: schema_columns
-- Columns of all tables.
-- unguarded: it changes nothing
-- row: schema_object
-- dialect: sqlite
SELECT 'column' AS kind, m.name || '.' || c.name AS name, m.name AS table_name, '' AS statement
FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c WHERE m.type = 'table' AND m.name NOT GLOB 'sqlite_*';

-- name: schema_columns
-- unguarded: it changes nothing
-- row: schema_object
-- dialect: postgres
SELECT 'column' AS kind, t.relname::text || '.' || a.attname::text AS name, t.relname::text AS table_name, '' AS statement
FROM pg_catalog.pg_class AS t JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid
WHERE t.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())
	AND t.relkind IN ('r', 'p') AND NOT t.relispartition AND a.attnum > 0 AND NOT a.attisdropped;
