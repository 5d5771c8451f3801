-- What the older schema cannot hold is let go: recovery codes, links, all but an account's first authenticator.
DROP TABLE links;
DROP TABLE recovery_codes;

CREATE TABLE factors_old (
	id INTEGER PRIMARY KEY,
	account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	kind TEXT NOT NULL CHECK (kind = 'totp'),
	secret_sealed BLOB NOT NULL,
	algorithm TEXT NOT NULL DEFAULT 'SHA1' CHECK (algorithm = 'SHA1'),
	digits INTEGER NOT NULL DEFAULT 6 CHECK (digits = 6),
	period_s INTEGER NOT NULL DEFAULT 30 CHECK (period_s = 30),
	last_step INTEGER NOT NULL DEFAULT 0,
	created_at_us INTEGER NOT NULL,
	confirmed_at_us INTEGER,
	session_id INTEGER REFERENCES sessions (id) ON DELETE CASCADE,
	expires_at_us INTEGER,
	failures INTEGER NOT NULL DEFAULT 0,
	blocked_until_us INTEGER NOT NULL DEFAULT 0,
	disabled_at_us INTEGER,
	CHECK ((confirmed_at_us IS NULL) = (session_id IS NOT NULL)),
	CHECK ((session_id IS NULL) = (expires_at_us IS NULL))
) STRICT;
INSERT INTO factors_old (id, account_id, kind, secret_sealed, last_step, created_at_us, confirmed_at_us, failures, blocked_until_us)
SELECT id, account_id, kind, secret_sealed, last_step, created_at_us, confirmed_at_us, failures, blocked_until_us FROM factors
WHERE confirmed_at_us IS NOT NULL AND disabled_at_us IS NULL AND algorithm = 'SHA1' AND digits = 6 AND period_s = 30
	AND NOT EXISTS (
		SELECT 1 FROM factors earlier
		WHERE earlier.account_id = factors.account_id AND earlier.confirmed_at_us IS NOT NULL AND earlier.disabled_at_us IS NULL
			AND earlier.algorithm = 'SHA1' AND earlier.digits = 6 AND earlier.period_s = 30
			AND (earlier.created_at_us < factors.created_at_us
				OR (earlier.created_at_us = factors.created_at_us AND earlier.id < factors.id)));
DROP TABLE factors;
ALTER TABLE factors_old RENAME TO factors;
CREATE INDEX factors_account ON factors (account_id);
CREATE UNIQUE INDEX factors_active ON factors (account_id) WHERE confirmed_at_us IS NOT NULL AND disabled_at_us IS NULL;
CREATE UNIQUE INDEX factors_session ON factors (session_id);
CREATE INDEX factors_expires ON factors (expires_at_us);

ALTER TABLE sessions DROP COLUMN clock_drift;
ALTER TABLE sessions DROP COLUMN clock_step;
ALTER TABLE sessions DROP COLUMN recovered_at_us;
ALTER TABLE accounts DROP COLUMN password_changed_at_us;
ALTER TABLE accounts DROP COLUMN time_format;
ALTER TABLE accounts DROP COLUMN language;
ALTER TABLE accounts DROP COLUMN display_name;
