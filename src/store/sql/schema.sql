-- The schema's own history: what store/migrate.c asks, before any other query can be prepared.

-- name: schema_is_recorded
-- dialect: sqlite
-- Is there a history at all?
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
