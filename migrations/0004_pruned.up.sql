-- What has expired is deleted in small batches, each found by an index: keeper/purge.c.

CREATE INDEX throttle_nothing ON throttle (counter, place) WHERE failures = 0;
