"""A request with a session over HTTP, with and without web's cache: PostgreSQL compared with SQLite.

The sessions belong to an account that has not enrolled yet.  The answer is a redirect of a few bytes, so the check is
most of the work.  Without the cache: 60,000 sessions in turn, more than one lifetime of a cache entry needs.
"""

import contextlib
import hashlib
import sqlite3
import time

from bench.testbed import get
from bench.measure import rates
from bench.fixtures import raw, token
from harness.postgres import Postgres
from harness.visitor import Visitor

SESSIONS, CONNECTIONS = 60_000, 8
COLUMNS = "INSERT INTO sessions (id, token_hash, account_id, created_at_us, seen_at_us, password_at_us, address, agent) VALUES "


def rows_of(account):
    now = int(time.time() * 1e6)
    for number in range(SESSIONS):
        yield number + 1, hashlib.sha256(raw(number)).digest(), account, now, now, now


def fill(server):
    """Create one account, and insert many sessions directly into the database."""
    Visitor(server, name="many.browsers").register()
    (account,), = server.sql("SELECT id FROM accounts WHERE name = ?", "many.browsers")
    if server.on_postgres():
        import psycopg2
        from psycopg2.extras import execute_values

        with psycopg2.connect(server.database_url) as connection, connection.cursor() as cursor:
            execute_values(cursor, COLUMNS + "%s", [(*row, "", "") for row in rows_of(account)], page_size=1000)
            cursor.execute("ANALYZE")
    else:
        with contextlib.closing(sqlite3.connect(server.database())) as db, db:
            db.executemany(COLUMNS + "(?, ?, ?, ?, ?, ?, '', '')", rows_of(account))


def comparisons(testbed):
    cluster = Postgres().start()
    testbed.callback(cluster.end)
    servers = {"postgres": testbed.server("postgres", DATABASE_URL=cluster.new_database("bench")), "sqlite": testbed.server("sqlite")}
    for server in servers.values():
        fill(server)
    for name, n, target in (("cached", 1, 0.9), ("not cached", SESSIONS, 0.25)):
        asked = tuple(get("/", cookie=f"__Host-doubletour={token(number)}") for number in range(n))
        yield rates(f"check, {name}: PostgreSQL", "SQLite", *(testbed.rate(servers[on].port, *asked, connections=CONNECTIONS) for on in ("postgres", "sqlite")), target)
