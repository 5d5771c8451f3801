-- Accounts, sessions, factors, keys, audit.  Times are microseconds since 1970, UTC; ids are random.

CREATE TABLE accounts (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,           -- folded: see keeper/core/accounts.c
	password_hash TEXT NOT NULL,         -- $argon2id$... or $2b$...
	created_at_us INTEGER NOT NULL,
	last_sign_in_at_us INTEGER NOT NULL DEFAULT 0, -- the last with every factor proved
	failures INTEGER NOT NULL DEFAULT 0, -- consecutive wrong passwords
	blocked_until_us INTEGER NOT NULL DEFAULT 0,
	disabled_at_us INTEGER
) STRICT;

CREATE TABLE sessions (
	id INTEGER PRIMARY KEY,              -- stays the same while tokens change
	token_hash BLOB NOT NULL UNIQUE,     -- SHA-256; the token itself is nowhere here
	account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	created_at_us INTEGER NOT NULL,
	seen_at_us INTEGER NOT NULL,         -- written at most once a minute
	password_at_us INTEGER NOT NULL,     -- when the password was proved
	factor_at_us INTEGER NOT NULL DEFAULT 0, -- when the factor was proved; 0: not yet
	factor_id INTEGER,                   -- which one; no reference: another factor proves nothing for this one
	previous_sign_in_at_us INTEGER NOT NULL DEFAULT 0, -- of the account, before this session
	address TEXT NOT NULL,
	agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_created ON sessions (created_at_us);
CREATE INDEX sessions_seen ON sessions (seen_at_us);
CREATE INDEX sessions_unproved ON sessions (password_at_us) WHERE factor_at_us = 0;

CREATE TABLE factors (
	id INTEGER PRIMARY KEY,              -- random: it is part of what the secret is sealed to
	account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	kind TEXT NOT NULL CHECK (kind = 'totp'),
	secret_sealed BLOB NOT NULL,
	algorithm TEXT NOT NULL DEFAULT 'SHA1' CHECK (algorithm = 'SHA1'),
	digits INTEGER NOT NULL DEFAULT 6 CHECK (digits = 6),
	period_s INTEGER NOT NULL DEFAULT 30 CHECK (period_s = 30),
	last_step INTEGER NOT NULL DEFAULT 0, -- the newest step that was spent
	created_at_us INTEGER NOT NULL,
	confirmed_at_us INTEGER,             -- NULL: being enrolled
	session_id INTEGER REFERENCES sessions (id) ON DELETE CASCADE, -- while being enrolled: by this session only
	expires_at_us INTEGER,               -- while being enrolled
	failures INTEGER NOT NULL DEFAULT 0, -- consecutive wrong codes
	blocked_until_us INTEGER NOT NULL DEFAULT 0,
	disabled_at_us INTEGER,
	CHECK ((confirmed_at_us IS NULL) = (session_id IS NOT NULL)),
	CHECK ((session_id IS NULL) = (expires_at_us IS NULL))
) STRICT;
CREATE INDEX factors_account ON factors (account_id);
CREATE UNIQUE INDEX factors_active ON factors (account_id) WHERE confirmed_at_us IS NOT NULL AND disabled_at_us IS NULL;
CREATE UNIQUE INDEX factors_session ON factors (session_id);
CREATE INDEX factors_expires ON factors (expires_at_us);

-- Which master keys have sealed something here, each with a sealed text that only it opens.
CREATE TABLE keys (
	key_id BLOB PRIMARY KEY,
	created_at_us INTEGER NOT NULL,
	sealed_check BLOB NOT NULL
) STRICT;

CREATE TABLE audit (
	id INTEGER PRIMARY KEY,
	at_us INTEGER NOT NULL,
	event TEXT NOT NULL,                 -- keeper/core/audit.c has them all
	outcome TEXT NOT NULL,
	reason TEXT NOT NULL,
	account_id INTEGER,                  -- no reference: it outlives the account
	subject_hash BLOB,                   -- keyed hash of a name that no account has
	address TEXT NOT NULL,
	agent TEXT NOT NULL,
	request_id TEXT NOT NULL
) STRICT;
CREATE INDEX audit_account ON audit (account_id, at_us);
CREATE INDEX audit_at ON audit (at_us);
