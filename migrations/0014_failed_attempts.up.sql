-- Failed attempts at an account: docs/explain/alarms.md.  Finds them without reading the account's other entries.  Few
-- entries are failed attempts, so the index is small, and making it takes little more than reading the table once.
-- SQLite compares with the list only if the outcome fits: the list alone takes five times as long.
CREATE INDEX audit_failed ON audit (account_id, at_us)
WHERE outcome = 'refused' AND event IN ('signin.refused', 'prove.refused', 'password.refused', 'passkey.refused');
