-- Sessions that stay signed in, and the notice about failed attempts: docs/explain/sessions.md, docs/explain/alarms.md.

-- The user chose to stay signed in: keeper/core/session_state.c decides for how long.
ALTER TABLE sessions ADD COLUMN remembered INTEGER NOT NULL DEFAULT 0;

-- Failed attempts up to this time need no notice: dismissed, or older than a sign-in without a notice.  0: not known yet.
ALTER TABLE accounts ADD COLUMN alarm_from_us INTEGER NOT NULL DEFAULT 0;

-- Keyed hash of the browser: of a failed attempt, and of the code that completed a sign-in.  NULL: not known.
ALTER TABLE audit ADD COLUMN browser INTEGER;
