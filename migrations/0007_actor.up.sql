-- Who acted: 'person', 'system', or 'command:' with who typed it (keeper/core/audit.h).  NULL: written before there was this column,
-- or by a node of a version that does not know it.
ALTER TABLE audit ADD COLUMN actor TEXT;
