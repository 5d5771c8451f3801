-- When a passkey last answered, whose a removed one was, and passkeys of other servers: docs/develop/passkeys.md.

-- When a passkey last answered for this session; 0: never.  A code renews factor_at_us, not this.
ALTER TABLE sessions ADD COLUMN passkey_at_us INTEGER NOT NULL DEFAULT 0;

-- Whose it was; the account may be gone.  0: unknown, removed before this migration or by a node of an earlier release.
ALTER TABLE passkeys_removed ADD COLUMN account_id INTEGER NOT NULL DEFAULT 0;
CREATE INDEX passkeys_removed_account ON passkeys_removed (account_id, removed_at_us);

-- 1: another server made it, so its user.id is not that of the account.
ALTER TABLE passkeys ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;
-- Of an imported passkey: its user.id.  NULL: it has not answered after the password yet.
ALTER TABLE passkeys ADD COLUMN user_handle BLOB;
