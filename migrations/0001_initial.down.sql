DROP TABLE audit;
DROP TABLE keys;
DROP TABLE factors;
DROP TABLE sessions;
DROP TABLE accounts;
