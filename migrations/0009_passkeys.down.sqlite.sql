-- The older schema has no passkeys.
DELETE FROM factors WHERE kind <> 'totp';
ALTER TABLE sessions DROP COLUMN user_verified_at_us;
ALTER TABLE accounts DROP COLUMN code_sign_in_at_us;
ALTER TABLE accounts DROP COLUMN codes_off;
ALTER TABLE accounts DROP COLUMN user_handle;
DROP TABLE passkeys_removed;
DROP TABLE passkeys;
CREATE TABLE factors_old (
	id INTEGER PRIMARY KEY,
	account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	kind TEXT NOT NULL CHECK (kind = 'totp'),
	name TEXT NOT NULL DEFAULT '',
	secret_sealed BLOB NOT NULL,
	algorithm TEXT NOT NULL DEFAULT 'SHA1' CHECK (algorithm IN ('SHA1', 'SHA256', 'SHA512')),
	digits INTEGER NOT NULL DEFAULT 6 CHECK (digits BETWEEN 6 AND 8),
	period_s INTEGER NOT NULL DEFAULT 30 CHECK (period_s BETWEEN 15 AND 300),
	last_step INTEGER NOT NULL DEFAULT 0,
	created_at_us INTEGER NOT NULL,
	confirmed_at_us INTEGER,
	last_used_at_us INTEGER NOT NULL DEFAULT 0,
	session_id INTEGER REFERENCES sessions (id) ON DELETE CASCADE,
	expires_at_us INTEGER,
	replaces_id INTEGER NOT NULL DEFAULT 0,
	disabled_at_us INTEGER,
	CHECK ((confirmed_at_us IS NULL) = (session_id IS NOT NULL)),
	CHECK ((session_id IS NULL) = (expires_at_us IS NULL))
) STRICT;
INSERT INTO factors_old (id, account_id, kind, name, secret_sealed, algorithm, digits, period_s, last_step, created_at_us,
                         confirmed_at_us, last_used_at_us, session_id, expires_at_us, replaces_id, disabled_at_us)
SELECT id, account_id, kind, name, secret_sealed, algorithm, digits, period_s, last_step, created_at_us,
       confirmed_at_us, last_used_at_us, session_id, expires_at_us, replaces_id, disabled_at_us FROM factors;
DROP TABLE factors;
ALTER TABLE factors_old RENAME TO factors;
CREATE INDEX factors_account ON factors (account_id);
CREATE UNIQUE INDEX factors_session ON factors (session_id);
CREATE INDEX factors_expires ON factors (expires_at_us);
