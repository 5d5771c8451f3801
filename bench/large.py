#!/usr/bin/python3
"""Measure the effect of ten million rows on session lookups and on the deletion of expired rows.

    bench/large.py [--rows 10000000] [--program build/bench/doubletour] [postgres] [sqlite]

Fills the tables sessions and audit of an empty database with generated rows; half of them are expired.  For a small and
a large table it prints the median of a session lookup and the time of a batch of each purge.  For PostgreSQL it also
measures an audit table that is partitioned by month.  Takes minutes, and some gigabytes below the temporary folder.
"""

import argparse
import hashlib
import os
import pathlib
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tools")]
sys.dont_write_bytecode = True

import compile_sql  # noqa: E402
from harness.postgres import Postgres  # noqa: E402

NOW, DAY = int(time.time() * 1e6), 86_400_000_000
BATCH, LOOKS = 200, 400
QUERIES = {q.name: q.texts for q in compile_sql.read_queries(sorted((ROOT / "src/store/sql").glob("*.sql")))}
PURGES = [("session_purge_idle", NOW - DAY), ("audit_purge", NOW - 200 * DAY)]
# Row n.  Half of the sessions have been idle for two days; the audit covers 400 days.
SESSION = "n, {hash}, (SELECT min(id) FROM accounts), {now} - 3600000000, {now} - (n % 2) * 172800000000, {now} - 3600000000, '192.0.2.1', 'agent'"
AUDIT = "{now} - {spread}, 'signin.passed', 'passed', 'password', n % 100000, '192.0.2.1', 'Mozilla/5.0', 'request'"


class OnPostgres:
    name = "postgres"

    def __init__(self, home):
        import psycopg2

        self.cluster = Postgres(settings=["max_wal_size=4GB", "shared_buffers=256MB"]).start()
        self.url = self.cluster.new_database("large")
        self.connect = lambda: psycopg2.connect(self.url)

    def open(self):
        self.db = self.connect()
        self.db.autocommit = True
        self.cursor = self.db.cursor()
        self.prepared = set()

    def run(self, text):
        self.cursor.execute(text)

    def fill(self, first, last):
        self.run("INSERT INTO sessions (id, token_hash, account_id, created_at_us, seen_at_us, password_at_us, address, agent) SELECT "
                 + SESSION.format(hash="sha256(n::text::bytea)", now=NOW) + f" FROM generate_series({first}, {last}) AS n")
        self.run("INSERT INTO audit (at_us, event, outcome, reason, account_id, address, agent, request_id) SELECT "
                 + AUDIT.format(now=NOW, spread=f"(n * 7919::bigint % 400) * {DAY}") + f" FROM generate_series({first}, {last}) AS n")
        self.run("ANALYZE")

    def sizes(self):
        self.run("SELECT pg_total_relation_size('sessions') / greatest(count(*), 1) FROM sessions")
        sessions = self.cursor.fetchone()[0]
        self.run("SELECT pg_total_relation_size('audit') / greatest(count(*), 1) FROM audit")
        return sessions, self.cursor.fetchone()[0]

    def query(self, name, *values):
        if name not in self.prepared:
            self.run(f"PREPARE {name} AS {QUERIES[name]['postgres']}")
            self.prepared.add(name)
        self.cursor.execute(f"EXECUTE {name} ({', '.join(['%s'] * len(values))})", values)
        return self.cursor.rowcount

    def end(self):
        self.cluster.end()


class OnSqlite:
    name = "sqlite"

    def __init__(self, home):
        self.url = f"sqlite:///{home}/large.sqlite"
        self.path = home / "large.sqlite"

    def open(self):
        self.db = sqlite3.connect(self.path, isolation_level=None)
        self.db.create_function("hash", 1, lambda n: hashlib.sha256(str(n).encode()).digest(), deterministic=True)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):  # the settings of the program
            self.db.execute("PRAGMA " + pragma)

    def fill(self, first, last):
        numbers = f"WITH RECURSIVE s (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) "
        self.db.execute("PRAGMA synchronous=OFF")
        self.db.execute("BEGIN")
        self.db.execute(numbers + "INSERT INTO sessions (id, token_hash, account_id, created_at_us, seen_at_us, password_at_us, address, agent) SELECT "
                        + SESSION.format(hash="hash(n)", now=NOW) + " FROM s")
        self.db.execute(numbers + "INSERT INTO audit (at_us, event, outcome, reason, account_id, address, agent, request_id) SELECT "
                        + AUDIT.format(now=NOW, spread=f"(n * 7919 % 400) * {DAY}") + " FROM s")
        self.db.execute("COMMIT")
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self.db.execute("PRAGMA synchronous=FULL")

    def query(self, name, *values):
        cursor = self.db.execute(QUERIES[name]["sqlite"], values)
        cursor.fetchall()
        return cursor.rowcount

    def end(self):
        self.db.close()


def milliseconds(work):
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def look_up(on, rows):
    def one(i):
        token = hashlib.sha256(str(i * 7919 % rows + 1).encode()).digest()
        return milliseconds(lambda: on.query("session_find", token))

    return statistics.median(one(i) for i in range(LOOKS))


def measure(on, rows, what):
    print(f"{on.name}, {what}: a session lookup takes {look_up(on, rows):.3f} ms", flush=True)
    for name, before in PURGES:
        times = [milliseconds(lambda: on.query(name, before, BATCH)) for _ in range(50)]
        print(f"{on.name}, {what}: a batch of {name}: median {statistics.median(times):.2f} ms, longest {max(times):.2f} ms", flush=True)


def months(on):
    """Partition the audit with the commands that docs/guides/many-nodes.md gives the operator."""
    sys.stdout.flush()
    text = (ROOT / "docs" / "guides/many-nodes.md").read_text()
    recipe = re.search(r"```sql\n(-- Partition the audit by month.*?)```", text, re.S)[1]
    taken = milliseconds(lambda: on.run(recipe))
    print(f"postgres: partitioning the audit by month takes {taken / 1000:.1f} s", flush=True)
    name = on.cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit'::regclass ORDER BY 1 LIMIT 1") or on.cursor.fetchone()[0]
    rows = on.cursor.execute(f"SELECT count(*) FROM {name}") or on.cursor.fetchone()[0]
    print(f"postgres: dropping a month of {rows} rows takes {milliseconds(lambda: on.run(f'DROP TABLE {name}')):.1f} ms", flush=True)


def try_on(kind, program, rows):
    home = pathlib.Path(tempfile.mkdtemp(prefix="doubletour-large-"))
    on = kind(home)
    try:
        environment = {"PATH": "/usr/bin:/bin", "DATABASE_URL": on.url, "DATA_DIR": str(home)}
        subprocess.run([program, "db", "init"], env=environment, check=True, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run([program, "user", "add", "anna"], env=environment, check=True, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        on.open()
        on.fill(1, 50_000)
        measure(on, 20_000, "50,000 rows")
        began = time.monotonic()
        on.fill(50_001, rows)
        print(f"{on.name}: {rows:,} sessions and as many audit rows were inserted in {time.monotonic() - began:.0f} s", flush=True)
        if kind is OnPostgres:
            print("postgres: with its indexes a session takes %d bytes, an audit row %d" % on.sizes(), flush=True)
        measure(on, rows, f"{rows:,} rows")
        if kind is OnPostgres:
            months(on)
    finally:
        on.end()
        shutil.rmtree(home, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--program", default=ROOT / "build" / "bench" / "doubletour", type=pathlib.Path)
    parser.add_argument("where", nargs="*", default=["postgres", "sqlite"])
    options = parser.parse_args()
    for kind in (OnPostgres, OnSqlite):
        if kind.name in options.where:
            try_on(kind, options.program.resolve(), options.rows)


if __name__ == "__main__":
    main()
