-- `sub` of this account for applications: a random UUID (RFC 9562, version 4).  '': given at its first use, as for accounts
-- that a node of an earlier release makes.  docs/develop/openid-connect.md.
ALTER TABLE accounts ADD COLUMN subject TEXT NOT NULL DEFAULT '';
UPDATE accounts SET subject = gen_random_uuid()::text;
CREATE UNIQUE INDEX accounts_subject ON accounts (subject) WHERE subject <> '';
