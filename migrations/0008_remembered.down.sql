ALTER TABLE audit DROP COLUMN browser;
ALTER TABLE accounts DROP COLUMN alarm_from_us;
ALTER TABLE sessions DROP COLUMN remembered;
