-- Applications behind a reverse proxy: docs/gate.md.

-- What they are told of a person, and what rules ask for.
ALTER TABLE accounts ADD COLUMN email TEXT NOT NULL DEFAULT '';       -- '': none
ALTER TABLE accounts ADD COLUMN group_names TEXT NOT NULL DEFAULT ''; -- 'admins,staff': sorted, each once

-- When a session that has proved the password only was last let in somewhere; 0: never.
ALTER TABLE sessions ADD COLUMN gated_at_us INTEGER NOT NULL DEFAULT 0;

-- On the way to another domain than that of PUBLIC_URL: for one use, within 30 seconds.
CREATE TABLE gate_tickets (
	id INTEGER PRIMARY KEY,
	ticket_hash BLOB NOT NULL UNIQUE,    -- SHA-256
	session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
	url TEXT NOT NULL,                   -- where it leads
	expires_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX gate_tickets_session ON gate_tickets (session_id);
CREATE INDEX gate_tickets_expires ON gate_tickets (expires_at_us);
