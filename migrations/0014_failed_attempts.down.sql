DROP INDEX audit_failed;
