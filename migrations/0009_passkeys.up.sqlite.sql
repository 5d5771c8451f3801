-- Passkeys: docs/develop/passkeys.md.

-- factors.kind and factors.digits were limited to those of TOTP.  SQLite cannot change a CHECK.
CREATE TABLE factors_new (
	id INTEGER PRIMARY KEY,              -- random: the secret is sealed to it
	account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	kind TEXT NOT NULL,                  -- keeper/core/factor_kind.h
	name TEXT NOT NULL DEFAULT '',       -- given by the user; '': the pages number it
	secret_sealed BLOB NOT NULL,
	algorithm TEXT NOT NULL DEFAULT 'SHA1' CHECK (algorithm IN ('SHA1', 'SHA256', 'SHA512')),
	digits INTEGER NOT NULL DEFAULT 6,   -- of its codes; 0: it has no codes
	period_s INTEGER NOT NULL DEFAULT 30 CHECK (period_s BETWEEN 15 AND 300),
	last_step INTEGER NOT NULL DEFAULT 0, -- the newest used step
	created_at_us INTEGER NOT NULL,
	confirmed_at_us INTEGER,             -- NULL: being enrolled
	last_used_at_us INTEGER NOT NULL DEFAULT 0,
	session_id INTEGER REFERENCES sessions (id) ON DELETE CASCADE, -- while being enrolled: by this session only
	expires_at_us INTEGER,               -- while being enrolled
	replaces_id INTEGER NOT NULL DEFAULT 0, -- while being enrolled: the factor that it replaces
	disabled_at_us INTEGER,
	CHECK ((confirmed_at_us IS NULL) = (session_id IS NOT NULL)),
	CHECK ((session_id IS NULL) = (expires_at_us IS NULL))
) STRICT;
INSERT INTO factors_new (id, account_id, kind, name, secret_sealed, algorithm, digits, period_s, last_step, created_at_us,
                         confirmed_at_us, last_used_at_us, session_id, expires_at_us, replaces_id, disabled_at_us)
SELECT id, account_id, kind, name, secret_sealed, algorithm, digits, period_s, last_step, created_at_us,
       confirmed_at_us, last_used_at_us, session_id, expires_at_us, replaces_id, disabled_at_us FROM factors;
DROP TABLE factors;
ALTER TABLE factors_new RENAME TO factors;
CREATE INDEX factors_account ON factors (account_id);
CREATE UNIQUE INDEX factors_session ON factors (session_id);
CREATE INDEX factors_expires ON factors (expires_at_us);

-- What a passkey has besides its row in factors, whose secret_sealed is its public key: docs/develop/passkeys.md.
CREATE TABLE passkeys (
	factor_id INTEGER PRIMARY KEY REFERENCES factors (id) ON DELETE CASCADE,
	credential_id BLOB NOT NULL UNIQUE,  -- chosen by the authenticator: 1 to 1,023 bytes
	rp_id TEXT NOT NULL,                 -- the host that it was made for
	sign_count INTEGER NOT NULL,         -- the largest one seen; 0: the authenticator may have none
	uv_initialized INTEGER NOT NULL,     -- 1: with user verification it opens an account alone
	backup_eligible INTEGER NOT NULL,    -- 1: it may be synced to other devices; stays 1
	backed_up INTEGER NOT NULL,          -- 1: it was synced at its last use
	transports TEXT NOT NULL,            -- how the browser reaches it: "internal,hybrid"; ''; untrusted
	aaguid BLOB NOT NULL,                -- model of the authenticator, 16 bytes; unproved
	last_challenge_us INTEGER NOT NULL   -- time in the newest challenge that it answered; older ones are refused
) STRICT;

-- Passkeys that this server removed, so that it may tell a browser to forget them.
CREATE TABLE passkeys_removed (
	id INTEGER PRIMARY KEY,
	credential_hash BLOB NOT NULL UNIQUE, -- SHA-256 of the credential id
	removed_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX passkeys_removed_at ON passkeys_removed (removed_at_us);

-- user.id of all passkeys of this account: 64 random bytes.  NULL: it has never had one.
ALTER TABLE accounts ADD COLUMN user_handle BLOB;
-- 1: the user switched codes off; passkeys and recovery codes remain.
ALTER TABLE accounts ADD COLUMN codes_off INTEGER NOT NULL DEFAULT 0;
-- When a code last completed a sign-in although the account had a passkey; 0: never, or shown since.
ALTER TABLE accounts ADD COLUMN code_sign_in_at_us INTEGER NOT NULL DEFAULT 0;

-- When a device last verified its user (PIN, fingerprint) for this session; 0: never.
ALTER TABLE sessions ADD COLUMN user_verified_at_us INTEGER NOT NULL DEFAULT 0;
