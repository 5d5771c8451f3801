DROP TABLE gate_tickets;
ALTER TABLE sessions DROP COLUMN gated_at_us;
ALTER TABLE accounts DROP COLUMN group_names;
ALTER TABLE accounts DROP COLUMN email;
