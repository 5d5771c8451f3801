DROP INDEX accounts_subject;
ALTER TABLE accounts DROP COLUMN subject;
