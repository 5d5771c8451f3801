-- Guessing is slowed down: docs/throttling.md.

-- Refusals in a row, of whatever a counter counts.  Not in accounts and factors: there is more than one for each.
CREATE TABLE throttle (
	counter TEXT NOT NULL,               -- keeper/session/throttle.c has them all
	place INTEGER NOT NULL,              -- account, device, or a number below 65,536
	key BLOB NOT NULL,                   -- which name or address has this place now; '': the account or device
	account_id INTEGER REFERENCES accounts (id) ON DELETE CASCADE, -- NULL: none is concerned, or none exists
	failures INTEGER NOT NULL,
	since_us INTEGER NOT NULL,           -- from when on failures are forgotten, where they are
	blocked_until_us INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (counter, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX throttle_account ON throttle (account_id);

-- Browsers that have signed in to an account.
CREATE TABLE devices (
	id INTEGER PRIMARY KEY,
	token_hash BLOB NOT NULL,            -- SHA-256; one browser may know several accounts
	account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	created_at_us INTEGER NOT NULL,
	seen_at_us INTEGER NOT NULL,
	UNIQUE (token_hash, account_id)
) STRICT;
CREATE INDEX devices_account ON devices (account_id, seen_at_us);
CREATE INDEX devices_seen ON devices (seen_at_us);

ALTER TABLE accounts DROP COLUMN failures;
ALTER TABLE accounts DROP COLUMN blocked_until_us;
ALTER TABLE factors DROP COLUMN failures;
ALTER TABLE factors DROP COLUMN blocked_until_us;

-- Tries that were refused since the last full sign-in; and, of a session, how many that were when it began.
ALTER TABLE accounts ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
