-- A random UUID (RFC 9562, version 4) for each account: docs/develop/openid-connect.md.
UPDATE accounts SET subject = gen_random_uuid()::text;
CREATE UNIQUE INDEX accounts_subject ON accounts (subject) WHERE subject <> '';
