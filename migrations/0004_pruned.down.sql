DROP INDEX throttle_nothing;
