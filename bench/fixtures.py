"""Accounts for a load: a few register through the pages; up to a million are written directly into the database."""

import base64
import contextlib
import hashlib
import hmac
import re
import sqlite3
import time

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bench.testbed import KEY, get
from harness.visitor import LOGIN, Visitor, ask


def token(number):
    """Return the session cookie of session `number` of a filled database."""
    return base64.urlsafe_b64encode(raw(number)).decode().rstrip("=")


def raw(number):
    return hashlib.sha256(b"session %d" % number).digest()


def gate_cookie(number):
    """Return the gate's cookie of session `number`, made as docs/reference/forward-auth.md says."""
    key = HKDF(hashes.SHA256(), 32, b"doubletour master key", b"gate cookies").derive(KEY.encode())
    session = number.to_bytes(8, "little")
    return base64.urlsafe_b64encode(session + hmac.digest(key, session + b"example.org", "sha256")).decode().rstrip("=")


def page(server, path, cookie=""):
    """Return the bytes of one of our pages."""
    answer = requests.get(server.origin + path, headers={"Host": LOGIN, "Cookie": cookie, "Accept-Language": "en-US,en;q=0.5"}, allow_redirects=False, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.content


def fill(server, people):
    """Insert accounts, each with a factor and a signed-in session.

    They are copies of a first account, which registers through the pages; only names and numbers differ.
    They have no password.
    """
    first = Visitor(server, name="first.of.many").full()
    (account,), = server.sql("SELECT id FROM accounts WHERE name = ?", first.name)
    now = int(time.time() * 1e6)
    with contextlib.closing(sqlite3.connect(server.database(), isolation_level=None)) as db:
        db.create_function("token_hash", 1, lambda n: hashlib.sha256(raw(n)).digest(), deterministic=True)
        db.execute("PRAGMA synchronous=OFF")
        db.execute("PRAGMA cache_size=-1000000")
        db.execute("BEGIN")
        numbers = f"WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {people}) "
        db.execute(numbers + f"INSERT INTO accounts (id, name, password_hash, created_at_us) SELECT n, 'person.' || n, 'none', {now} FROM s")
        db.execute(numbers + "INSERT INTO factors (id, account_id, kind, secret_sealed, last_step, created_at_us, confirmed_at_us) "
                   f"SELECT n, n, kind, secret_sealed, last_step, created_at_us, confirmed_at_us FROM s, factors f WHERE f.account_id = {account}")
        db.execute(numbers + "INSERT INTO sessions (id, token_hash, account_id, created_at_us, seen_at_us, password_at_us, factor_at_us, factor_id, address, agent) "
                   f"SELECT n, token_hash(n), n, {now}, {now}, {now}, {now}, n, '127.0.0.1', '' FROM s")
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert b"Welcome, person.1" in page(server, "/", f"__Host-doubletour={token(1)}")
    assert ask(server, "https://wiki.example.org/", cookie=gate_cookie(people)).headers["Remote-User"] == f"person.{people}"


def homes(numbers):
    """Return requests for the home page, one for each session."""
    return tuple(get("/", cookie=f"__Host-doubletour={token(n)}") for n in numbers)


def checks(numbers):
    """Return nginx's requests to the gate, one for each session."""
    return tuple(get("/api/authz/auth-request", host="doubletour", cookie=f"__Secure-gate={gate_cookie(n)}", X_Original_URL="https://wiki.example.org/page?x=1",
                     X_Original_Method="GET", X_Forwarded_For="192.0.2.7") for n in numbers)


class FlaskPerson:
    """A user who has registered at the Flask application."""

    def __init__(self, port, name="somebody.there", password="trombone ivre 1741"):
        self.origin = f"http://127.0.0.1:{port}"
        self.http = requests.Session()
        self._send("/register", username=name, password=password, confirm=password)
        assert "Second factor" in self.page("/setup-2fa")

    def _send(self, path, **fields):
        html = self.http.get(self.origin + path, timeout=60).text
        fields["csrf_token"] = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)[1]
        answer = self.http.post(self.origin + path, data=fields, timeout=60, allow_redirects=False)
        assert answer.status_code == 302, answer.text

    def page(self, path):
        return self.http.get(self.origin + path, timeout=60).text

    @property
    def cookie(self):
        return "; ".join(f"{c.name}={c.value}" for c in self.http.cookies)


class GlewlwydPerson:
    """A user who has signed in at Glewlwyd's API."""

    def __init__(self, port, name, password):
        self.api, self.cookie = f"http://127.0.0.1:{port}/api", ""
        self.cookie = self.send("POST", "auth/", username=name, password=password).headers["Set-Cookie"].partition(";")[0]

    def send(self, method, path, **fields):
        answer = requests.request(method, f"{self.api}/{path}", json=fields, headers={"Cookie": self.cookie}, timeout=60)
        if answer.status_code != 200:
            raise SystemExit(f"bench: glewlwyd answers {answer.status_code} to {method} {path}: {answer.text}")
        return answer
