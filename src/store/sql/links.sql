-- name: link_insert
INSERT INTO links (id, token_hash, kind, account_id, created_at_us, expires_at_us) VALUES ($1, $2, $3, $4, $5, $6);

-- name: link_find
-- The link's purpose and account, if it can still be used.
-- row: kind text, account_id int?, name text?, expires_at_us int, enrolled bool
SELECT l.kind, l.account_id, a.name, l.expires_at_us,
	EXISTS (SELECT 1 FROM factors f WHERE f.account_id = a.id AND f.confirmed_at_us IS NOT NULL) AS enrolled
FROM links l LEFT JOIN accounts a ON a.id = l.account_id
WHERE l.token_hash = $1 AND l.used_at_us IS NULL AND l.expires_at_us > $2
	AND l.created_at_us <= $2 + 300000000 -- reject links created while the clock was far ahead
	AND (a.id IS NULL OR a.disabled_at_us IS NULL);

-- name: link_use
-- One row: the link was valid and is now used.
UPDATE links SET used_at_us = $1 WHERE token_hash = $2 AND kind = $3 AND used_at_us IS NULL AND expires_at_us > $1
	AND created_at_us <= $1 + 300000000;

-- name: link_delete_of_account
DELETE FROM links WHERE account_id = $1;

-- name: link_purge
DELETE FROM links WHERE id IN (SELECT id FROM links WHERE expires_at_us <= $1 LIMIT $2);
