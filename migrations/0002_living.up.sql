-- What a person and an administrator need beside the sign-in: several authenticators, recovery codes, one-time links, preferences.

ALTER TABLE accounts ADD COLUMN display_name TEXT NOT NULL DEFAULT ''; -- '': the user name
ALTER TABLE accounts ADD COLUMN language TEXT NOT NULL DEFAULT '' CHECK (language IN ('', 'fr', 'en')); -- '': as the browser asks
ALTER TABLE accounts ADD COLUMN time_format TEXT NOT NULL DEFAULT '' CHECK (time_format IN ('', '24', '12', 'iso')); -- '': the language's
ALTER TABLE accounts ADD COLUMN password_changed_at_us INTEGER NOT NULL DEFAULT 0; -- 0: since the account was made

-- The second factor was proved by a recovery code; 0: not so.
ALTER TABLE sessions ADD COLUMN recovered_at_us INTEGER NOT NULL DEFAULT 0;

-- A code that was refused and fits a clock that is off: at which step, and how many steps from the right one.
ALTER TABLE sessions ADD COLUMN clock_step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN clock_drift INTEGER NOT NULL DEFAULT 0;

-- An account may have several; imported ones may count otherwise than ours do.
CREATE TABLE factors_new (
	id INTEGER PRIMARY KEY,              -- random: it is part of what the secret is sealed to
	account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	kind TEXT NOT NULL CHECK (kind = 'totp'),
	name TEXT NOT NULL DEFAULT '',       -- as the person calls it; '': the pages number it
	secret_sealed BLOB NOT NULL,
	algorithm TEXT NOT NULL DEFAULT 'SHA1' CHECK (algorithm IN ('SHA1', 'SHA256', 'SHA512')),
	digits INTEGER NOT NULL DEFAULT 6 CHECK (digits BETWEEN 6 AND 8),
	period_s INTEGER NOT NULL DEFAULT 30 CHECK (period_s BETWEEN 15 AND 300),
	last_step INTEGER NOT NULL DEFAULT 0, -- the newest step that was spent
	created_at_us INTEGER NOT NULL,
	confirmed_at_us INTEGER,             -- NULL: being enrolled
	last_used_at_us INTEGER NOT NULL DEFAULT 0,
	session_id INTEGER REFERENCES sessions (id) ON DELETE CASCADE, -- while being enrolled: by this session only
	expires_at_us INTEGER,               -- while being enrolled
	replaces_id INTEGER NOT NULL DEFAULT 0, -- while being enrolled: the factor that goes when this one is confirmed
	failures INTEGER NOT NULL DEFAULT 0, -- consecutive wrong codes
	blocked_until_us INTEGER NOT NULL DEFAULT 0,
	disabled_at_us INTEGER,
	CHECK ((confirmed_at_us IS NULL) = (session_id IS NOT NULL)),
	CHECK ((session_id IS NULL) = (expires_at_us IS NULL))
) STRICT;
INSERT INTO factors_new (id, account_id, kind, secret_sealed, algorithm, digits, period_s, last_step, created_at_us,
                         confirmed_at_us, session_id, expires_at_us, failures, blocked_until_us, disabled_at_us)
SELECT id, account_id, kind, secret_sealed, algorithm, digits, period_s, last_step, created_at_us,
       confirmed_at_us, session_id, expires_at_us, failures, blocked_until_us, disabled_at_us FROM factors;
DROP TABLE factors;
ALTER TABLE factors_new RENAME TO factors;
CREATE INDEX factors_account ON factors (account_id);
CREATE UNIQUE INDEX factors_session ON factors (session_id);
CREATE INDEX factors_expires ON factors (expires_at_us);

-- Ten at a time.  New ones kill the old by deleting them.
CREATE TABLE recovery_codes (
	id INTEGER PRIMARY KEY,
	account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	code_hash BLOB NOT NULL,             -- keyed, with the account in it; the code itself is nowhere here
	created_at_us INTEGER NOT NULL,
	spent_at_us INTEGER,                 -- NULL: may still be used
	UNIQUE (account_id, code_hash)
) STRICT;

-- One-time links that the administrator hands out.
CREATE TABLE links (
	id INTEGER PRIMARY KEY,
	token_hash BLOB NOT NULL UNIQUE,     -- SHA-256; the token itself is nowhere here
	kind TEXT NOT NULL CHECK (kind IN ('setup', 'password', 'invite')),
	account_id INTEGER REFERENCES accounts (id) ON DELETE CASCADE, -- NULL: an invitation
	created_at_us INTEGER NOT NULL,
	expires_at_us INTEGER NOT NULL,
	used_at_us INTEGER,                  -- NULL: not yet
	CHECK ((kind = 'invite') = (account_id IS NULL))
) STRICT;
CREATE INDEX links_account ON links (account_id);
CREATE INDEX links_expires ON links (expires_at_us);
