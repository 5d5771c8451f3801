DROP INDEX accounts_subject;
