"""A request of somebody who has a session, over HTTP: answered from web's cache, and not; on PostgreSQL beside SQLite.

Every session is of somebody who has yet to enrol, so that the answer is a redirect of a few bytes and the check is most of the work.
Without the cache: 60,000 sessions in turn, more than are asked for within the cache's life.
"""

import atexit
import base64
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "e2e"))

from bench.measure import Comparison  # noqa: E402
from harness import Person, Server  # noqa: E402
from harness.postgres import Postgres  # noqa: E402

SESSIONS, CONNECTIONS, SECONDS = 60_000, 8, 2
SCRIPT = """
local tokens, n = {}, %d
for line in io.lines("%s") do tokens[#tokens + 1] = "session=" .. line; if #tokens == n then break end end
local i = 0
request = function()
  i = i %% #tokens + 1
  return wrk.format("GET", "/", {["Cookie"] = tokens[i]})
end
"""


def rows_of(tokens, account):
    now = int(time.time() * 1e6)
    for number, token in enumerate(tokens):
        yield number + 1, hashlib.sha256(token).digest(), account, now


def fill(server, tokens):
    """One account, many sessions: behind the server's back, all at once."""
    Person(server, name="many.browsers").register()
    (account,), = server.sql("SELECT id FROM accounts WHERE name = ?", "many.browsers")
    columns = "INSERT INTO sessions (id, token_hash, account_id, created_at_us, seen_at_us, password_at_us, address, agent) VALUES "
    if server.on_postgres():
        import psycopg2
        from psycopg2.extras import execute_values

        with psycopg2.connect(server.database_url) as connection, connection.cursor() as cursor:
            execute_values(cursor, columns + "%s", [(n, h, a, t, t, t, "", "") for n, h, a, t in rows_of(tokens, account)], page_size=1000)
            cursor.execute("ANALYZE")
    else:
        import sqlite3

        with sqlite3.connect(server.database()) as db:
            db.executemany(columns + "(?, ?, ?, ?, ?, ?, '', '')", ((n, h, a, t, t, t) for n, h, a, t in rows_of(tokens, account)))


def wrk(server, script):
    done = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", script, server.origin + "/"], capture_output=True, text=True,
                          check=True)
    if "Non-2xx or 3xx" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(f"bench: {done.stdout}")
    return 1e6 / float(re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)[1])


def comparisons(build):
    home = pathlib.Path(tempfile.mkdtemp(prefix="doubletour-bench-"))
    atexit.register(shutil.rmtree, home, True)
    cluster = Postgres().start()
    atexit.register(cluster.end)
    tokens = [os.urandom(32) for _ in range(SESSIONS)]
    (home / "tokens").write_text("".join(base64.urlsafe_b64encode(t).decode().rstrip("=") + "\n" for t in tokens))
    for name, n in (("cached", 1), ("uncached", SESSIONS)):
        (home / f"{name}.lua").write_text(SCRIPT % (n, home / "tokens"))
    servers = {}
    for name, settings in (("postgres", {"DATABASE_URL": cluster.new_database("bench")}), ("sqlite", {})):
        server = Server(home / name, LOG_LEVEL="warning", REGISTRATION="open", **settings)
        server.program = str(build / "doubletour")
        servers[name] = server.start()
        atexit.register(server.end)
        fill(server, tokens)

    def timed(where, name):
        return lambda: wrk(servers[where], home / f"{name}.lua")

    yield Comparison("check, cached", "SQLite", timed("postgres", "cached"), timed("sqlite", "cached"), unit="µs", target=1.1)
    yield Comparison("check, not cached", "SQLite", timed("postgres", "uncached"), timed("sqlite", "uncached"), unit="µs", target=4.0)
