"""The gate: the answers to a proxy about requests to an application, and a person's way through sign-in."""

import base64
import json
import signal
import time
import urllib.parse

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from harness.dom import read_html
from harness.passkey_rows import with_a_passkey
from harness.server import ROOT, Server, wait_until
from harness.visitor import LOGIN, Visitor, ask
from harness.walkthrough import page_blocks

RULES = """\
rules:
  - domain: wiki.example.org
    path: ['/public/**']
    policy: bypass
  - domain: wiki.example.org
    path: ['/admin/**']
    groups: [admins]
    max_age: 15m
  - domain: wiki.example.org
    path: ['/admin/**']
    policy: deny
  - domain: lan.example.org
    networks: [192.168.0.0/16]
    policy: bypass
  - domain: easy.example.org
    policy: one_factor
  - domain: api.example.org
    methods: [OPTIONS]
    policy: bypass
  - domain: closed.example.org
    policy: deny
  - domain: [office.example.org, office.example.net]
    networks: [192.168.0.0/16]
  - domain: [office.example.org, office.example.net]
    policy: deny
  - domain: front.example.org
    path: /
    policy: bypass
  - domain: vault.example.org
    phishing_resistant: true
  - domain: strongroom.example.org
    phishing_resistant: true
    max_age: 15m
  - domain: ['*.example.org', example.org, '*.example.net']
"""
ENDPOINTS = ("auth-request", "forward-auth", "ext-authz", "verify")
WIKI = "https://wiki.example.org/page?x=1&y=%C3%A9"
IDENTITY = ("Remote-User", "Remote-Groups", "Remote-Name", "Remote-Email", "Remote-Jwt")


def make(home, rules=RULES, **settings):
    one = Server(home, **{"PUBLIC_URL": f"https://{LOGIN}", "TRUSTED_PROXIES": "127.0.0.1", "GATE_DOMAINS": "example.org,example.net", **settings})
    if rules is not None:
        (one.work / "access.conf").write_text(rules)
        one.environment["ACCESS_RULES"] = "access.conf"
    return one


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with make(tmp_path_factory.mktemp("gate"), CONTACT="help@example.org") as server:
        yield server


def named(answer):
    return {name: answer.headers[name] for name in IDENTITY if name in answer.headers}


def redirect_query(answer):
    """Return the query of the redirect's URL."""
    parts = urllib.parse.urlsplit(answer.headers["Location"])
    assert (parts.scheme, parts.netloc, parts.path) == ("https", LOGIN, "/gate")
    return dict(urllib.parse.parse_qsl(parts.query))


def inside(gate, **facts):
    """Return a person with access to example.org."""
    person = Visitor(gate).full()
    for command, value in facts.items():
        done = gate.command("user", command, person.name, value)
        assert done.returncode == 0, done.stderr
    assert person.follow_to(f"https://{LOGIN}/gate?rd=" + urllib.parse.quote(WIKI, safe="")) == WIKI
    return person


# Sign-in through the front page, to which some guides redirect


@pytest.mark.parametrize("query", ["rd={}", "rm=GET&rd={}", "rd={}&rm=POST", "x=1&rd={}&y=2"])
def test_the_front_page_redirects_a_cached_session(gate, query):
    person = Visitor(gate).full()
    query = query.format(urllib.parse.quote(WIKI, safe=""))
    for _ in range(3):
        assert person.visit("/").status == 200  # web caches the session for two seconds
        assert person.follow_to(f"https://{LOGIN}/?{query}") == WIKI


@pytest.mark.parametrize("rd", ["", "https://elsewhere.example/", "http://wiki.example.org/", "//wiki.example.org/", "javascript:1", "%zz", "wss://wiki.example.org/", "WSS://wiki.example.org/"])
def test_the_front_page_redirects_home_for_a_bad_return_url(gate, rd):
    person = Visitor(gate).full()
    assert person.visit("/").status == 200
    page = person.visit("/?rd=" + rd)
    assert (page.status, page.location) == (303, "/")


def test_the_front_page_keeps_the_return_url_through_sign_in(gate):
    page = Visitor(gate).visit("/?rd=" + urllib.parse.quote(WIKI, safe=""))
    assert page.status == 303 and page.location.startswith("/login?next=%2Fgate%3Frd%3D")


# Answers to a proxy


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_signed_out_requests_are_redirected_to_sign_in(gate, endpoint):
    answer = ask(gate, WIKI, endpoint)
    assert answer.status_code == (401 if endpoint in ("auth-request", "verify") else 302)
    assert redirect_query(answer) == {"rd": WIKI, "rm": "GET"} and not named(answer)
    answer = ask(gate, WIKI, endpoint, method="POST")
    assert answer.status_code == (401 if endpoint in ("auth-request", "verify") else 303)
    assert redirect_query(answer)["rm"] == "POST"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("headers", [{"X-Requested-With": "XMLHttpRequest"}, {"Accept": "application/json"}, {"Accept": "image/*, */*"}, {"Accept": "*/*"}, {"Accept": None}, {"Accept": "text/html;q=0"},
                                     {"Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Mode": "no-cors"}, {"Sec-Fetch-Mode": "websocket"}, {"Sec-Fetch-Mode": "same-origin"},
                                     {"Sec-Fetch-Mode": "Navigate"}, {"Sec-Fetch-Mode": ""}, {"Upgrade": "websocket"}, {"Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw=="}])
def test_a_background_request_gets_401_with_the_sign_in_url(gate, endpoint, headers):
    headers = {"Accept-Encoding": "identity", **headers}
    if headers.get("Accept", "") is None:
        headers["Accept"] = ""
    answer = ask(gate, WIKI, endpoint, headers=headers)
    assert answer.status_code == 401 and redirect_query(answer)["rd"] == WIKI
    assert answer.headers["WWW-Authenticate"].startswith("Cookie "), "a scheme for which no browser asks for a password"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Mode": "navigate"}, {"Sec-Fetch-Mode": "navigate", "Accept": "*/*"}, {"Accept": "text/*"}, {"Accept": "x/y, text/html;q=0.1"}])
def test_a_navigation_is_redirected(gate, headers):
    for endpoint in ("forward-auth", "ext-authz"):
        answer = ask(gate, WIKI, endpoint, headers=headers)
        assert answer.status_code == 302 and "WWW-Authenticate" not in answer.headers


def test_headers_in_two_lines_are_read_as_one_list(gate):
    from harness.raw import raw
    head = ("GET /api/authz/forward-auth HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: wiki.example.org\r\n"
            "X-Forwarded-Uri: /\r\nX-Forwarded-Method: GET\r\n")
    for lines, status in (("Accept: image/png\r\nAccept: text/html\r\n", 302), ("Accept: text/*\r\nAccept: text/html;q=0\r\n", 401),
                          ("Sec-Fetch-Mode: navigate\r\nSec-Fetch-Mode: cors\r\n", 401), ("Sec-Fetch-Mode: navigate\r\nSec-Fetch-Mode: navigate\r\n", 401)):
        assert raw(gate, (head + lines + "\r\n").encode())[0] == status, lines


def test_the_old_endpoint_redirects_to_a_portal_that_is_named(gate):
    """Authelia's guide for nginx sends no method, and nginx treats a 302 as an error."""
    headers = {"X-Original-URL": WIKI, "Accept": "text/html"}
    for query, more, status in (("", {}, 401), ("?rd=", {}, 401), ("?rd=https://evil.example/", {}, 401), ("?rd=http://auth.example.org/", {}, 401),
                                ("?rd=https://auth.example.org/", {}, 302), ("", {"X-Authelia-URL": "https://auth.example.org/"}, 302),
                                ("?authelia_url=https://auth.example.org/", {}, 401)):
        answer = requests.get(gate.origin + "/api/verify" + query, headers=headers | more, allow_redirects=False, timeout=30)
        assert answer.status_code == status and ("WWW-Authenticate" in answer.headers) == (status == 401), (query, more)
        assert answer.headers["Location"].startswith("https://auth.example.org/?rd=" if status == 302 else f"https://{LOGIN}/gate?rd=")


def test_the_old_endpoint_reads_an_empty_method_as_absent(gate):
    person = inside(gate)
    for headers in ({"X-Forwarded-Method": ""}, {"X-Forwarded-Method": None}, {"X-Original-Method": "", "X-Forwarded-Method": ""},
                    {"X-Original-Method": "", "X-Forwarded-Method": "POST"}, {"X-Original-Method": "POST", "X-Forwarded-Method": ""}):
        assert person.ask(WIKI, endpoint="verify", headers=headers).status_code == 200, headers
    for headers in ({"X-Forwarded-Method": "get"}, {"X-Original-Method": "G T", "X-Forwarded-Method": "GET"}):
        assert person.ask(WIKI, endpoint="verify", headers=headers).status_code == 401, headers
    for endpoint, name in (("forward-auth", "X-Forwarded-Method"), ("auth-request", "X-Original-Method")):
        assert person.ask(WIKI, endpoint=endpoint, headers={name: ""}).status_code == 400, "as Authelia there"


PUBLIC = "https://wiki.example.org/public/x"
WROTE = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "wiki.example.org", "X-Forwarded-Uri": "/admin/x?y=1", "X-Forwarded-Method": "GET"}
WROTE_FOR_API = WROTE | {"X-Forwarded-Host": "api.example.org"}


@pytest.mark.parametrize("proxy, browser", [
    (WROTE, {"X-Original-URL": PUBLIC}), (WROTE, {"X-Original-URL": "https://wiki.example.org:444/public/x"}), (WROTE, {"X-Original-URL": PUBLIC, "X-Original-Method": "GET"}),
    (WROTE, {"X-Original-URL": "https://easy.example.org/admin/x?y=1"}), (WROTE, {"X-Original-URL": "https://wiki.example.org/admin/x"}),
    (WROTE, {"X-Original-URL": "https://wiki.example.org/%61dmin/x?y=1"}), (WROTE, {"X-Original-URL": ""}), (WROTE, {"X-Original-URL": "x"}),
    (WROTE | {"X-Forwarded-Host": ""}, {"X-Original-URL": PUBLIC}), (WROTE | {"X-Forwarded-Uri": ""}, {"X-Original-URL": "https://easy.example.org/"}),
    (WROTE_FOR_API, {"X-Original-Method": "OPTIONS"}), (WROTE_FOR_API | {"X-Forwarded-Method": ""}, {"X-Original-Method": "OPTIONS"}),
    (WROTE_FOR_API | {"X-Forwarded-Method": ""}, {"X-Original-Method": "OPTIONS", "X-Original-URL": "https://api.example.org/admin/x?y=1"}),
    ({"X-Original-URL": "https://api.example.org/", "X-Original-Method": "GET"}, {"X-Forwarded-Method": "OPTIONS"}),
    ({"X-Original-URL": "https://wiki.example.org/admin/x"}, {"X-Forwarded-Uri": "/public/x"}), ({"X-Original-URL": "https://easy.example.org/"}, {"X-Forwarded-Host": "wiki.example.org"})])
def test_a_browser_cannot_replace_headers_of_the_proxy(gate, proxy, browser):
    """Proxies that ask the old endpoint forward the browser's value of each header that they do not set."""
    person = inside(gate)
    for cookie in ({}, {"Cookie": f"__Secure-gate={person.cookie_for(WIKI)}"}):
        answer = requests.get(gate.origin + "/api/verify", headers={"Accept": "text/html", **proxy, **browser, **cookie}, allow_redirects=False, timeout=30)
        assert answer.status_code == 401 and not named(answer) and "Location" not in answer.headers


@pytest.mark.parametrize("headers", [
    {"X-Original-URL": "https://wiki.example.org/page?x=1"}, {"X-Original-URL": "https://WIKI.example.org:8443/page?x=1"}, {"X-Original-URL": "https://wiki.example.org./page?x=1"},
    {"X-Original-URL": "https://wiki.example.org/page?x=1", "X-Original-Method": "GET", "X-Forwarded-Host": ""},
    {"X-Original-URL": "https://wiki.example.org/page?x=1", "X-Original-Method": "GET", "X-Forwarded-Uri": ""}])
def test_the_old_endpoint_accepts_headers_that_agree(gate, headers):
    headers = WROTE | {"X-Forwarded-Uri": "/page?x=1", "Cookie": f"__Secure-gate={inside(gate).cookie_for(WIKI)}"} | headers
    assert requests.get(gate.origin + "/api/verify", headers=headers, allow_redirects=False, timeout=30).status_code == 200


@pytest.mark.parametrize("twice", ["X-Original-URL", "X-Original-Method", "X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-Uri"])
def test_the_old_endpoint_refuses_a_header_that_occurs_twice(gate, twice):
    from harness.raw import raw
    lines = [("Host", "x"), ("Connection", "close"), ("X-Original-URL", PUBLIC), ("X-Original-Method", "GET"), *(WROTE | {"X-Forwarded-Uri": "/public/x"}).items()]
    lines += [(name, value) for name, value in lines if name == twice]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    assert raw(gate, f"GET /api/verify HTTP/1.1\r\n{head}\r\n".encode())[0] == 401


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_signed_in_users_pass_with_identity_headers(gate, endpoint):
    person = inside(gate, groups="staff,admins", email="anna@example.org")
    for method in ("GET", "POST", "DELETE", "PROPFIND"):
        answer = person.ask(WIKI, endpoint=endpoint, method=method)
        assert answer.status_code == 200 and answer.content == b""
        told = named(answer)
        assert told.pop("Remote-Jwt").count(".") == 2
        assert told == {"Remote-User": person.name, "Remote-Groups": "admins,staff", "Remote-Name": person.name, "Remote-Email": "anna@example.org"}


def test_all_four_identity_headers_are_sent_even_when_empty(gate):
    told = named(inside(gate).ask(WIKI))
    assert told["Remote-Groups"] == "" and told["Remote-Email"] == ""


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_bypass_sends_no_identity(gate, endpoint):
    person = inside(gate)
    for answer in (ask(gate, "https://wiki.example.org/public/logo.png", endpoint), person.ask("https://wiki.example.org/public/logo.png", endpoint=endpoint)):
        assert answer.status_code == 200 and not named(answer)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_denied_requests_get_403(gate, endpoint):
    for answer in (ask(gate, "https://closed.example.org/", endpoint), inside(gate).ask("https://closed.example.org/", endpoint=endpoint)):
        assert answer.status_code == 403 and not named(answer) and "Location" not in answer.headers


MALFORMED = [
    {"X-Original-URL": None}, {"X-Original-URL": ""}, {"X-Original-URL": "http://wiki.example.org/"}, {"X-Original-URL": "https://wiki.example.com/"},
    {"X-Original-URL": "https://wiki.example.org.evil.example/"}, {"X-Original-URL": "https://evilexample.org/"}, {"X-Original-URL": "/page"},
    {"X-Original-URL": "https://anna@wiki.example.org/"}, {"X-Original-URL": "https://wiki.example.org\\@evil.example/"},
    {"X-Original-URL": "https://wiki.example.org/%zz"}, {"X-Original-URL": "https://[::1]/"}, {"X-Original-Method": None}, {"X-Original-Method": "get"},
    {"X-Original-Method": "GET POST"}, {"X-Original-Method": ""}, {"X-Original-URL": "https://wiki.example.org/" + "a" * 9000},
]


@pytest.mark.parametrize("headers", MALFORMED)
def test_malformed_requests_never_pass(gate, headers):
    person = inside(gate)
    answer = person.ask(WIKI, headers=headers)
    assert answer.status_code == 400 and not named(answer), answer.headers


@pytest.mark.parametrize("endpoint, missing", [("forward-auth", "X-Forwarded-Proto"), ("forward-auth", "X-Forwarded-Host"), ("forward-auth", "X-Forwarded-Method"),
                                               ("forward-auth", "X-Forwarded-Uri"),
                                               ("ext-authz", "X-Forwarded-Proto")])
def test_a_missing_header_is_400(gate, endpoint, missing):
    assert inside(gate).ask(WIKI, endpoint=endpoint, headers={missing: None}).status_code == 400


def test_the_old_endpoint_answers_401_to_malformed_requests(gate):
    assert inside(gate).ask(WIKI, endpoint="verify", headers={"X-Original-URL": "http://wiki.example.org/"}).status_code == 401


def test_a_repeated_header_is_ignored(gate):
    from harness.raw import raw
    cookie = inside(gate).cookie_for(WIKI)
    head = (f"GET /api/authz/auth-request HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: __Secure-gate={cookie}\r\nX-Original-Method: GET\r\n"
            "X-Original-URL: https://wiki.example.org/public/x\r\n")
    assert raw(gate, (head + "\r\n").encode())[0] == 200
    assert raw(gate, (head + "X-Original-URL: https://wiki.example.org/public/x\r\n\r\n").encode())[0] == 400


@pytest.mark.parametrize("uri", ["", "X-Forwarded-Uri: \r\n", "X-Forwarded-Uri: /page\r\nX-Forwarded-Uri: /page\r\n", "X-Forwarded-Uri: page\r\n", "X-Forwarded-Uri: *\r\n"])
def test_an_address_without_its_path_is_not_the_front_page(gate, uri):
    from harness.raw import raw
    head = ("GET /api/{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: front.example.org\r\nX-Forwarded-Method: GET\r\n")
    assert raw(gate, (head.format("authz/forward-auth") + "X-Forwarded-Uri: /\r\n\r\n").encode())[0] == 200
    assert raw(gate, (head.format("authz/forward-auth") + uri + "\r\n").encode())[0] == 400
    assert raw(gate, (head.format("verify") + uri + "\r\n").encode())[0] == 401


def test_a_repeated_cookie_is_ignored(gate):
    person = inside(gate)
    cookie = person.cookie_for(WIKI)
    assert ask(gate, WIKI, headers={"Cookie": f"__Secure-gate={cookie}; __Secure-gate={cookie}"}).status_code == 401
    assert ask(gate, WIKI, headers={"Cookie": f"a=b; __Secure-gate={cookie}; c=d"}).status_code == 200


@pytest.mark.parametrize("path", ["/public/../admin/", "/public/%2e%2e/admin/", "/public/..%2fadmin/", "/public/./x", "/public/x%5c..", "/public/..;/x",
                                  "/public/%252e%252e/admin", "/x/%c0%ae%c0%ae/admin"])
@pytest.mark.parametrize("host", ["wiki.example.org", "docs.example.org"])
def test_a_dot_segment_is_refused_whatever_the_rules_say(gate, host, path):
    assert ask(gate, f"https://{host}{path}").status_code == 403
    assert inside(gate).ask(f"https://{host}{path}").status_code == 403


@pytest.mark.parametrize("path", ["/public//x", "/public/;/x", "/public/%2F/x", "//public/x", "/public;/x", "/public/%ff", "/%2570ublic/x", "/public%5cx", "/public/x%00"])
def test_an_ambiguous_path_is_not_public(gate, path):
    answer = ask(gate, "https://wiki.example.org" + path)
    assert answer.status_code in (401, 403) and not named(answer)
    assert answer.status_code == 403 or redirect_query(answer)["rd"] == "https://wiki.example.org" + path


@pytest.mark.parametrize("path", ["/public//x", "/api/queues/%2F/x", "/app;jsessionid=1", "/x%00", "/public/%5c/x"])
def test_an_ambiguous_path_reaches_the_rule_for_other_paths(gate, path):
    person = inside(gate)
    answer = person.ask("https://wiki.example.org" + path)
    assert answer.status_code == 200 and named(answer)["Remote-User"] == person.name


@pytest.mark.parametrize("path", ["/admin//x", "/admin/%2fx", "//admin/x", "/%2fadmin", "/;/admin", "/admin;x", "/adm%ffin"])
def test_an_ambiguous_path_may_match_a_rule_that_denies(gate, path):
    person = inside(gate)
    assert ask(gate, "https://wiki.example.org" + path).status_code in (401, 403)
    assert person.ask("https://wiki.example.org" + path).status_code == 403
    done = check(gate, "https://wiki.example.org" + path, "--user", person.name)
    assert done.returncode == 1 and "line 9: deny" in done.stdout and "in different ways" in done.stdout


def test_gate_check_says_that_a_path_is_ambiguous(gate):
    done = check(gate, "https://wiki.example.org/public//x", "--user", inside(gate).name)
    assert done.returncode == 0 and done.stdout.startswith("Programs read this path in different ways.") and "line 2:" not in done.stdout, done
    done = check(gate, "https://wiki.example.org/public/x")
    assert done.returncode == 0 and "in different ways" not in done.stdout
    done = check(gate, "https://wiki.example.org/public/%2e%2e/x")
    assert done.returncode == 1 and "one or two dots" in done.stdout and "in different ways" not in done.stdout


def test_untrusted_peers_may_not_ask(tmp_path):
    with make(tmp_path, TRUSTED_PROXIES="10.0.0.0/8") as server:
        for endpoint in ENDPOINTS:
            assert ask(server, "https://wiki.example.org/public/x", endpoint).status_code == 403
        assert "gate.stranger" in server.log() and "TRUSTED_PROXIES" in server.log()


def test_networks_match_the_address_of_the_browser(gate):
    assert ask(gate, "https://lan.example.org/", address="192.168.1.2").status_code == 200
    assert ask(gate, "https://lan.example.org/", address="192.0.2.7").status_code == 401
    assert ask(gate, "https://lan.example.org/", address="192.168.1.2, 192.0.2.7").status_code == 401
    assert ask(gate, "https://lan.example.org/", address="nonsense").status_code == 401


def test_another_portal_is_named_under_the_same_domain_only(gate):

    def portal(url, endpoint="auth-request", name="authelia_url"):
        headers = {"X-Original-URL": WIKI, "X-Original-Method": "GET", "Accept": "text/html"}
        answer = requests.get(gate.origin + ("/api/verify" if endpoint == "verify" else "/api/authz/" + endpoint), params={name: url}, headers=headers,
                              allow_redirects=False, timeout=30)
        return answer.headers["Location"].split("?")[0]

    assert portal("https://auth.example.org/") == "https://auth.example.org/"
    assert portal("https://auth.example.org/in", "verify", "rd") == "https://auth.example.org/in"
    assert portal("https://auth.example.org:443/") == "https://auth.example.org:443/"
    for evil in ("https://auth.example.net/", "https://evil.example/", "http://auth.example.org/", "//auth.example.org/", "javascript:alert(1)"):
        assert portal(evil) == f"https://{LOGIN}/gate"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PATCH", "FOO"])
def test_only_the_endpoints_of_envoy_and_the_old_one_take_any_method(gate, method):
    for path, status in (("auth-request", 405), ("forward-auth", 405)):
        answer = requests.request(method, f"{gate.origin}/api/authz/{path}", timeout=30)
        assert answer.status_code == status
    assert ask(gate, WIKI, "ext-authz", method=method).status_code == 303


def test_envoy_sends_the_content_type_of_the_request(gate):
    answer = inside(gate).ask("https://wiki.example.org/save", endpoint="ext-authz", method="POST", headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


def test_an_oversized_header_is_refused_without_a_5xx(gate):
    assert ask(gate, WIKI, headers={"X-Much": "x" * 20000}).status_code == 403


AUTHORITIES = ["wiki.example.org:443", "wiki.example.org:", "wiki.example.org:0443", "WIKI.Example.ORG", "wiki.example.org.", "Wiki.example.org.:443"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("authority", AUTHORITIES)
def test_a_host_is_the_same_with_its_default_port(gate, endpoint, authority):
    person, url = inside(gate), f"https://{authority}/page?x=1"
    assert ask(gate, f"https://{authority}/public/x", endpoint).status_code == 200, "the rule for that host"
    answer = ask(gate, url, endpoint)
    assert answer.status_code in (401, 302) and redirect_query(answer)["rd"] == url.replace(".org.", ".org")
    answer = ask(gate, url, endpoint, cookie=person.cookie_for(WIKI))
    assert answer.status_code == 200 and named(answer)["Remote-User"] == person.name
    claims = json.loads(base64.urlsafe_b64decode(named(answer)["Remote-Jwt"].split(".")[1] + "=="))
    assert claims["aud"] == "wiki.example.org"


@pytest.mark.parametrize("authority", ["wiki.example.org::", "wiki.example.org:443:443", "wiki.example.org:0", "wiki.example.org:65536", "wiki.example.org:https",
                                       "wiki.example.org..", "wiki.example.org,wiki.example.org", "wiki.example.org:443@evil.example"])
def test_a_port_that_cannot_be_understood_is_refused(gate, authority):
    for endpoint in ("auth-request", "forward-auth"):
        headers = {"X-Original-URL": f"https://{authority}/public/x", "X-Original-Method": "GET", "X-Forwarded-Host": authority}
        assert ask(gate, "https://wiki.example.org/public/x", endpoint, headers=headers).status_code == 400, endpoint


def test_the_default_port_passes_the_gate(gate):
    for rd in ("https://wiki.example.org:443/page", "https://wiki.example.org./page"):
        person = Visitor(gate).full()
        assert person.follow_to("/gate?" + urllib.parse.urlencode({"rd": rd})) == rd.replace("org./", "org/")
        assert person.ask(WIKI).status_code == 200
    shop = "https://shop.example.net:443/cart"
    assert person.follow_to("/gate?" + urllib.parse.urlencode({"rd": shop})) == shop
    assert person.ask("https://shop.example.net/cart").status_code == 200


# The gate's cookie


def test_the_gates_cookie_opens_no_page_of_the_account(gate):
    person = inside(gate)
    cookie = person.cookie_for(WIKI)
    for name in ("__Host-doubletour", "__Host-session", "doubletour", "session", "__Secure-gate"):
        for path in ("/", "/account", "/account/profile", "/setup-2fa"):
            page = Visitor(gate).visit(path, cookies={name: cookie})
            assert page.status == 303 and page.location.startswith("/login")
    assert ask(gate, WIKI, headers={"Cookie": f"__Secure-gate={person.session}"}).status_code == 401


def test_a_gate_cookie_is_valid_for_one_domain(gate):
    cookie = inside(gate).cookie_for(WIKI)
    assert ask(gate, "https://example.org/", cookie=cookie).status_code == 200
    assert ask(gate, "https://shop.example.net/", cookie=cookie).status_code == 401


def test_a_tampered_cookie_is_ignored(gate):
    cookie = inside(gate).cookie_for(WIKI)
    for at in range(len(cookie)):
        other = cookie[:at] + ("A" if cookie[at] != "A" else "B") + cookie[at + 1:]
        assert ask(gate, WIKI, cookie=other).status_code == 401, at
    for other in (cookie + "A", cookie[:-1], cookie.lower(), "", "A" * 54, "A" * 5000):
        assert ask(gate, WIKI, cookie=other).status_code == 401


def test_the_gate_cookie_ends_with_its_session(gate):
    for _ in range(5):
        person = inside(gate)
        for _ in range(5):
            assert person.ask(WIKI).status_code == 200
        person.log_out()
        assert person.ask(WIKI).status_code == 401


def test_ending_other_sessions_ends_their_gate_cookies(gate):
    person = inside(gate)
    assert person.ask(WIKI).status_code == 200
    other_browser = Visitor(gate, person.name, person.password)
    other_browser.secret, other_browser.spent = person.secret, person.spent
    other_browser.sign_in()
    other_browser.visit("/account/devices")
    other_browser.post("/account/sessions/end", {"csrf_token": other_browser.page.token, "id": ""})
    assert person.ask(WIKI).status_code == 401


def test_application_requests_keep_the_session_active(gate):
    person = inside(gate)
    for _ in range(4):
        gate.clock.advance(40 * 60)
        assert person.ask(WIKI).status_code == 200
    gate.clock.advance(61 * 60)
    assert person.ask(WIKI).status_code == 401


def test_a_group_change_applies_within_the_cache_lifetime(gate):
    person = inside(gate)
    admin = "https://wiki.example.org/admin/"
    assert person.ask(admin).status_code == 403
    gate.command("user", "groups", person.name, "admins")
    wait_until(lambda: person.ask(admin).status_code == 200, "the group counts", 10)
    gate.command("user", "groups", person.name, "")
    wait_until(lambda: person.ask(admin).status_code == 403, "the account leaves the group", 10)


# Sign-in for an application


def test_sign_in_from_an_application_returns_to_the_application(gate):
    person = Visitor(gate).full()
    person.forget()
    url = redirect_query(ask(gate, WIKI))
    person.visit("/gate?" + urllib.parse.urlencode(url))
    assert person.page.location.startswith("/login?next=%2Fgate")
    person.give_password(person.page.location)
    assert person.page.status == 303 and person.page.location.startswith("/gate?")
    person.arrive(person.page.location)
    assert person.page.heading == "Enter your code"
    person.verify(path=person.page.path)
    assert person.page.status == 303 and person.page.location.startswith("/gate?")
    assert person.follow_to(person.page.location) == WIKI
    assert person.ask(WIKI).status_code == 200


def test_the_return_url_is_stored_after_the_password(gate):
    person = Visitor(gate).full()
    person.forget()
    way = "/gate?" + urllib.parse.urlencode({"rd": WIKI, "rm": "GET"})
    person.give_password("/login?" + urllib.parse.urlencode({"next": way}))
    assert person.verify(path="/verify-2fa").location == way  # a page without the return URL
    assert person.follow_to(way) == WIKI


def test_the_return_url_is_dropped_once_one_factor_suffices(gate):
    person = Visitor(gate).full()
    person.forget()
    easy = "https://easy.example.org/"
    way = "/gate?" + urllib.parse.urlencode({"rd": easy, "rm": "GET"})
    person.give_password("/login?" + urllib.parse.urlencode({"next": way}))
    assert person.follow_to(way) == easy
    assert person.verify(path="/verify-2fa").location == "/"


def test_the_return_url_survives_registration_and_enrolment(gate):
    person = Visitor(gate)
    person.visit("/gate?" + urllib.parse.urlencode({"rd": WIKI, "rm": "GET"}))
    following = person.page.location.partition("?")[2]
    person.send("/register?" + following, {"username": person.name, "password": person.password, "confirm": person.password})
    assert person.page.status == 303
    person.arrive(person.page.location)
    person.secret = person.page.by_id("secret")["value"]
    person.verify(path=person.page.by_id("secret") and "/verify-2fa?" + following)
    person.arrive(person.page.location)
    assert person.follow_to("/gate?" + urllib.parse.urlencode({"rd": WIKI, "rm": "GET"})) == WIKI


@pytest.mark.parametrize("rd", ["https://evil.example/", "http://wiki.example.org/", "//wiki.example.org/", "javascript:alert(1)", "/account", "",
                                "https://wiki.example.org.evil.example/", "https://evil.example\\.example.org/", "https://wiki.example.org@evil.example/",
                                "https://wiki.example.org:443@evil.example/", "https://evil.example/%2F.example.org", "https://wiki.example.org/\r\nX: y",
                                "HTTPS:wiki.example.org", "https://wiki.example.org\t.evil.example/"])
def test_unprotected_hosts_are_refused_as_return_urls(gate, rd):
    person = inside(gate)
    person.visit("/gate?" + urllib.parse.urlencode({"rd": rd}))
    assert (person.page.status, person.page.location) == (303, "/")
    assert "evil" not in Visitor(gate).visit("/gate?" + urllib.parse.urlencode({"rd": rd})).location


def test_a_link_to_the_front_page_returns_to_the_application(gate):
    person = Visitor(gate).full()
    query = urllib.parse.urlencode({"rd": WIKI, "rm": "GET"})
    assert person.follow_to("/?" + query) == WIKI
    assert Visitor(gate).visit("/?" + query).location.startswith("/login?next=%2Fgate%3Frd")


def test_an_overlong_return_url_falls_back_to_the_application(gate):
    url = "https://wiki.example.org/" + "a/" * 2150
    person = Visitor(gate)
    person.visit("/gate?" + urllib.parse.urlencode({"rd": url}))
    following = urllib.parse.parse_qs(person.page.location.partition("?")[2])["next"][0]
    assert following == "/gate?rd=https%3A%2F%2Fwiki.example.org%2F&rm=GET"
    assert inside(gate).follow_to("/gate?" + urllib.parse.urlencode({"rd": url})) == url


# Refusals


def gate_path(url):
    return "/gate?" + urllib.parse.urlencode({"rd": url, "rm": "GET"})


@pytest.mark.parametrize("language, person_reason, closed_reason", [
    ("en", "open to certain people or groups only", "closed to everyone"), ("fr", "réservé à certaines personnes ou à certains groupes", "fermée à tout le monde")])
def test_a_denied_page_says_who_what_why_and_whom_to_ask(gate, language, person_reason, closed_reason):
    person = inside(gate)
    person.language = language
    for url, reason in (("https://wiki.example.org/admin/x", person_reason), ("https://closed.example.org/", closed_reason)):
        assert person.follow_to(gate_path(url)) is None
        page = person.page
        assert page.status == 403 and page.language == language and reason in page.text
        assert urllib.parse.urlsplit(url).hostname in page.heading and person.name in page.dom.one("main").text
        assert page.dom.all("a", href="mailto:help@example.org") and page.dom.one("main").all("a", href="/")
        assert not any(word in page.html for word in ("admins", "max_age", "access.conf", "/admin/**")), "no text of the rules"


@pytest.mark.parametrize("language, words", [("en", "requires a passkey"), ("fr", "demande une clé d’accès")])
def test_a_code_does_not_open_an_application_for_passkeys(gate, language, words):
    person, url = inside(gate), "https://vault.example.org/"
    person.language = language
    assert person.ask(url).status_code == 401 and person.ask(WIKI).status_code == 200
    assert person.follow_to(gate_path(url)) is None
    page = person.page
    assert page.status == 403 and page.heading == f"vault.example.org {words}"
    assert page.dom.one("main").all("a", href="/account/passkeys/new") and not page.dom.all("form", action="/gate")
    with_a_passkey(gate, person.name)
    gate.sql("UPDATE passkeys SET rp_id = ?", LOGIN)
    assert person.follow_to(gate_path(url)) is None
    (form,) = person.page.dom.all("form", action="/gate")
    assert form.one("input", name="rd")["value"] == url and form.one(data_passkey="get")["data-rp-id"] == LOGIN
    assert person.page.status == 403 and not form.all("input", name="otp"), "no code is asked for"
    hidden = {i["name"]: i.get("value") or "" for i in form.all("input", type="hidden")}
    for fields in ({"credential_id": "AAAA", "signature": "AAAA"}, {"csrf_token": "x" * 43}):
        page = person.post("/gate", {**hidden, **fields})
        assert (page.status, page.heading) == (403, f"vault.example.org {words}") and page.dom.one("main").one("p", role="alert").text
        assert not page.dom.all("input", name="otp"), "a code would not help"


@pytest.mark.parametrize("language, words", [("en", "A code is not enough"), ("fr", "Un code ne suffit pas")])
def test_a_new_code_does_not_replace_an_old_passkey(gate, language, words):
    person, url = inside(gate), "https://strongroom.example.org/"
    person.language = language
    with_a_passkey(gate, person.name)
    gate.sql("UPDATE passkeys SET rp_id = ?", LOGIN)
    own = "account_id = (SELECT id FROM accounts WHERE name = ?)"
    gate.sql(f"UPDATE sessions SET passkey_at_us = factor_at_us, factor_id = (SELECT id FROM factors WHERE kind = 'passkey' AND {own}) WHERE {own}", person.name, person.name)
    assert person.follow_to(gate_path(url)) == url and person.ask(url).status_code == 200
    gate.sql(f"UPDATE sessions SET passkey_at_us = factor_at_us - 16 * 60000000 WHERE {own}", person.name)
    wait_until(lambda: person.ask(url).status_code == 401, "the old passkey gives no access")
    assert person.follow_to(gate_path(url)) is None
    (form,) = person.page.dom.all("form", action="/gate")
    assert person.page.status == 403 and words in person.page.text and not form.all("input", name="otp")


def test_another_account_returns_to_the_refused_page(gate):
    person, admin = inside(gate), Visitor(gate).full()
    assert gate.command("user", "groups", admin.name, "admins").returncode == 0
    url = "https://wiki.example.org/admin/x"
    assert person.follow_to(gate_path(url)) is None
    fields = {i["name"]: i["value"] for i in person.page.form.all("input")}
    person.post("/logout", {**fields, "csrf_token": "x" * 43})
    assert person.page.status == 403 and person.page.form.one("input", name="next")["value"] == fields["next"]
    person.post("/logout", {"csrf_token": person.page.token, "next": fields["next"]})
    assert person.page.status == 303 and person.page.location == "/login?next=" + urllib.parse.quote(fields["next"], safe="")
    assert person.ask(url).status_code == 401, "signed out"
    other = Visitor(gate, admin.name, admin.password)
    other.cookies, other.secret, other.spent = person.cookies, admin.secret, admin.spent
    other.give_password(person.page.location)
    other.verify(path=other.follow().path)
    assert other.follow_to(other.page.location) == url


@pytest.mark.parametrize("bad", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:1", "/" + "a" * 8400], ids=lambda bad: bad[:20])
def test_signing_out_follows_no_foreign_return_url(gate, bad):
    person = Visitor(gate).full()
    person.visit("/logout?" + urllib.parse.urlencode({"next": bad}))
    assert not person.page.form.all("input", name="next") and "evil" not in person.page.text
    assert all(link.startswith(("/", "#", "mailto:")) and not link.startswith("//") for link in person.page.links)
    person.post("/logout", {"csrf_token": person.page.token, "next": bad})
    assert (person.page.status, person.page.location) == (303, "/login")


def test_a_page_denied_to_all_needs_no_sign_in(gate):
    anonymous = Visitor(gate)
    anonymous.visit(gate_path("https://closed.example.org/"))
    assert anonymous.page.status == 403 and "closed to everyone" in anonymous.page.text and not anonymous.page.dom.all("form")
    (link,) = anonymous.page.dom.one("main").all("a", class_="primary")
    assert (link["href"], link.text) == ("/login", "Sign in")
    assert anonymous.visit(gate_path("https://wiki.example.org/admin/x")).location.startswith("/login?next=")


def refusal_link(person, url, address):
    """Open a page of an application that sees the visitor at this address; return where the refusal leads."""
    answer = ask(person.server, url, cookie=person.cookie_for(url), address=address)
    assert answer.status_code == 403
    (refresh,) = read_html(answer.text).all("meta", http_equiv="refresh")
    return refresh["content"].partition("url=")[2]


@pytest.mark.parametrize("language, reason, again", [
    ("en", "Your browser uses one network for this page and another one for the application.", "Try again"), ("fr", "Votre navigateur n’utilise pas le même réseau pour cette page et pour l’application.", "Réessayer")])
@pytest.mark.parametrize("url", ["https://office.example.org/x?y=1", "https://office.example.net/x?y=1"])
def test_a_network_that_only_the_application_sees_starts_no_loop(gate, url, language, reason, again):
    person = Visitor(gate, address=f"192.168.{ord(url[19])}.{len(reason)}").full()
    person.language = language
    assert person.follow_to(gate_path(url)) == url, "this page sees the network that the rule names"
    assert person.follow_to(refusal_link(person, url, "2001:db8::7")) is None
    page = person.page
    assert page.status == 403 and reason in page.text and page.dom.one("a", href=url).text == again
    assert page.form.one("input", name="next")["value"] == gate_path(url), "another account returns without the mark"
    assert person.follow_to(page.dom.one("a", href=url)["href"]) == url
    assert person.ask(url).status_code == 200, "on the right network again"


def test_the_gate_cookie_of_another_account_is_replaced(gate):
    # the browser has the gate cookie of another account, which is refused; the account here is granted
    url = "https://wiki.example.org/admin/x"
    person, admin = inside(gate), Visitor(gate).full()
    assert gate.command("user", "groups", admin.name, "admins").returncode == 0
    admin.other = dict(person.other)
    assert admin.follow_to(refusal_link(admin, url, admin.address)) == url
    assert admin.other != person.other and admin.ask(url).status_code == 200


@pytest.mark.parametrize("rd", ["https://evil.example/", f"https://{LOGIN}/", "javascript:1", "https://wiki.example.org/admin/x"])
def test_the_mark_of_a_refusal_gives_no_access(gate, rd):
    person = inside(gate)
    page = person.visit(gate_path(rd) + "&refused=1")
    assert (page.status, page.location) == (303, "/") if "wiki" not in rd else page.status == 403
    assert not (page.dom and page.dom.all("a", href=rd))
    assert Visitor(gate).visit(gate_path(WIKI) + "&refused=1").location.startswith("/login?next=")


@pytest.mark.parametrize("rest, leads_to", [("x?q=" + "%C3%A9" * 100, "x?q=" + "%C3%A9" * 100), ("x?q=" + "%C3%A9" * 900, "x"), ("%C3%A9" * 900, None)],
                         ids=["short", "a long query is left out", "a long path has no link"])
def test_the_page_of_a_refusal_is_short(gate, rest, leads_to):
    """It fits into a buffer of HAProxy (page_max of proxies/haproxy.lua)."""
    url = "https://wiki.example.org/admin/"
    answer = inside(gate).ask(url + rest)
    assert answer.status_code == 403 and len(answer.content) < 12_000
    goes = [link["href"] for link in read_html(answer.text).all("a") if "/gate?" in link["href"]]
    assert [dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query))["rd"] for link in goes] == ([url + leads_to] if leads_to else [])


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_refused_navigation_gets_a_page_that_opens_gate(gate, endpoint):
    person = inside(gate)
    url = "https://wiki.example.org/admin/x?a=%22%3E%3Cb%3E&c='"
    answer = person.ask(url, endpoint=endpoint, headers={"Accept-Language": "fr"})
    page = read_html(answer.text)
    assert answer.status_code == 403 and page.one("html").get("lang") == "fr"
    (refresh,) = page.all("meta", http_equiv="refresh")
    goes = refresh["content"].partition("url=")[2]
    assert urllib.parse.urlsplit(goes).netloc == LOGIN
    assert dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(goes).query)) == {"rd": url, "rm": "GET", "refused": "1"}
    assert person.name not in answer.text, "the application's host must not read the name"
    assert answer.headers["Content-Security-Policy"].startswith(f"default-src 'none'; style-src https://{LOGIN};")
    (sheet,) = page.all("link", rel="stylesheet")
    assert sheet["href"].startswith(f"https://{LOGIN}/static/")
    style = requests.get(gate.origin + sheet["href"].removeprefix(f"https://{LOGIN}"), timeout=30)
    assert style.status_code == 200 and style.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize("headers", [{"Accept": "*/*"}, {"Sec-Fetch-Mode": "cors"}, {"X-Requested-With": "XMLHttpRequest"}])
def test_programs_get_one_sentence(gate, headers):
    person = inside(gate)
    for url, status in (("https://closed.example.org/", 403), ("https://elsewhere.example/", 400)):
        answer = person.ask(url, endpoint="forward-auth", headers=headers)
        assert answer.status_code == status and answer.headers["Content-Type"].startswith("text/plain") and len(answer.text.splitlines()) == 1


# A proxy that asks about the sign-in pages themselves


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("path", ["/login", "/gate?rd=https://wiki.example.org/", "/"])
def test_a_check_of_the_login_host_starts_no_redirect_loop(gate, endpoint, path):
    for host in (LOGIN, f"{LOGIN}:443"):
        answer = ask(gate, f"https://{host}{path}", endpoint, headers={"Accept-Language": "en"})
        assert answer.status_code == 403 and "Location" not in answer.headers and "refresh" not in answer.text
        assert "without asking the gate" in answer.text
    wait_until(lambda: "gate.cycle" in gate.log(), "the log says why")


def test_a_bypass_rule_opens_the_login_host(tmp_path):
    with make(tmp_path, f"rules:\n  - domain: {LOGIN}\n    policy: bypass\n") as server:
        assert ask(server, f"https://{LOGIN}/login").status_code == 200


@pytest.mark.parametrize("rd", [f"https://{LOGIN}/", f"https://{LOGIN}/gate?rd=https://{LOGIN}/", f"https://{LOGIN.upper()}:443/gate", f"https://{LOGIN}./gate"])
def test_a_return_url_never_leads_to_the_login_host(gate, rd):
    for person in (inside(gate), Visitor(gate)):
        page = person.visit(gate_path(rd))
        assert (page.status, page.location) == (303, "/")


@pytest.mark.parametrize("contact", ["ask Anna", "javascript:alert(1)", "help@", "https://", "help@example.org?bcc=x@example.org"])
def test_a_malformed_contact_stops_the_start(tmp_path, contact):
    done = make(tmp_path, CONTACT=contact).command("config", "check")
    assert done.returncode == 78 and "CONTACT" in done.stderr and "mail address" in done.stderr


def test_a_stale_code_asks_for_a_code_only(gate):
    person = inside(gate, groups="admins")
    admin = "https://wiki.example.org/admin/settings"
    wait_until(lambda: person.ask(admin).status_code == 200, "the group counts", 10)
    gate.clock.advance(16 * 60)
    answer = person.ask(admin)
    assert answer.status_code == 401 and person.ask(WIKI).status_code == 200
    assert person.follow_to("/gate?" + urllib.parse.urlencode(redirect_query(answer))) is None
    assert person.page.heading == "Confirm it’s you" and not person.page.dom.all("input", type="password")
    fields = {i["name"]: i.get("value") or "" for i in person.page.form.all("input") if i.has("name")}
    person.post("/gate", {**fields, "otp": "000000"})
    assert person.page.status == 422 and person.page.alerts
    person.post("/gate", {**fields, "otp": ""})
    assert person.page.status == 422
    for _ in range(7):
        person.post("/gate", {**fields, "otp": "12345\u00a0"})
        assert person.page.status == 422 and "This is not a code." in person.page.html, "no attempt"
    person.post("/gate", {**fields, "csrf_token": "x" * 43, "otp": "000000"})
    assert person.page.status == 403 and person.page.form
    person.post("/gate", {**fields, "otp": f"\u200b{person.fresh_code()}\r\n"})
    assert person.page.status == 200 and person.page.heading == "Continue to wiki.example.org"
    assert person.ask(admin).status_code == 200, "at once: no memory of the older proof"


def test_a_one_factor_rule_needs_the_password_only(gate):
    person = Visitor(gate).full()
    person.forget()
    easy = "https://easy.example.org/"
    person.give_password("/login?" + urllib.parse.urlencode({"next": "/gate?" + urllib.parse.urlencode({"rd": easy, "rm": "GET"})}))
    assert person.follow_to(person.page.location) == easy
    assert person.ask(easy).status_code == 200 and named(person.ask(easy))["Remote-User"] == person.name
    assert person.ask(WIKI).status_code == 401
    assert person.visit("/").location.startswith("/verify-2fa"), "and gives no access here"
    gate.clock.advance(45 * 60)
    assert person.ask(easy).status_code == 200, "for as long as a session lasts"
    assert person.ask(WIKI).status_code == 401


def test_an_enrolling_session_has_no_access(gate):
    person = Visitor(gate).enrolling()
    person.visit("/gate?" + urllib.parse.urlencode({"rd": "https://easy.example.org/"}))
    assert person.page.status == 303 and person.page.location.startswith("/setup-2fa")


def test_a_lost_gate_cookie_causes_no_redirect_loop(gate):
    person = inside(gate)
    query = urllib.parse.urlencode({"rd": "https://docs.example.org/round"})
    automatic = [bool(person.visit("/gate?" + query).dom.all("meta", http_equiv="refresh")) for _ in range(6)]
    assert automatic == [True] * 4 + [False] * 2
    assert "docs.example.org keeps sending you back" in person.page.text and person.page.dom.all("a", href="https://docs.example.org/round")
    assert person.visit("/gate?" + urllib.parse.urlencode({"rd": WIKI})).dom.all("meta", http_equiv="refresh"), "another address has its own counter"


# Another domain


def ticket_for(person, url):
    person.visit("/gate?" + urllib.parse.urlencode({"rd": url}))
    (refresh,) = person.page.dom.all("meta", http_equiv="refresh")
    return refresh["content"].partition("url=")[2]


def test_another_domain_is_reached_by_a_ticket(gate):
    person = inside(gate)
    shop = "https://shop.example.net/cart?n=2"
    assert person.ask(shop).status_code == 401
    assert person.follow_to("/gate?" + urllib.parse.urlencode({"rd": shop})) == shop
    assert set(person.other) == {"example.org", "example.net"} and len(set(person.other.values())) == 2
    assert person.ask(shop).status_code == 200
    person.log_out()
    assert person.ask(shop).status_code == 401


def test_a_ticket_works_once_briefly_and_on_its_host(gate):
    person = inside(gate)
    shop = "https://shop.example.net/"

    def use(link, host="shop.example.net"):
        anonymous = Visitor(gate)
        anonymous.visit(link[link.index("/.doubletour"):], host=host)
        return anonymous.other

    link = ticket_for(person, shop)
    assert use(link) and not use(link), "once"
    assert not use(ticket_for(person, shop), host="other.example.net"), "a ticket is for one host"
    link = ticket_for(person, shop)
    gate.clock.advance(31)
    assert not use(link), "within 30 seconds"
    link = ticket_for(person, shop)
    person.log_out()
    assert not use(link), "while the session lasts"
    for link in ("/.doubletour/enter", "/.doubletour/enter?ticket=", "/.doubletour/enter?ticket=" + "A" * 43, "/.doubletour/enter?ticket=" + "A" * 4000):
        assert not use("https://x" + link)


# Signed identity


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(answer):
    return json.loads(decode(named(answer)["Remote-Jwt"].split(".")[1]))


def test_an_application_can_check_the_signature(gate):
    person = inside(gate, groups="staff", email="anna@example.org")
    head, body, signature = named(person.ask(WIKI))["Remote-Jwt"].split(".")
    (key,) = requests.get(gate.origin + "/.well-known/jwks.json", timeout=30).json()["keys"]
    Ed25519PublicKey.from_public_bytes(decode(key["x"])).verify(decode(signature), f"{head}.{body}".encode())
    assert json.loads(decode(head)) == {"alg": "EdDSA", "kid": key["kid"], "typ": "JWT"}
    claims = json.loads(decode(body))
    assert claims.pop("exp") - claims["iat"] == 60 and abs(claims.pop("iat") - gate.clock.now()) < 10
    assert claims == {"iss": f"https://{LOGIN}", "sub": person.name, "aud": "wiki.example.org", "name": person.name, "email": "anna@example.org",
                      "groups": ["staff"], "amr": ["pwd", "otp", "mfa"], "acr": "https://refeds.org/profile/mfa"}
    assert claims_of(person.ask("https://docs.example.org/"))["aud"] == "docs.example.org"


def test_the_identity_names_the_sessions_proofs(gate):
    easy = "https://easy.example.org/"
    person = Visitor(gate).full()
    codes = person.visit("/account/recovery-codes").recovery_codes
    person.log_out()
    person.give_password()
    assert person.follow_to(f"https://{LOGIN}/gate?rd=" + urllib.parse.quote(easy, safe="")) == easy
    claims = claims_of(person.ask(easy))
    assert claims["amr"] == ["pwd"] and "acr" not in claims
    person.forget().recover(codes[0])
    assert person.follow_to(f"https://{LOGIN}/gate?rd=" + urllib.parse.quote(easy, safe="")) == easy
    assert claims_of(person.ask(easy))["amr"] == ["pwd", "otp", "mfa"]


# Rules that change, and failures


def test_sighup_reloads_rules_and_ignores_a_broken_file(tmp_path):
    with make(tmp_path) as server:
        url = "https://wiki.example.org/public/x"
        assert ask(server, url).status_code == 200
        (server.work / "access.conf").write_text("rules:\n  - domain: '*'\n    policy: deny\n")
        server.signal(signal.SIGHUP)
        wait_until(lambda: ask(server, url).status_code == 403, "the new rules hold")
        (server.work / "access.conf").write_text("rules:\n  - domain: '*'\n    polisy: bypass\n")
        server.signal(signal.SIGHUP)
        wait_until(lambda: "rules.kept" in server.log(), "it says what is wrong")
        assert "line 3" in server.log() and ask(server, url).status_code == 403
        (server.work / "access.conf").write_text("rules:\n" + "  - domain: x.example.org\n" * 900 + "  - domain: '*'\n    policy: bypass\n")
        server.signal(signal.SIGHUP)
        wait_until(lambda: ask(server, url).status_code == 200, "a long file is written in parts")
        import os
        os.kill(server.web_pid(), signal.SIGKILL)
        wait_until(lambda: server.serves() and ask(server, url).status_code == 200, "a new web process has them")


@pytest.mark.without_tsan
def test_a_broken_rules_file_is_reported_at_start(tmp_path):
    server = make(tmp_path, "rules:\n  - domain: *.example.org\n")
    done = server.command("run")
    assert done.returncode == 78 and "line 2" in done.stderr and "quotes" in done.stderr
    assert server.command("config", "check").returncode == 78


@pytest.mark.without_tsan
def test_a_rule_for_an_unprotected_host_is_reported(tmp_path):
    for domain, status in (("wiki.example.com", 78), ("'*.example.com'", 78), ("'*.org'", 0), ("example.net", 0), ("'*'", 0)):
        done = make(tmp_path, f"rules:\n  - domain: {domain}\n").command("config", "check")
        assert done.returncode == status, done
        assert status == 0 or "line 2" in done.stderr and "GATE_DOMAINS" in done.stderr


@pytest.mark.parametrize("domain, status", [("co.uk", 78), ("github.io", 78), ("example.co.uk", 0), ("home.arpa", 0)])
def test_a_public_suffix_is_refused_as_a_gate_domain(tmp_path, domain, status):
    server = make(tmp_path, rules=None, GATE_DOMAINS=domain, PUBLIC_URL=f"https://login.{domain}")
    done = server.command("config", "check")
    assert done.returncode == status and ("anyone may register a name" in done.stderr) == (status == 78), done
    assert status == 0 or server.command("run").returncode == 78


@pytest.mark.parametrize("url, rp_id, status", [("https://wiki.login.co.uk", "login.co.uk", 0), ("https://login.co.uk", "co.uk", 78),
                                                ("https://login.github.io", "github.io", 78), ("https://github.io", "github.io", 0)])
def test_a_public_suffix_is_refused_as_the_rp_id(tmp_path, url, rp_id, status):
    server = make(tmp_path, rules=None, GATE_DOMAINS="example.org", PUBLIC_URL=url, PASSKEY_RP_ID=rp_id)
    done = server.command("config", "check")
    assert done.returncode == status and ("browsers make no passkeys" in done.stderr) == (status == 78), done
    assert status == 0 or server.command("run").returncode == 78


def test_two_factors_open_everything_without_a_rules_file(tmp_path):
    with make(tmp_path, rules=None) as server:
        assert ask(server, WIKI).status_code == 401
        assert inside(server).ask(WIKI).status_code == 200
        assert ask(server, "https://wiki.example.com/").status_code == 400


def test_an_unavailable_database_denies_without_an_error(gate):
    person = inside(gate)
    time.sleep(2.1)  # the cache entry has expired
    gate.faults.set("query", 1, lasting=True)
    try:
        answer = person.ask(WIKI)
        assert answer.status_code == 401 and redirect_query(answer)["rd"] == WIKI
    finally:
        gate.faults.clear("query")
    wait_until(lambda: person.ask(WIKI).status_code == 200, "it is back")


# The command line, and the documentation


def check(server, *arguments):
    return server.command("gate", "check", *arguments)


def test_gate_check_says_which_rule_and_why(gate):
    person = inside(gate, groups="staff")
    done = check(gate, "https://wiki.example.org/public/x")
    assert (done.returncode, done.stdout) == (0, "access.conf, line 2: bypass\nA visitor who is not signed in passes.\n")
    done = check(gate, "https://wiki.example.org/admin/", "--user", person.name)
    assert (done.returncode, done.stdout) == (1, f"access.conf, line 9: deny\n{person.name} (staff) is refused.\n")
    done = check(gate, "https://wiki.example.org/", "--user", person.name, "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["outcome"] == "passes"
    assert "must sign in" in check(gate, "https://wiki.example.org/").stdout
    vault = ("https://vault.example.org/", "--user", person.name)
    rule = "access.conf, line 29: two_factor, with a passkey\n"
    done = check(gate, *vault)
    assert (done.returncode, done.stdout) == (1, f"{rule}{person.name} (staff) must use a passkey: a code is not enough.\n")
    done = check(gate, *vault, "--passkey")
    assert (done.returncode, done.stdout) == (0, f"{rule}{person.name} (staff) passes.\n")
    assert json.loads(check(gate, *vault, "--json").stdout)["passkey"] is True
    assert "with a passkey, maximum age of the passkey 900 s" in check(gate, "https://strongroom.example.org/").stdout
    assert check(gate, "https://lan.example.org/", "--address", "192.168.3.4").returncode == 0
    assert check(gate, "https://api.example.org/", "--method", "OPTIONS").returncode == 0


@pytest.mark.parametrize("arguments, status, words", [
    ((), 2, "one address"), (("https://a.example.org", "b"), 2, ""), (("http://wiki.example.org/",), 1, "https://"), (("https://wiki.example.com/",), 1, "GATE_DOMAINS"),
    (("https://wiki.example.org/", "--passkey"), 2, "--passkey needs --user"),
    (("https://wiki.example.org/", "--user", "nobody-of-that-name"), 1, "no account"), (("https://wiki.example.org/", "--method", "get"), 1, "method")])
def test_gate_check_explains_errors(gate, arguments, status, words):
    done = check(gate, *arguments)
    assert done.returncode == status and words in done.stderr, done


@pytest.mark.parametrize("command, value, words", [("email", "anna", "anna@example.org"), ("email", "a@b\nc", "anna@example.org"), ("groups", "A", "a-z"),
                                                   ("groups", ",".join(f"g{n}" for n in range(51)), "50"), ("groups", "é", "a-z")])
def test_user_commands_refuse_an_invalid_email_or_group(gate, command, value, words):
    person = Visitor(gate).full()
    done = gate.command("user", command, person.name, value)
    assert done.returncode == 1 and words in done.stderr


def test_user_add_stores_email_and_groups(gate):
    assert gate.command("user", "add", "ruth.facts", "--email", "ruth@example.org", "--groups", "b, a,b").returncode == 0
    shown = json.loads(gate.command("user", "show", "ruth.facts", "--json").stdout)
    assert (shown["email"], shown["groups"]) == ("ruth@example.org", "a,b")


def test_user_commands_warn_of_a_shared_email(gate):
    said = [gate.command("user", *words) for words in (("add", "shared.one", "--email", "shared@example.org"), ("email", "shared.one", "shared@example.org"),
                                                       ("add", "shared.two", "--email", "Shared@example.org"), ("email", "shared.one", "SHARED@example.org"),
                                                       ("email", "shared.one", ""), ("email", "shared.two", ""))]
    assert [done.returncode for done in said] == [0] * 6
    assert [[name for name in ("one", "two") if f"Warning: shared.{name} has the same" in done.stderr] for done in said] == [[], [], ["one"], ["two"], [], []]


def test_the_rules_of_the_documentation_can_be_read(tmp_path):
    (rules,) = page_blocks("reference/access-rules.md", "yaml", "networks:")
    (moved,) = page_blocks("guides/from-authelia.md", "yaml", "networks:")
    server = make(tmp_path / "moved", moved)
    assert server.command("config", "check").returncode == 0
    assert check(server, "https://wiki.example.org/public/x").stdout.startswith("access.conf, line 4: bypass")
    for number, text in enumerate((rules, (ROOT / "examples" / "access.conf").read_text())):
        server = make(tmp_path / str(number), text)
        assert server.command("config", "check").returncode == 0
        assert "deny" in check(server, "https://wiki.example.org/admin/").stdout or "must " in check(server, "https://wiki.example.org/admin/").stdout


KEYS = """\
networks: {home: [192.168.0.0/16]}
rules:
  - domain: blog.example.org
    query: {action: login}
    policy: bypass
  - domain: blog.example.org
    query: {action: delete}
    policy: deny
  - domain: blog.example.org
    all_groups: [staff, admins]
  - domain: blog.example.org
    networks: [home]
    policy: one_factor
  - domain: '{user}.example.net'
  - domain: wiki.example.org
"""


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    with make(tmp_path_factory.mktemp("keyed"), KEYS) as server:
        yield server


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("query, groups, status", [
    ("?action=login", "", 200),
    ("?action=login&x=1", "", 200),
    ("?action=login&action=delete", "staff,admins", 403),
    ("?action=login;action=delete", "staff,admins", 403),
    ("?action=delete", "staff,admins", 403),
    ("?action=%64elete", "staff,admins", 403),
    ("?action[]=delete", "staff,admins", 403),
    ("?x=1", "staff,admins", 200),
    ("?x=1", "staff", 403),
    ("", "admins", 403),
])
def test_query_and_all_groups_decide(keyed, endpoint, query, groups, status):
    person = inside(keyed, groups=groups)
    assert person.ask("https://blog.example.org/" + query, endpoint=endpoint).status_code == status


def test_a_named_network_matches_the_browsers_address(keyed):
    person = inside(keyed)
    for address, status in (("192.168.4.4", 200), ("192.169.4.4", 403)):
        person.address = address
        assert person.ask("https://blog.example.org/").status_code == status


def test_gate_check_knows_each_key(keyed):
    name = inside(keyed, groups="staff,admins").name
    url = "https://blog.example.org/"
    assert check(keyed, url + "?action=login").stdout.startswith("access.conf, line 3: bypass")
    assert check(keyed, url + "?action=login;action=delete", "--user", name).stdout.startswith("access.conf, line 6: deny")
    assert check(keyed, url, "--user", name).stdout.startswith("access.conf, line 9: two_factor")
    assert check(keyed, url, "--address", "192.168.1.1", "--user", Visitor(keyed).full().name).stdout.startswith("access.conf, line 11: one_factor")
    assert check(keyed, f"https://{name}.example.net/", "--user", name).stdout.startswith("access.conf, line 14: two_factor")
    assert check(keyed, "https://somebody.example.net/", "--user", name).returncode == 1
    assert "must sign in" in check(keyed, "https://somebody.example.net/").stdout
