"""Sign-ins to applications, compared with a provider made with Authlib: an authorization request of a signed-in person,
the redemption of a code with an RS256 ID token, and userinfo.  One code flow is one of the first and one of the second.

Codes and access tokens are written into the databases before; each code is redeemed once.
"""

import base64
import contextlib
import hashlib
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import time
import urllib.parse

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bench.fixtures import fill, token
from bench.measure import Limit, rates
from bench.testbed import ROOT, get, post
from harness.server import free_port

PEOPLE, ROUNDS = 1_000, 5
LOAD = {"connections": 8, "seconds": 3}  # Authlib answers more connections too late
LIVE = 100_000  # access tokens in the database
CODES = 20_000  # for one load: more than it redeems
REDIRECT = "https://app.example.org/callback"
VERIFIER = "a-verifier-of-forty-three-letters-or-more.~_0"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
CLIENT = {"client_id": "bench", "client_secret": "bench-secret"}
REQUEST = urllib.parse.urlencode({"response_type": "code", "client_id": "bench", "redirect_uri": REDIRECT, "scope": "openid profile", "state": "s", "nonce": "n",
                                  "code_challenge": CHALLENGE, "code_challenge_method": "S256"})


def text_of(prefix, number):
    return prefix + base64.urlsafe_b64encode(hashlib.sha256(f"{prefix}{number}".encode()).digest()).decode().rstrip("=")


def redemptions(path, numbers):
    return tuple(post(path, urllib.parse.urlencode({"grant_type": "authorization_code", "code": text_of("dtc_", n), "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **CLIENT}))
                 for n in numbers)


class Ours:
    """Our server with a client, and with codes and tokens of a thousand people."""

    def __init__(self, testbed):
        self.testbed, self.server, self.next = testbed, testbed.server(), 1
        fill(self.server, PEOPLE)
        done = self.server.command("client", "add", "bench", "--redirect", REDIRECT, "--scopes", "openid profile", "--consent", "never")
        if done.returncode != 0:
            raise SystemExit(f"bench: {done.stderr}")
        (self.client,), = self.server.sql("SELECT id FROM oidc_clients")
        self.server.sql("UPDATE oidc_secrets SET secret_hash = ?", hashlib.sha256(CLIENT["client_secret"].encode()).digest())

    def insert(self, count, code):
        """Insert grants with a code, or with an access token; return their numbers."""
        numbers, now = range(self.next, self.next + count), int(time.time() * 1e6)
        self.next += count
        late = now + 86_400_000_000
        grants = ((n, self.client, n % PEOPLE + 1, n % PEOPLE + 1, "openid profile", "", now, "pwd otp mfa", "https://refeds.org/profile/mfa", "T4ItTE7kUhr63uH91ve4Ww", now, late)
                  for n in numbers)
        with contextlib.closing(sqlite3.connect(self.server.database(), timeout=60)) as db, db:
            db.executemany("INSERT INTO oidc_grants (id, client_id, account_id, session_id, scopes, claims, auth_at_us, amr, acr, sid, created_at_us, expires_at_us) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", grants)
            if code:
                db.executemany("INSERT INTO oidc_codes (id, code_hash, grant_id, session_id, redirect_uri, challenge, nonce, expires_at_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                               ((n, hashlib.sha256(text_of("dtc_", n).encode()).digest(), n, n % PEOPLE + 1, REDIRECT, CHALLENGE, "n", late) for n in numbers))
            else:
                db.executemany("INSERT INTO oidc_access_tokens (id, token_hash, grant_id, session_id, scopes, created_at_us, expires_at_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
                               ((n, hashlib.sha256(text_of("dta_", n).encode()).digest(), n, n % PEOPLE + 1, "openid profile", now, late) for n in numbers))
        return numbers

    def size(self):
        with contextlib.closing(sqlite3.connect(self.server.database(), timeout=60)) as db:
            (pages,), (size,) = db.execute("PRAGMA page_count").fetchone(), db.execute("PRAGMA page_size").fetchone()
        return pages * size

    def live_mib(self):
        before = self.size()
        self.live = self.insert(LIVE, code=False)
        return (self.size() - before) / 2**20

    def authorize(self):
        return self.testbed.rate(self.server.port, *(get(f"/api/oidc/authorization?{REQUEST}", cookie=f"__Host-doubletour={token(n)}") for n in range(1, PEOPLE + 1)), **LOAD)

    def redeem(self):
        return self.testbed.load(self.server.port, *redemptions("/api/oidc/token", self.insert(CODES, code=True)), **LOAD).rate

    def userinfo(self):
        return self.testbed.rate(self.server.port, *(get("/api/oidc/userinfo", Authorization="Bearer " + text_of("dta_", n)) for n in self.live[:PEOPLE]), **LOAD)


class Authlib:
    """bench/authlib_app under gunicorn with two workers."""

    def __init__(self, testbed):
        self.testbed, self.port, self.next = testbed, free_port(), 1
        home = pathlib.Path(tempfile.mkdtemp(dir=testbed.home))
        self.database = home / "db.sqlite"
        key = rsa.generate_private_key(65537, 2048)
        (home / "key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        folder = ROOT / "bench/authlib_app"
        environment = {"PATH": "/usr/bin:/bin", "DATABASE_URL": f"sqlite:///{self.database}", "KEY_FILE": str(home / "key"), "AUTHLIB_INSECURE_TRANSPORT": "1",
                       "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(["/usr/bin/python3", "app.py"], cwd=folder, env=environment, check=True)
        with open(home / "log", "wb") as log:
            testbed.process(["/usr/bin/gunicorn", "--workers", 2, "--bind", f"127.0.0.1:{self.port}", "--worker-tmp-dir", home, "app:app"], self.port, "gunicorn",
                            cwd=folder, env=environment, stdout=log, stderr=log)
        self.sql("INSERT INTO token (client_id, token_type, access_token, scope, issued_at, access_token_revoked_at, refresh_token_revoked_at, expires_in, user_id) "
                 "VALUES ('bench', 'Bearer', ?, 'openid profile', ?, 0, 0, 86400, 1)", [(text_of("dta_", n), int(time.time())) for n in range(1, PEOPLE + 1)])

    def sql(self, statement, rows):
        with contextlib.closing(sqlite3.connect(self.database, timeout=60)) as db, db:
            db.executemany(statement, rows)

    def authorize(self):
        return self.testbed.rate(self.port, get(f"/authorize?{REQUEST.replace('nonce=n&', '')}"), **LOAD)

    def redeem(self):
        numbers = range(self.next, self.next + CODES)
        self.next += CODES
        self.sql("INSERT INTO code (code, client_id, redirect_uri, response_type, scope, nonce, auth_time, code_challenge, code_challenge_method, user_id) "
                 "VALUES (?, 'bench', ?, 'code', 'openid profile', 'n', ?, ?, 'S256', 1)", [(text_of("dtc_", n), REDIRECT, int(time.time()), CHALLENGE) for n in numbers])
        return self.testbed.load(self.port, *redemptions("/token", numbers), **LOAD).rate

    def userinfo(self):
        return self.testbed.rate(self.port, *(get("/userinfo", Authorization="Bearer " + text_of("dta_", n)) for n in range(1, PEOPLE + 1)), **LOAD)


def comparisons(testbed):
    ours, authlib = Ours(testbed), Authlib(testbed)
    yield Limit(f"database for {LIVE:,} access tokens of as many sign-ins", ours.live_mib, "MiB", 80)
    yield rates("authorization request of a signed-in person", "Authlib", ours.authorize(), authlib.authorize(), 3, rounds=ROUNDS)
    yield rates("redemption of a code", "Authlib", ours.redeem, authlib.redeem, 3, rounds=ROUNDS)
    yield rates("userinfo", "Authlib", ours.userinfo(), authlib.userinfo(), 10, rounds=ROUNDS)
