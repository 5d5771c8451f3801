-- Where somebody who is on their way in is led when they are through: a path of ours; '': home.
ALTER TABLE sessions ADD COLUMN way_back TEXT NOT NULL DEFAULT '';
