"""An application whose users sign in with OpenID Connect: the authorization code flow with PKCE, state and nonce.

    app = RelyingParty.add(server, "wiki", "--scopes", "openid profile offline_access")
    tokens = app.sign_in(Person(server).full())     # the ID token is verified
    app.userinfo(tokens["access_token"]).json()
    app.refresh(tokens["refresh_token"])

checked() tests each reply of the token endpoint, and of the endpoints with the same rules.
"""

import base64
import hashlib
import json
import secrets
import urllib.parse

import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

ISSUED = ("dtc_", "dta_", "dtr_")  # prefixes of codes and tokens


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    assert "=" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text):
    return int.from_bytes(unb64(text), "big")


def _rs256(jwk, signature, signed):
    key = rsa.RSAPublicNumbers(number(jwk["e"]), number(jwk["n"])).public_key()
    key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())


def _es256(jwk, signature, signed):
    assert jwk["crv"] == "P-256" and len(signature) == 64
    key = ec.EllipticCurvePublicNumbers(number(jwk["x"]), number(jwk["y"]), ec.SECP256R1()).public_key()
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))


def _eddsa(jwk, signature, signed):
    assert jwk["crv"] == "Ed25519"
    ed25519.Ed25519PublicKey.from_public_bytes(unb64(jwk["x"])).verify(signature, signed)


ALGORITHMS = {"RS256": (_rs256, hashlib.sha256), "ES256": (_es256, hashlib.sha256), "EdDSA": (_eddsa, hashlib.sha512)}


def read_jwt(token):
    """Return (header, claims) without a check of the signature."""
    head, body, _ = token.split(".")
    return json.loads(unb64(head)), json.loads(unb64(body))


def verify_jwt(token, keys, alg):
    """Verify the signature with the key of the set that the header names; return the claims."""
    head, _, signature = token.split(".")
    header, claims = read_jwt(token)
    assert header["alg"] == alg and header["typ"] == "JWT" and "crit" not in header, header
    (jwk,) = [key for key in keys["keys"] if key["kid"] == header["kid"]]
    assert jwk["alg"] == alg and jwk["use"] == "sig" and not {"d", "p", "q"} & set(jwk), jwk
    ALGORITHMS[alg][0](jwk, unb64(signature), token.rpartition(".")[0].encode())
    return claims


class Request:
    """One authorization request: its parameters, and what the application remembers of it."""

    def __init__(self, parameters, verifier):
        self.parameters, self.verifier = parameters, verifier

    @property
    def path(self):
        return "/api/oidc/authorization?" + urllib.parse.urlencode(self.parameters)


class RelyingParty:
    def __init__(self, server, client_id, secret=None, redirect_uri="https://app.example.org/callback", scope="openid profile email groups", alg="RS256"):
        self.server, self.client_id, self.secret, self.redirect_uri, self.scope, self.alg = server, client_id, secret, redirect_uri, scope, alg
        self.http = requests.Session()
        self.http.trust_env = False
        if adapter := getattr(server, "adapter", None):
            self.http.mount("http://", adapter)

    @classmethod
    def add(cls, server, client_id, *options, **more):
        """Add the client with `doubletour client add` and these options."""
        party = cls(server, client_id, **more)
        done = server.command("client", "add", client_id, "--redirect", party.redirect_uri, "--json", *options)
        assert done.returncode == 0, done.stderr
        party.secret = json.loads(done.stdout)["client_secret"]
        return party

    @property
    def issuer(self):
        return self.server.environment.get("PUBLIC_URL") or f"http://localhost:{self.server.port}"

    # Requests

    def url(self, endpoint):
        return f"{self.server.origin}/api/oidc/{endpoint}"

    def ask(self, endpoint, fields=None, method="POST", basic=None, **more):
        """Send a form; return the checked reply.  basic: (client id, secret) for the header."""
        reply = self.http.request(method, self.url(endpoint), data=fields, auth=basic, timeout=60, allow_redirects=False, **more)
        return checked(reply)

    def keys(self):
        reply = self.http.get(self.server.origin + "/jwks.json", timeout=60)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def metadata(self):
        reply = self.http.get(self.server.origin + "/.well-known/openid-configuration", timeout=60)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def proof(self):
        """Return the parameters of client_secret_post; for a public client only client_id."""
        return {"client_id": self.client_id, **({"client_secret": self.secret} if self.secret else {})}

    # Authorization

    def request(self, **changes):
        """Make a request; a change to None leaves the parameter out."""
        verifier = secrets.token_urlsafe(48)
        parameters = {"response_type": "code", "client_id": self.client_id, "redirect_uri": self.redirect_uri, "scope": self.scope,
                      "state": secrets.token_urlsafe(12), "nonce": secrets.token_urlsafe(12),
                      "code_challenge": b64(hashlib.sha256(verifier.encode()).digest()), "code_challenge_method": "S256", **changes}
        return Request({name: value for name, value in parameters.items() if value is not None}, verifier)

    def returned(self, page):
        """Return the parameters that this reply sends to the application, or None."""
        if page.location and page.location.startswith(self.redirect_uri):
            return self._parameters(page.location)
        if page.dom is None:
            return None
        for link in page.dom.all("a"):
            if (link.get("href") or "").startswith(self.redirect_uri + ("&" if "?" in self.redirect_uri else "?")):
                return self._parameters(link["href"])
        for form in page.dom.all("form"):
            if form.get("action") == self.redirect_uri:
                return {field["name"]: field.get("value") or "" for field in form.all("input")}
        return None

    def _parameters(self, url):
        parts = urllib.parse.urlsplit(url)
        pairs = urllib.parse.parse_qsl(parts.query or parts.fragment, keep_blank_values=True, strict_parsing=True)
        assert len(pairs) == len(dict(pairs)), url
        return dict(pairs)

    def authorize(self, person, request, answer="allow"):
        """Let the person follow the request to its end; return the parameters of the response."""
        person.visit(request.path)
        return self.proceed(person, answer)

    def proceed(self, person, answer="allow"):
        """Let the person continue from the current page; return the parameters of the response."""
        for _ in range(12):
            parameters = self.returned(person.page)
            if parameters is not None:
                return parameters
            self._step(person, answer)
        raise AssertionError(f"no end at {person.page!r}")

    def _step(self, person, answer):
        """Do what the page asks: sign in, verify the factor, consent."""
        if person.page.status == 303:
            return person.visit(person.page.location)
        fields = {"/login": {"username": person.name, "password": person.password}, "/verify-2fa": {}, "/api/oidc/decision": {"answer": answer},
                  "/api/oidc/login": {"current": person.password}, "/api/oidc/factor": {}}
        forms = [form for form in person.page.dom.all("form") if form.get("action", "").split("?")[0] in fields]
        assert forms, f"{person.page!r} leads nowhere:\n{person.page.html}"
        form = forms[0]
        hidden = {i["name"]: i.get("value") or "" for i in form.all("input", type="hidden") if i.has("name")}
        code = {"otp": person.fresh_code()} if form.all("input", name="otp") else {}
        return person.post(form["action"], {**hidden, **fields[form["action"].split("?")[0]], **code})

    def code(self, person, request=None):
        """Return (code, request) of an approved request."""
        request = request or self.request()
        parameters = self.authorize(person, request)
        assert "error" not in parameters, parameters
        assert parameters["state"] == request.parameters.get("state", "") and parameters["iss"] == self.issuer, parameters
        assert parameters["code"].startswith("dtc_")
        return parameters["code"], request

    # Tokens

    def redeem(self, code, request=None, basic=None, **changes):
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri,
                  **({"code_verifier": request.verifier} if request and "code_challenge" in request.parameters else {}),
                  **({} if basic else self.proof()), **changes}
        return self.ask("token", {name: value for name, value in fields.items() if value is not None}, basic=basic)

    def sign_in(self, person, request=None):
        """Run the whole flow; return the reply of the token endpoint, with the verified claims as "claims"."""
        code, request = self.code(person, request)
        tokens = good(self.redeem(code, request))
        tokens["claims"] = self.verify(tokens["id_token"], tokens["access_token"], request.parameters.get("nonce"))
        return tokens

    def refresh(self, refresh_token, **changes):
        return self.ask("token", {"grant_type": "refresh_token", "refresh_token": refresh_token, **self.proof(), **changes})

    def userinfo(self, access_token, method="GET"):
        return self.ask("userinfo", method=method, headers={"Authorization": f"Bearer {access_token}"})

    def introspect(self, token, **changes):
        return self.ask("introspection", {"token": token, **self.proof(), **changes})

    def revoke(self, token, **changes):
        return self.ask("revocation", {"token": token, **self.proof(), **changes})

    def verify(self, id_token, access_token=None, nonce=None):
        """Verify an ID token as OpenID Connect Core 1.0 s3.1.3.7 says; return its claims."""
        claims = verify_jwt(id_token, self.keys(), self.alg)
        now = self.server.clock.now()
        assert claims["iss"] == self.issuer and claims["aud"] == self.client_id, claims
        assert claims["iat"] - 60 <= now <= claims["exp"] and claims["exp"] - claims["iat"] == 3600, claims
        assert claims.get("nonce") == nonce, claims
        if access_token is not None:
            digest = ALGORITHMS[self.alg][1](access_token.encode()).digest()
            assert claims["at_hash"] == b64(digest[:len(digest) // 2]), claims
        return claims


def checked(reply):
    """Check the rules for all replies of the token endpoint, and of the endpoints with the same rules."""
    where = f"{reply.request.method} {reply.request.path_url} ({reply.status_code}): {reply.text[:300]}"
    assert reply.headers["Cache-Control"] == "no-store" and reply.headers["Pragma"] == "no-cache", where
    assert reply.headers["X-Content-Type-Options"] == "nosniff", where
    assert "Set-Cookie" not in reply.headers and "Access-Control-Allow-Credentials" not in reply.headers, where
    open_to_all = not reply.request.path_url.endswith("/introspection")
    assert reply.headers.get("Access-Control-Allow-Origin") == ("*" if open_to_all else None), where
    if reply.status_code == 204:
        return reply
    assert reply.headers["Content-Type"] == "application/json", where
    body = reply.json()
    assert isinstance(body, dict), where
    if reply.status_code >= 400:
        assert body["error"] and set(body["error_description"]).isdisjoint('"\\') and body["error_description"].isascii(), where
        assert not any(prefix in reply.text for prefix in ISSUED), where
    return reply


def good(reply):
    assert reply.status_code == 200, f"{reply.status_code}: {reply.text}"
    return reply.json()


def refused(reply, error, status=400):
    assert (reply.status_code, reply.json()["error"]) == (status, error), f"{reply.status_code}: {reply.text}"
    return reply


def is_signed_by(token, keys, alg):
    try:
        verify_jwt(token, keys, alg)
    except InvalidSignature:
        return False
    return True
