"""The client of the OpenID Foundation's conformance suite, for tests named after the suite's test modules.

The suite is at https://gitlab.com/openid/conformance-suite.  A *module* is a test, a *plan* a list of modules.

    suite = Suite.register(server)
    first = suite.flow(person)                      # sign in, redeem the code, verify the ID token, ask userinfo
    second = suite.flow(person, prompt="none")
    assert second.pages == []

Every flow makes the checks that the suite makes in each module.  These tests are written from the descriptions of the
modules; they do not replace a run of the suite.
"""

import collections
import itertools
import json
import math
import string
import urllib.parse
from dataclasses import dataclass

import pytest

from harness.relying_party import RelyingParty, b64, good
from harness.visitor import LOGIN, Visitor

# Settings of a server that the suite could reach: with HTTPS in front of it.
SETTINGS = {"PUBLIC_URL": f"https://{LOGIN}", "TRUSTED_PROXIES": "127.0.0.1"}
CALLBACK = "https://suite.example.org/test/a/doubletour/callback"
AFTER_LOGOUT = "https://suite.example.org/test/a/doubletour/post_logout_redirect"
LONG_STATE = "aZ09" * 31 + "-._~"  # 128 characters: the suite's longer state
SCOPES = "openid profile email offline_access"

# Claims of an ID token that the suite expects without asking for them.
UNREQUESTED = {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "nbf", "jti", "sid", "s_hash", "txn"}
CLAIM_TYPES = {"sub": str, "name": str, "preferred_username": str, "locale": str, "email": str, "email_verified": bool, "updated_at": int}
NEEDS_A_PAGE = {"interaction_required", "login_required", "account_selection_required", "consent_required"}
ERROR_PARAMETERS = {"error", "error_description", "error_uri", "state", "iss"}
DESCRIPTION = set(string.printable) - set(string.whitespace) - set('"\\') | {" "}  # RFC 6749 s4.1.2.1

_numbers = itertools.count(1)


@dataclass
class Flow:
    """One authorization from the request to userinfo."""

    request: object  # harness.relying_party.Request
    pages: list      # the pages on which the person had to act
    code: str
    tokens: dict     # the token response
    claims: dict     # of the verified ID token
    userinfo: dict


class Suite(RelyingParty):
    response_mode = None  # of every request; the plan for form_post changes it
    by_post = False       # the token endpoint: client_secret_post instead of client_secret_basic

    @classmethod
    def register(cls, server, *options, response_mode=None, query="", **more):
        """Add a client without PKCE, as the suite is; `query` is a part of its redirect URI."""
        suite = cls.add(server, f"suite-{next(_numbers)}", "--pkce", "optional", "--scopes", SCOPES, "--logout", AFTER_LOGOUT, *options,
                        redirect_uri=CALLBACK + query, scope="openid", **more)
        suite.response_mode, suite.pages, suite.expected_mode = response_mode, [], response_mode
        return suite

    # Authorization

    def request(self, pkce=False, **changes):
        challenge = {} if pkce else {"code_challenge": None, "code_challenge_method": None}
        return super().request(**challenge, **{"response_mode": self.response_mode, **changes})

    def open(self, person, request, method="GET"):
        """Send the browser to the authorization endpoint, and follow redirects inside the server."""
        self.pages, self.expected_mode = [], request.parameters.get("response_mode")
        path, _, query = request.path.partition("?")
        if method == "POST":
            person.post(path, query, headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://suite.example.org",
                                              "Sec-Fetch-Site": "cross-site"}, cookies={})
            assert person.page.status == 303, repr(person.page)
            return person.visit(person.page.location)
        return person.visit(request.path)

    def returned(self, page):
        """Return the parameters of the response, which must have the requested mode."""
        parameters = super().returned(page)
        if parameters is None:
            return None
        forms = [] if page.location else page.dom.all("form", action=self.redirect_uri)
        assert [form["method"].upper() for form in forms] == (["POST"] if self.expected_mode == "form_post" else []), f"{page!r}:\n{page.html}"
        if not forms:
            for name, value in urllib.parse.parse_qsl(urllib.parse.urlsplit(self.redirect_uri).query):
                assert parameters.pop(name) == value, "the response keeps the query of the registered redirect URI"
        return parameters

    def _step(self, person, answer):
        if person.page.status != 303:
            self.pages.append(person.page)
        return super()._step(person, answer)

    def error(self, person, request, *allowed):
        """Check that the request fails with one of these errors and no page; the suite makes the same checks."""
        page = self.open(person, request)
        response = self.returned(page)
        assert response is not None, f"{page!r} does not return to the application:\n{page.html}"
        assert response["error"] in allowed, response
        assert response.get("state") == request.parameters.get("state") and response["iss"] == self.issuer, response
        assert set(response) <= ERROR_PARAMETERS and set(response["error_description"]) <= DESCRIPTION, response
        return response

    # The flow

    def flow(self, person, request=None, method="GET", **changes):
        request = request or self.request(**changes)
        self.open(person, request, method)
        response = self.proceed(person)
        assert "error" not in response and response.get("state") == request.parameters.get("state") and response["iss"] == self.issuer, response
        tokens = good(self.redeem(response["code"], request))
        claims = self.check_id_token(tokens, request)
        info = good(self.userinfo(tokens["access_token"]))
        check_userinfo(info, claims)
        return Flow(request, self.pages, response["code"], tokens, claims, info)

    def redeem(self, code, request=None, **changes):
        return super().redeem(code, request, **self._authentication(), **changes)

    def refresh(self, refresh_token, **changes):
        if self.by_post:
            return super().refresh(refresh_token, **changes)
        return self.ask("token", {"grant_type": "refresh_token", "refresh_token": refresh_token, **changes}, **self._authentication())

    def _authentication(self):
        return {} if self.by_post else {"basic": (self.client_id, self.secret)}

    def check_id_token(self, tokens, request=None):
        assert tokens["token_type"].lower() == "bearer" and isinstance(tokens["expires_in"], int) and tokens["expires_in"] > 0, tokens
        claims = self.verify(tokens["id_token"], tokens["access_token"], request and request.parameters.get("nonce"))
        now = self.server.clock.now()
        assert 0 < len(claims["sub"]) <= 255 and claims["sub"].isascii() and claims["acr"] != "", claims
        assert now - 365 * 86400 < claims["auth_time"] <= now + 300, claims
        assert set(claims) <= UNREQUESTED | set(CLAIM_TYPES), claims
        return claims

    # Sign-out

    def end(self, person, **parameters):
        """Send the browser to the end-session endpoint with these parameters."""
        return person.visit("/api/oidc/end-session" + ("?" + urllib.parse.urlencode(parameters) if parameters else ""))


def check_userinfo(info, claims):
    assert info["sub"] == claims["sub"], (info, claims)
    assert all(type(value) is CLAIM_TYPES[name] for name, value in info.items()), info
    assert "updated_at" not in info or info["updated_at"] < 10**10, "in seconds"


def unsigned(claims):
    """Return a JWT without a signature."""
    return ".".join(b64(json.dumps(part).encode()) for part in ({"alg": "none"}, claims)) + "."


def entropy_bits(text):
    """Return the Shannon entropy of a text by the frequencies of its characters, as the suite estimates it."""
    counts = collections.Counter(text).values()
    return -sum(count * math.log2(count / len(text)) for count in counts)


def sign_up(server):
    """Register a person, and give the account an e-mail address."""
    person = Visitor(server).full()
    done = server.command("user", "email", person.name, "anna@example.org")
    assert done.returncode == 0, done.stderr
    return person


# Fixtures of the plans.  A test file imports them by name, and may have other ones of the same name.


@pytest.fixture(scope="module")
def response_mode():
    return None


@pytest.fixture(scope="module")
def suite(server, response_mode, request):
    """The client for most modules, with the CLIENT_OPTIONS of the test file."""
    return Suite.register(server, *getattr(request.module, "CLIENT_OPTIONS", []), response_mode=response_mode)


@pytest.fixture(scope="module")
def account(server):
    return sign_up(server)


@pytest.fixture
def person(account):
    """A browser without cookies."""
    return account.forget()
