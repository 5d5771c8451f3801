-- name: account_insert
-- The UNIQUE name decides who gets it.
INSERT INTO accounts (id, name, password_hash, created_at_us) VALUES ($1, $2, $3, $4);

-- name: account_by_name
SELECT id, password_hash, disabled_at_us IS NOT NULL FROM accounts WHERE name = $1;

-- name: account_rehash
-- Only while it is still the hash that the password was proved against.
UPDATE accounts SET password_hash = $1 WHERE id = $2 AND password_hash = $3;

-- name: account_signed_in
UPDATE accounts SET last_sign_in_at_us = $1 WHERE id = $2 AND disabled_at_us IS NULL;

-- name: account_password
SELECT password_hash FROM accounts WHERE id = $1;
