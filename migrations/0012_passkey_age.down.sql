-- The older schema does not know the user.id of imported passkeys.  Codes work again where they were switched off.
UPDATE accounts SET codes_off = 0 WHERE codes_off <> 0 AND id IN (
	SELECT f.account_id FROM factors f JOIN passkeys p ON p.factor_id = f.id WHERE p.imported <> 0);
DELETE FROM factors WHERE id IN (SELECT factor_id FROM passkeys WHERE imported <> 0);
DELETE FROM passkeys WHERE imported <> 0;
DROP INDEX passkeys_removed_account;
ALTER TABLE passkeys_removed DROP COLUMN account_id;
ALTER TABLE passkeys DROP COLUMN user_handle;
ALTER TABLE passkeys DROP COLUMN imported;
ALTER TABLE sessions DROP COLUMN passkey_at_us;
