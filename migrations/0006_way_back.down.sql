ALTER TABLE sessions DROP COLUMN way_back;
