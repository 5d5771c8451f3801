-- The older schema has no passkeys.
DELETE FROM factors WHERE kind <> 'totp';
ALTER TABLE sessions DROP COLUMN user_verified_at_us;
ALTER TABLE accounts DROP COLUMN code_sign_in_at_us;
ALTER TABLE accounts DROP COLUMN codes_off;
ALTER TABLE accounts DROP COLUMN user_handle;
DROP TABLE passkeys_removed;
DROP TABLE passkeys;
ALTER TABLE factors ADD CONSTRAINT factors_new_digits_check CHECK (digits BETWEEN 6 AND 8);
ALTER TABLE factors ADD CONSTRAINT factors_new_kind_check CHECK (kind = 'totp');
