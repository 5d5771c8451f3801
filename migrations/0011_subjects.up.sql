-- `sub` of this account for applications: a random UUID (RFC 9562, version 4).  '': given at its first use, as for new
-- accounts.  docs/develop/openid-connect.md.

-- The earlier form also wrote a UUID into each account, in one transaction.
-- former: 6b1dc14ea74685b74689bda3862c0e63752947b4a5757e2f0c27103149ae031d
ALTER TABLE accounts ADD COLUMN subject TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX accounts_subject ON accounts (subject) WHERE subject <> '';
