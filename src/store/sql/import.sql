-- Queries of imports.

-- name: import_account
-- Zero rows: an account with this name exists and stays unchanged.
INSERT INTO accounts (id, name, display_name, password_hash, created_at_us, disabled_at_us, email, group_names)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name) DO NOTHING;

-- name: import_name_closed
-- A closed or renamed account had the name, and no account has it now.
-- row: account_id int
SELECT account_id FROM closed_names WHERE name = $1 AND NOT EXISTS (SELECT 1 FROM accounts WHERE name = $1);

-- name: import_factor
INSERT INTO factors (id, account_id, kind, secret_sealed, algorithm, digits, period_s, created_at_us, confirmed_at_us)
VALUES ($1, $2, $8, $3, $4, $5, $6, $7, $7);

-- name: import_factorless
-- Returns the account if it has no confirmed authenticator.
-- row: id int
SELECT id FROM accounts
WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM factors WHERE account_id = $1 AND confirmed_at_us IS NOT NULL);

-- name: import_passkey_owner
-- row: name text
SELECT a.name FROM passkeys p JOIN factors f ON f.id = p.factor_id JOIN accounts a ON a.id = f.account_id
WHERE p.credential_id = $1;

-- name: import_passkey_factor
INSERT INTO factors (id, account_id, kind, name, secret_sealed, digits, created_at_us, confirmed_at_us)
VALUES ($1, $2, $6, $3, $4, 0, $5, $5);

-- name: import_passkey
-- Zero rows: some account has this credential. It opens nothing alone: no answer with user verification was seen here.
INSERT INTO passkeys (factor_id, credential_id, rp_id, sign_count, uv_initialized, backup_eligible, backed_up,
                      transports, aaguid, last_challenge_us, imported)
VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, 0, 1) ON CONFLICT (credential_id) DO NOTHING;
