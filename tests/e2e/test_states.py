"""Every route of the program in every state of a session: a route opens only in its states."""

import itertools
import json

import pytest

from harness import Person
from harness.codes import code_of_step, step_at
from harness.plain import plain

STATES = ("none", "enrolling", "pending", "full")
SIGNED = {"enrolling", "pending", "full"}
EVERYBODY = {"none"} | SIGNED

# The states that open each route, decided here and not read from the program.  A route that is missing here fails the
# first test.
OPENS = {
    ("GET", "/"): {"full"},
    ("GET", "/?rd"): {"full"},
    ("GET", "/register"): {"none"},
    ("POST", "/register"): {"none"},
    ("GET", "/login"): {"none"},
    ("POST", "/login"): {"none"},
    ("GET", "/login/passkey"): {"none"},
    ("POST", "/login/passkey"): {"none"},
    ("GET", "/setup-2fa"): {"enrolling"},
    ("GET", "/verify-2fa"): {"enrolling", "pending"},
    ("POST", "/verify-2fa"): {"enrolling", "pending"},
    ("GET", "/verify-2fa/passkey"): {"pending"},
    ("POST", "/verify-2fa/passkey"): {"pending"},
    ("GET", "/set-password"): EVERYBODY,
    ("POST", "/set-password"): EVERYBODY,
    ("GET", "/account"): {"full"},
    ("GET", "/account/security"): {"full"},
    ("GET", "/account/devices"): {"full"},
    ("GET", "/account/profile"): {"full"},
    ("POST", "/account/profile"): {"full"},
    ("GET", "/account/password"): {"full"},
    ("POST", "/account/password"): {"full"},
    ("GET", "/account/sessions"): {"full"},
    ("POST", "/account/sessions/end"): {"full"},
    ("GET", "/account/activity"): {"full"},
    ("POST", "/account/alarm"): {"full"},
    ("GET", "/account/close"): {"full"},
    ("POST", "/account/close"): {"full"},
    ("GET", "/account/recovery-codes"): {"full"},
    ("POST", "/account/recovery-codes"): {"full"},
    ("POST", "/account/recovery-codes/saved"): {"full"},
    ("GET", "/account/authenticators"): {"full"},
    ("GET", "/account/authenticators/new"): {"full"},
    ("POST", "/account/authenticators/new"): {"full"},
    ("GET", "/account/authenticators/confirm"): {"full"},
    ("POST", "/account/authenticators/confirm"): {"full"},
    ("GET", "/account/authenticators/rename"): {"full"},
    ("POST", "/account/authenticators/rename"): {"full"},
    ("GET", "/account/authenticators/remove"): {"full"},
    ("POST", "/account/authenticators/remove"): {"full"},
    ("GET", "/setup-passkey"): {"enrolling"},
    ("POST", "/setup-passkey"): {"enrolling"},
    ("GET", "/account/passkeys/new"): {"full"},
    ("POST", "/account/passkeys/new"): {"full"},
    ("GET", "/account/passkeys/add"): {"full"},
    ("POST", "/account/passkeys/add"): {"full"},
    ("GET", "/account/codes"): {"full"},
    ("POST", "/account/codes"): {"full"},
    ("GET", "/gate"): EVERYBODY,
    ("POST", "/gate"): {"full"},
    ("GET", "/.doubletour/enter"): EVERYBODY,
    ("GET", "/.well-known/change-password"): EVERYBODY,
    ("GET", "/.well-known/jwks.json"): EVERYBODY,
    ("GET", "/api/authz/auth-request"): EVERYBODY,
    ("GET", "/api/authz/forward-auth"): EVERYBODY,
    ("ANY", "/api/authz/ext-authz"): EVERYBODY,
    ("ANY", "/api/authz/ext-authz/"): EVERYBODY,
    ("ANY", "/api/verify"): EVERYBODY,
    ("GET", "/.well-known/openid-configuration"): EVERYBODY,
    ("OPTIONS", "/.well-known/openid-configuration"): EVERYBODY,
    ("GET", "/.well-known/oauth-authorization-server"): EVERYBODY,
    ("OPTIONS", "/.well-known/oauth-authorization-server"): EVERYBODY,
    ("GET", "/jwks.json"): EVERYBODY,
    ("OPTIONS", "/jwks.json"): EVERYBODY,
    ("POST", "/api/oidc/token"): EVERYBODY,
    ("OPTIONS", "/api/oidc/token"): EVERYBODY,
    ("GET", "/api/oidc/userinfo"): EVERYBODY,
    ("POST", "/api/oidc/userinfo"): EVERYBODY,
    ("OPTIONS", "/api/oidc/userinfo"): EVERYBODY,
    ("POST", "/api/oidc/introspection"): EVERYBODY,
    ("POST", "/api/oidc/revocation"): EVERYBODY,
    ("OPTIONS", "/api/oidc/revocation"): EVERYBODY,
    ("GET", "/api/oidc/authorization"): EVERYBODY,
    ("POST", "/api/oidc/authorization"): EVERYBODY,
    ("GET", "/api/oidc/decision"): EVERYBODY,
    ("POST", "/api/oidc/decision"): EVERYBODY,
    ("GET", "/api/oidc/factor"): EVERYBODY,
    ("POST", "/api/oidc/factor"): {"full"},
    ("GET", "/api/oidc/login"): EVERYBODY,
    ("POST", "/api/oidc/login"): {"full"},
    ("GET", "/api/oidc/end-session"): EVERYBODY,
    ("POST", "/api/oidc/end-session"): EVERYBODY,
    ("GET", "/api/oidc/logout"): EVERYBODY,
    ("POST", "/api/oidc/logout"): EVERYBODY,
    ("GET", "/account/applications"): {"full"},
    ("POST", "/account/applications/withdraw"): {"full"},
    ("GET", "/logout"): SIGNED,
    ("POST", "/logout"): SIGNED,
    ("GET", "/language/"): EVERYBODY,
    ("POST", "/language/"): EVERYBODY,
    ("GET", "/favicon.ico"): EVERYBODY,
    ("GET", "/robots.txt"): EVERYBODY,
    ("GET", "/manifest.webmanifest"): EVERYBODY,
    ("GET", "/icons/"): EVERYBODY,
    ("GET", "/healthz"): EVERYBODY,
    ("GET", "/readyz"): EVERYBODY,
    ("GET", "/livez"): EVERYBODY,
    ("GET", "/static/"): EVERYBODY,
}
ASIDE = ("/static/", "/icons/", "/language/", "/favicon.ico", "/manifest.webmanifest", "/.well-known/jwks.json", "/.doubletour/enter",
         "/api/authz/auth-request", "/api/authz/forward-auth",  # open to all, and not pages; see test_gate.py
         # see test_discovery.py and test_oidc_tokens.py
         "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks.json",
         "/api/oidc/token", "/api/oidc/userinfo", "/api/oidc/introspection", "/api/oidc/revocation",
         "/api/oidc/authorization", "/api/oidc/end-session")  # see test_client_pages.py
# Pages that became parts of other pages.
MOVED = {"/account/authenticators": "/account/security#authenticators", "/account/sessions": "/account/devices#devices",
         "/account/activity": "/account/devices#activity"}
# Pages that open only after another step, and their redirects without it.
NEEDS = {"/account/authenticators/confirm": "/account/security", "/account/authenticators/rename": "/account/security",
         "/account/authenticators/remove": "/account/security", "/account/passkeys/add": "/account/passkeys/new", "/login/passkey": "/login", "/verify-2fa/passkey": "/verify-2fa", **MOVED, "/gate": "/", "/api/oidc/decision": "/", "/api/oidc/factor": "/", "/api/oidc/login": "/", "/api/oidc/logout": "/", "/?rd": "/", "/.well-known/change-password": "/account/password"}
DEAD = ("/set-password",)  # only a link opens this page
STEP_OF_STATE = {"none": "/login", "enrolling": "/setup-2fa", "pending": "/verify-2fa", "full": "/"}


@pytest.fixture(scope="module")
def table(server):
    """Return each row of `doubletour routes --json`."""
    printed = server.command("routes", "--json")
    assert printed.returncode == 0, printed.stderr
    return json.loads(printed.stdout)


@pytest.fixture(scope="module")
def routes(table):
    return [(row["method"], row["path"]) for row in table]


def person_in(state, server):
    person = Person(server)
    return person if state == "none" else getattr(person, state)()


def test_the_route_table_matches_the_recorded_one(table):
    assert {(row["method"], row["path"]): set(row["opens"]) for row in table} == OPENS
    assert len(table) == len(OPENS)


def test_the_text_list_matches_the_json_list(server, table):
    header, *lines = [line.split() for line in server.command("routes").stdout.splitlines()]
    assert header == ["METHOD", "PATH", "POOL", "OPENS", "IN"]
    assert lines == [[row["method"], row["path"], row["lane"], ",".join(row["opens"])] for row in table]


def shown_secret(page):
    return page.dom and page.dom.all(id="secret")


@pytest.mark.parametrize("state", STATES)
def test_a_page_opens_in_its_states_only(server, routes, state):
    person = person_in(state, server)
    for path in sorted(path for method, path in routes if method == "GET" and path not in ASIDE):
        for method in ("GET", "HEAD"):
            page = person.request(method, path)
            if state in OPENS["GET", path] and path in NEEDS:
                assert (page.status, page.location) == (303, NEEDS[path]), (state, page)
            elif path in DEAD:
                assert page.status == 404, (state, page)
            elif state in OPENS["GET", path]:
                assert page.status == 200, (state, page)
            elif path == "/logout":
                assert page.status in (200, 303) and page.location in (None, "/login"), (state, page)
            else:
                assert page.status == 303 and page.bytes == b"", (state, page)
                assert page.location.split("?")[0] == STEP_OF_STATE[state], (state, page)
            assert not shown_secret(page) or (state, path) in (("enrolling", "/setup-2fa"), ("enrolling", "/verify-2fa"))


@pytest.mark.parametrize("state", STATES)
def test_a_form_opens_in_its_states_only_even_with_a_valid_token(server, routes, state):
    """Fill the form so that it could succeed: name, password, right code, this session's token."""
    for path in sorted(path for method, path in routes if method == "POST" and path != "/logout" and path not in ASIDE):
        if state in OPENS["POST", path]:
            continue
        person = person_in(state, server)
        before = person.session
        code = code_of_step(person.secret, step_at(server.clock.now()) + 1) if person.secret else "123456"
        token = person.arrive({"none": "/login", "enrolling": "/setup-2fa", "pending": "/verify-2fa", "full": "/"}[state]).token
        new = Person(server)
        page = person.post(path, {"csrf_token": token, "username": new.name, "password": new.password, "confirm": new.password, "otp": code,
                                  "current": person.password, "name": new.name, "id": "1"})
        assert page.status == 303 and page.location.split("?")[0] == STEP_OF_STATE[state], (state, page)
        assert person.session == before, "the session has the same state"
        if path == "/register":
            assert new.give_password().status == 422, "no account was made"


@pytest.mark.parametrize("state", STATES)
def test_forms_need_a_token_of_their_session(server, routes, state):
    for path in sorted(path for method, path in routes if method == "POST" and path not in ASIDE):
        person = person_in(state, server)
        page = person.post(path, {"csrf_token": "A" * 43, "username": person.name, "password": person.password,
                                  "confirm": person.password, "otp": person.code() if person.secret else "123456",
                                  "current": person.password, "name": person.name, "id": "1"})
        assert page.status in (303, 403)
        if page.status == 303 and state in OPENS["POST", path]:
            assert page.location == NEEDS[path], (state, page)
        elif page.status == 303:
            assert page.location.split("?")[0] == STEP_OF_STATE[state], (state, page)


QUERIES = ("rd=https://wiki.example.org/", "rd=", "rd", "rm=GET&rd=%zz", "next=/account", "next=%00", "invite=x", "link=x", "ticket=x", "before=1",
           "replaces=1", "authelia_url=https://a.example.org", "&&&", "%zz", "a=%ff", "rd=" + "a" * 4000, "a=1&" * 100)


@pytest.mark.parametrize("state", STATES)
def test_no_page_fails_for_a_cached_session(server, table, state):
    """The event thread answers for a cached session and cannot ask the keeper: no query may require that."""
    person = person_in(state, server)
    cached = "/account/profile" if state == "full" else "/verify-2fa"
    opens = person.visit(cached).status
    cookies = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    at_the_end = {row["path"]: row["path"] + "x" * row["path"].endswith("/") for row in table if row["method"] == "GET"}
    paths = [at_the_end[path] for path in sorted(at_the_end) if "?" not in path and path not in ("/healthz", "/readyz", "/livez") and not path.startswith("/api/")]
    with plain(server) as status:
        for path, query in itertools.product(paths, QUERIES):
            assert status(cached, Cookie=cookies) == opens, "web caches this session for two seconds"
            assert status(f"{path}?{query}", Cookie=cookies) < 500, (state, path, query)


def test_each_session_has_its_own_state(server):
    """One account, two browsers: a proof in one does not count in the other."""
    person = Person(server).full()
    other = Person(server, person.name, person.password)
    other.give_password()
    assert person.visit("/").status == 200
    assert other.visit("/").location.startswith("/verify-2fa")
    other.log_out()
    assert person.visit("/").status == 200


def test_a_code_of_one_account_does_nothing_for_another(server):
    one, two = Person(server).pending(), Person(server).pending()
    server.clock.to_step(max(one.spent, two.spent) + 3)
    assert two.verify(one.code()).status == 422
    assert two.visit("/").location.startswith("/verify-2fa")


def test_the_session_cache_ends_with_the_session(server):
    """Cache the session in every worker, then end it: the very next request is refused."""
    for _ in range(5):
        person = Person(server).full()
        old = dict(person.cookies)
        for _ in range(8):
            assert person.visit("/").status == 200
        person.log_out()
        for _ in range(8):
            assert person.visit("/", cookies=old).location.startswith("/login")
