-- `sub` of this account for applications: a random UUID (RFC 9562, version 4).  '': given at its first use, as for accounts
-- that a node of an earlier release makes.  docs/develop/openid-connect.md.
ALTER TABLE accounts ADD COLUMN subject TEXT NOT NULL DEFAULT '';
UPDATE accounts SET subject = (
	SELECT lower(substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-4' || substr(h, 14, 3) || '-'
	             || substr('89ab', 1 + (unicode(substr(h, 17, 1)) & 3), 1) || substr(h, 18, 3) || '-' || substr(h, 21, 12))
	FROM (SELECT hex(randomblob(16)) AS h, accounts.id AS for_each));
CREATE UNIQUE INDEX accounts_subject ON accounts (subject) WHERE subject <> '';
