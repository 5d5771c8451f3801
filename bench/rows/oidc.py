"""Code flows, refreshes and userinfo, compared with a provider made with Authlib and with Glewlwyd.

A code flow is an authorization request of a signed-in person, and the redemption of its code, with PKCE.  Before the
comparisons, the tokens of one flow of each provider are verified.  Userinfo is also compared with a check at the gate.
The memory is that of a hundred thousand live access tokens.  All databases are in memory, because on a disk all
programs would mostly wait for it.
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
from authlib.jose import ECKey, JsonWebKey, RSAKey, jwt
from authlib.oidc.core import CodeIDToken

from bench.fixtures import GlewlwydPerson, checks, fill, token
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
PROFILE, OFFLINE = "openid profile", "openid profile offline_access"
ISSUER = {"essential": True, "value": f"https://{LOGIN}"}
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


class Provider:
    """A server on a port, with the paths of its endpoints; cookie(n) returns the session cookie of person n."""

    jwks, more = "", ""  # path of the public keys; further parameters of an authorization request
    flow_rows = {"bench": "code flow", "bench-es256": "code flow, ES256"}  # by client

    def __init__(self, testbed, port, prefix, authorization, cookie):
        self.testbed, self.port, self.prefix, self.authorization, self.cookie = testbed, port, prefix, authorization, cookie
        self.origin = f"http://127.0.0.1:{port}"

    def asked(self, client, scope):
        return f"{self.authorization}?{asked(client, scope)}{self.more}"

    def sign_in(self, person, client, scope):
        """Sign a person in as an application does; return the answer of the token endpoint."""
        answer = requests.get(self.origin + self.asked(client, scope), headers={"Host": LOGIN, "Cookie": self.cookie(person)}, allow_redirects=False, timeout=60)
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)["code"][0]
        return requests.post(f"{self.origin}{self.prefix}/token", redemption(client, code), headers={"Host": LOGIN}, timeout=60).json()

    def keys(self):
        return JsonWebKey.import_key_set(requests.get(self.origin + self.jwks, headers={"Host": LOGIN}, timeout=60).json())

    def verify(self):
        """Verify the tokens of one flow, as an application does; return them."""
        answer = self.sign_in(1, "bench", PROFILE)
        claims = jwt.decode(answer["id_token"], self.keys(), claims_cls=CodeIDToken, claims_params={"client_id": "bench", "access_token": answer["access_token"]},
                            claims_options={"iss": ISSUER, "aud": {"essential": True, "value": "bench"}})
        claims.validate()
        assert claims.header["alg"] == "RS256" and len(answer["id_token"].rpartition(".")[2]) == 342, "an RSA key of 2048 bits"
        bearer = {"Host": LOGIN, "Authorization": "Bearer " + answer["access_token"]}
        told = requests.get(f"{self.origin}{self.prefix}/userinfo", headers=bearer, timeout=60).json()
        assert told["sub"] == claims["sub"] and told["name"], told
        return answer

    def flows(self, client):
        authorizations = [get(self.asked(client, PROFILE), cookie=self.cookie(n)) for n in range(1, PEOPLE + 1)]
        redeemed = post(f"{self.prefix}/token", urllib.parse.urlencode(redemption(client, "TEXT")))
        return lambda: self.testbed.load(self.port, *authorizations, redeemed, pattern=CODE, **LOAD).rate

    def refresh_token(self, person):
        return self.sign_in(person, "bench-refresh", OFFLINE)["refresh_token"]

    def refreshes(self):
        """Measure with new families, because an earlier load has used its tokens."""
        families = [self.refresh_token(n) for n in range(1, FAMILIES + 1)]
        sent = [post(f"{self.prefix}/token", urllib.parse.urlencode(refresh(text))) for text in (*families, "TEXT")]
        return self.testbed.load(self.port, *sent, pattern=REFRESH, **LOAD).rate

    def access_tokens(self):
        return [access_token(n) for n in range(1, PEOPLE + 1)]

    def userinfo(self, **load):
        return self.testbed.rate(self.port, *(get(f"{self.prefix}/userinfo", Authorization="Bearer " + text) for text in self.access_tokens()), **load)


class Ours(Provider):
    """Our server with three clients and a thousand people."""

    jwks = "/jwks.json"

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
        self.signing = {"RS256": RSAKey.generate_key(2048, is_private=True), "ES256": ECKey.generate_key("P-256", is_private=True)}
        for name, key in self.signing.items():
            (home / name).write_bytes(key.as_pem(is_private=True))
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

    def keys(self):
        return self.signing["RS256"]


class Glewlwyd(Provider):
    """Debian's Glewlwyd with its plugin for OpenID Connect, and one signed-in person who has given consent.

    It has no row for ES256, because its package's settings keep no algorithm for a client.
    """

    # Without g_continue, Glewlwyd redirects signed-in people to its sign-in page as well.
    jwks, more = "/api/oidc/jwks", "&nonce=n&g_continue"
    flow_rows = {"bench": "code flow"}

    def __init__(self, testbed):
        super().__init__(testbed, testbed.glewlwyd(), "/api/oidc", "/api/oidc/auth", lambda n: self.person.cookie)
        self.admin = GlewlwydPerson(self.port, "admin", "password")
        self.add_plugin()
        for scope in ("profile", "offline_access"):
            self.admin.send("POST", "scope/", name=scope, display_name=scope, password_required=True, scheme={}, scheme_required={})
        self.admin.send("POST", "user/", username="person.1", name="person.1", password=SECRET, scope=["g_profile", *OFFLINE.split()])
        self.person = GlewlwydPerson(self.port, "person.1", SECRET)
        for client in ("bench", "bench-refresh"):
            self.add_client(client)

    def add_plugin(self):
        """PKCE is required, each refresh token is used once, and ID token and userinfo have the person's name."""
        key = RSAKey.generate_key(2048, is_private=True)
        self.admin.send("POST", "mod/plugin/", module="oidc", name="oidc", display_name="OpenID Connect", parameters={
            "iss": ISSUER["value"], "jwt-type": "rsa", "jwt-key-size": "256", "key": key.as_pem(is_private=True).decode(), "cert": key.as_pem().decode(),
            "access-token-duration": 3600, "refresh-token-duration": 1_209_600, "code-duration": 600, "refresh-token-one-use": "always",
            "auth-type-code-enabled": True, "auth-type-refresh-enabled": True, "pkce-allowed": True, "pkce-required": True, "jwks-show": True,
            "name-claim": "mandatory"})

    def add_client(self, name):
        self.admin.send("POST", "client/", client_id=name, client_secret=SECRET, confidential=True, enabled=True, redirect_uri=[REDIRECT],
                        authorization_type=["code", "refresh_token"], token_endpoint_auth_method=["client_secret_post"])
        self.person.send("PUT", f"auth/grant/{name}", scope=OFFLINE)

    def verify(self):
        jwt.decode(super().verify()["access_token"], self.keys(), claims_options={"iss": ISSUER}).validate()

    def access_tokens(self):
        return [self.sign_in(1, "bench", PROFILE)["access_token"] for _ in range(100)]


def beside(ours, name, theirs):
    for client, what in theirs.flow_rows.items():
        yield rates(what, name, ours.flows(client), theirs.flows(client), 20, rounds=ROUNDS)
    yield rates("refresh", name, ours.refreshes, theirs.refreshes, 20, rounds=ROUNDS)
    yield rates("userinfo", name, ours.userinfo(**LOAD), theirs.userinfo(**LOAD), 20, rounds=ROUNDS)


def comparisons(testbed):
    testbed.in_memory()
    ours, authlib, glewlwyd = Ours(testbed), Authlib(testbed), Glewlwyd(testbed)
    yield Limit(f"database, {LIVE:,} access tokens", ours.live_mib, "MiB", 80)
    yield Limit(f"memory, {LIVE:,} access tokens", ours.memory_mib, "MiB", 32)
    for provider in (ours, authlib, glewlwyd):
        provider.verify()
    yield from beside(ours, "Authlib", authlib)
    yield from beside(ours, "Glewlwyd", glewlwyd)
    yield rates("userinfo", "check at the gate", ours.userinfo(), ours.checks(), 0.5, rounds=ROUNDS)
