"""Sign-ins to applications, compared with a provider made with Authlib: code flows, refreshes and userinfo.

A code flow is an authorization request of a signed-in person, and the redemption of its code, with PKCE.  Userinfo is
also compared with a check at the gate.  The memory is that of a hundred thousand live access tokens.  All databases are
in memory, because on a disk both programs would mostly wait for it.
"""

import base64
import contextlib
import hashlib
import pathlib
import sqlite3
import subprocess
import tempfile
import time
import urllib.parse

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bench.fixtures import checks, fill, token
from bench.measure import Limit, rates
from bench.rows.memory import at_rest_kib, pss_kib
from bench.testbed import LOGIN, ROOT, get, post
from harness.server import free_port

PEOPLE, ROUNDS = 1_000, 5
LOAD = {"connections": 8, "seconds": 2}  # with more connections, Authlib answers too late
LIVE = 100_000  # access tokens in the database
FAMILIES = 16  # of refresh tokens, for one load
REDIRECT = "https://app.example.org/callback"
VERIFIER = "a-verifier-of-forty-three-letters-or-more.~_0"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
SECRET = "bench-secret"
OFFLINE = "openid profile offline_access"
CODE, REFRESH = "[?&]code=([^&]+)", '"refresh_token": ?"([^"]+)"'  # bench/flow.lua finds them in an answer


def asked(client, scope):
    return urllib.parse.urlencode({"response_type": "code", "client_id": client, "redirect_uri": REDIRECT, "scope": scope, "state": "s",
                                   "code_challenge": CHALLENGE, "code_challenge_method": "S256"})


def redemption(client, code):
    return {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, "client_id": client, "client_secret": SECRET}


def refresh(refresh_token):
    return {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": "bench-refresh", "client_secret": SECRET}


def access_token(number):
    return "dta_" + base64.urlsafe_b64encode(hashlib.sha256(b"%d" % number).digest()).decode().rstrip("=")


def sign_in(origin, prefix, authorization, cookie, client, scope):
    """Sign a person in as an application does; return the answer of the token endpoint."""
    answer = requests.get(f"{origin}{authorization}?{asked(client, scope)}", headers={"Host": LOGIN, "Cookie": cookie}, allow_redirects=False, timeout=60)
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)["code"][0]
    return requests.post(f"{origin}{prefix}/token", redemption(client, code), headers={"Host": LOGIN}, timeout=60).json()


class Provider:
    """A server on a port, with the paths of its endpoints; cookie(n) returns the session cookie of person n."""

    def __init__(self, testbed, port, prefix, authorization, cookie):
        self.testbed, self.port, self.prefix, self.authorization, self.cookie = testbed, port, prefix, authorization, cookie

    def flows(self, client):
        query = asked(client, "openid profile")
        authorizations = [get(f"{self.authorization}?{query}", cookie=self.cookie(n)) for n in range(1, PEOPLE + 1)]
        redeemed = post(f"{self.prefix}/token", urllib.parse.urlencode(redemption(client, "TEXT")))
        return lambda: self.testbed.load(self.port, *authorizations, redeemed, pattern=CODE, **LOAD).rate

    def refresh_token(self, person):
        return sign_in(f"http://127.0.0.1:{self.port}", self.prefix, self.authorization, self.cookie(person), "bench-refresh", OFFLINE)["refresh_token"]

    def refreshes(self):
        """Measure with new families, because an earlier load has used its tokens."""
        families = [self.refresh_token(n) for n in range(1, FAMILIES + 1)]
        sent = [post(f"{self.prefix}/token", urllib.parse.urlencode(refresh(text))) for text in (*families, "TEXT")]
        return self.testbed.load(self.port, *sent, pattern=REFRESH, **LOAD).rate

    def userinfo(self, **load):
        return self.testbed.rate(self.port, *(get(f"{self.prefix}/userinfo", Authorization="Bearer " + access_token(n)) for n in range(1, PEOPLE + 1)), **load)


class Ours(Provider):
    """Our server with three clients and a thousand people."""

    def __init__(self, testbed):
        self.server = testbed.server()
        super().__init__(testbed, self.server.port, "/api/oidc", "/api/oidc/authorization", lambda n: f"__Host-doubletour={token(n)}")
        fill(self.server, PEOPLE)
        self.add_client("bench", "--scopes", "openid profile")
        self.add_client("bench-es256", "--scopes", "openid profile", "--id-token-alg", "ES256")
        self.add_client("bench-refresh", "--scopes", "openid profile offline_access", "--offline-without-consent")
        self.server.sql("UPDATE oidc_secrets SET secret_hash = ?", hashlib.sha256(SECRET.encode()).digest())

    def add_client(self, name, *options):
        done = self.server.command("client", "add", name, "--redirect", REDIRECT, "--consent", "never", *options)
        if done.returncode != 0:
            raise SystemExit(f"bench: {done.stderr}")

    def database(self):
        return contextlib.closing(sqlite3.connect(self.server.database(), timeout=60))

    def size(self):
        with self.database() as db:
            return db.execute("PRAGMA page_count").fetchone()[0] * db.execute("PRAGMA page_size").fetchone()[0]

    def insert(self):
        """Insert LIVE access tokens, each of another sign-in."""
        now = int(time.time() * 1e6)
        late, of = now + 86_400_000_000, range(1, LIVE + 1)
        (client,), = self.server.sql("SELECT id FROM oidc_clients WHERE client_id = 'bench'")
        with self.database() as db, db:
            db.execute("UPDATE accounts SET subject = 'subject-' || id")  # as if the tokens had been issued
            db.executemany("INSERT INTO oidc_grants (id, client_id, account_id, session_id, scopes, claims, auth_at_us, amr, acr, sid, created_at_us, expires_at_us) "
                           f"VALUES (?, {client}, ?, ?, 'openid profile', '', {now}, 'pwd otp mfa', 'https://refeds.org/profile/mfa', 'T4ItTE7kUhr63uH91ve4Ww', {now}, {late})",
                           ((n, n % PEOPLE + 1, n % PEOPLE + 1) for n in of))
            db.executemany("INSERT INTO oidc_access_tokens (id, token_hash, grant_id, session_id, scopes, created_at_us, expires_at_us) "
                           f"VALUES (?, ?, ?, ?, 'openid profile', {now}, {late})",
                           ((n, hashlib.sha256(access_token(n).encode()).digest(), n, n % PEOPLE + 1) for n in of))

    def live_mib(self):
        """Insert the access tokens; return the growth of the database."""
        before = self.size()
        self.insert()
        return (self.size() - before) / 2**20

    def memory_mib(self):
        """Use all access tokens; return the growth of the memory of both processes."""
        self.server.restart()
        before = at_rest_kib(self.testbed, self.server)
        self.testbed.load(self.port, *(get("/api/oidc/userinfo", Authorization="Bearer " + access_token(n)) for n in range(1, LIVE + 1)), seconds=10)
        return (pss_kib(self.server) - before) / 1024

    def checks(self):
        return self.testbed.rate(self.port, *checks(range(1, PEOPLE + 1)))


class Authlib(Provider):
    """bench/authlib_app under gunicorn with two workers.  Each request comes from its only person."""

    def __init__(self, testbed):
        super().__init__(testbed, free_port(), "", "/authorize", lambda n: "")
        home = pathlib.Path(tempfile.mkdtemp(dir=testbed.home))
        for name, key in (("RS256", rsa.generate_private_key(65537, 2048)), ("ES256", ec.generate_private_key(ec.SECP256R1()))):
            (home / name).write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        folder = ROOT / "bench/authlib_app"
        environment = {"PATH": "/usr/bin:/bin", "DATABASE_URL": f"sqlite:///{home}/db.sqlite", "KEYS": str(home), "AUTHLIB_INSECURE_TRANSPORT": "1",
                       "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(["/usr/bin/python3", "app.py"], cwd=folder, env=environment, check=True)
        with open(home / "log", "wb") as log:
            testbed.process(["/usr/bin/gunicorn", "--workers", 2, "--bind", f"127.0.0.1:{self.port}", "--worker-tmp-dir", home, "app:app"], self.port, "gunicorn",
                            cwd=folder, env=environment, stdout=log, stderr=log)
        with contextlib.closing(sqlite3.connect(home / "db.sqlite", timeout=60)) as db, db:
            db.executemany("INSERT INTO token (client_id, token_type, access_token, scope, issued_at, access_token_revoked_at, refresh_token_revoked_at, expires_in, user_id) "
                           "VALUES ('bench', 'Bearer', ?, 'openid profile', ?, 0, 0, 86400, 1)", ((access_token(n), int(time.time())) for n in range(1, PEOPLE + 1)))
        for _ in range(8):  # both workers load their code with the first requests
            self.refresh_token(1)


def comparisons(testbed):
    testbed.in_memory()
    ours, authlib = Ours(testbed), Authlib(testbed)
    yield Limit(f"database, {LIVE:,} access tokens", ours.live_mib, "MiB", 80)
    yield Limit(f"memory, {LIVE:,} access tokens", ours.memory_mib, "MiB", 32)
    for client, what in (("bench", "code flow"), ("bench-es256", "code flow, ES256")):
        yield rates(what, "Authlib", ours.flows(client), authlib.flows(client), 20, rounds=ROUNDS)
    yield rates("refresh", "Authlib", ours.refreshes, authlib.refreshes, 20, rounds=ROUNDS)
    yield rates("userinfo", "Authlib", ours.userinfo(**LOAD), authlib.userinfo(**LOAD), 20, rounds=ROUNDS)
    yield rates("userinfo", "check at the gate", ours.userinfo(), ours.checks(), 0.5, rounds=ROUNDS)
