-- What has expired is deleted in small batches, each found by an index: keeper/ops/purge.c.

CREATE INDEX throttle_nothing ON throttle (counter, place) WHERE failures = 0;
