"""Ambiguous paths, sent to the server directly, as from a proxy that compares one reading and forwards the raw path."""

import pytest

from harness.raw import raw
from harness.spellings import BEHIND, ENDPOINTS, ENTER, ambiguous
from harness.visitor import LOGIN
from test_gate import IDENTITY, inside, make

pytestmark = pytest.mark.without_postgres

BANK = "https://bank.example.org/"
HOSTS = ("wiki.example.org", LOGIN)


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    with make(tmp_path_factory.mktemp("paths"), rules=None) as server:
        yield server


@pytest.fixture(scope="module")
def anna(gate):
    return inside(gate)


def send(gate, path, cookie, host="wiki.example.org", method="GET", **headers):
    """Send all headers that the gate trusts from a proxy."""
    lines = {"Host": host, "Connection": "close", "Accept": "text/html", "Cookie": f"__Secure-gate={cookie}", "X-Original-URL": BANK, "X-Original-Method": "GET",
             "X-Forwarded-Proto": "https", "X-Forwarded-Host": "bank.example.org", "X-Forwarded-Uri": "/", "X-Forwarded-Method": "GET", "X-Forwarded-For": "192.0.2.7", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return raw(gate, f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1"))


def question(path):
    """May a proxy ask about a page of an application at this path?  Yes, if the path has no dot segment."""
    return path.startswith("/api/authz/ext-authz/")


def tells_nothing(headers):
    return not [name for name in IDENTITY if name.lower() in headers] and "location" not in headers and "set-cookie" not in headers


@pytest.mark.parametrize("path", ["/api/verify/..%2f..%2f.doubletour/enter", "/api/verify/../x", "/api/authz/ext-authz/..%2f..%2f..%2f.doubletour/enter"])
def test_no_identity_leaks_through_a_path_that_a_proxy_cleans(gate, anna, path):
    status, headers, _ = send(gate, path, anna.cookie_for(BANK))
    assert status == 403 and tells_nothing(headers), (status, headers)


@pytest.mark.parametrize("host", HOSTS)
def test_an_ambiguous_path_reaches_no_endpoint(gate, anna, host):
    cookie, wrong = anna.cookie_for(BANK), []
    paths = [path for path in ambiguous() if not question(path) or any(dots in path for dots in ("..", "%2e", "%2E", "%ae"))]
    assert len(paths) >= 200
    for path in paths:
        status, headers, _ = send(gate, path, cookie, host)
        if status not in (400, 403) or not tells_nothing(headers) or headers.get("doubletour-refused") != "path":
            wrong.append((path, status, headers))
    assert not wrong, wrong


@pytest.mark.parametrize("path", BEHIND)
def test_endpoints_take_no_path_suffix(gate, anna, path):
    for method in ("GET", "HEAD", "POST"):
        status, headers, _ = send(gate, path, anna.cookie_for(BANK), method=method)
        assert status == 403 and tells_nothing(headers), (status, headers)


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS", "FOO"])
def test_no_method_opens_an_ambiguous_path(gate, anna, method):
    for path in ("/api/verify/..%2f..%2f.doubletour/enter", "/.doubletour/%2e%2e/api/verify", "//api/verify", "/login;x"):
        status, headers, _ = send(gate, path, anna.cookie_for(BANK), method=method)
        assert status in (400, 403) and tells_nothing(headers), (path, status)


@pytest.mark.parametrize("path", ["/login//", "/%6cogin", "/account/../login", "/static/..%2fapp.css", "/static/%61pp.css", "/language/fr;x", "/language//fr", "/healthz%00",
                                  "//", "/robots.txt%20", "/no/such%2fpage", "/caf%C3%A9"])
def test_every_page_has_one_spelling(gate, path):
    status, headers, body = send(gate, path, "", LOGIN)
    assert status == 400 and "text/html" in headers["content-type"] and tells_nothing(headers), (status, headers)


def test_an_absolute_target_is_read_like_a_path(gate, anna):
    for path in ("/api/verify/..%2f..%2f.doubletour/enter", "//api/verify", "/.doubletour%2fenter"):
        status, headers, _ = send(gate, "https://wiki.example.org" + path, anna.cookie_for(BANK))
        assert status in (400, 403) and tells_nothing(headers)


def test_plain_paths_are_answered_as_before(gate, anna):
    cookie = anna.cookie_for(BANK)
    for path in ENDPOINTS[:3]:
        status, headers, _ = send(gate, path, cookie)
        assert status == 200 and headers["remote-user"] == anna.name
    for path in ("", "/", "/page?x=%2f..%2f", "/caf%C3%A9", "/a%20b"):
        status, headers, _ = send(gate, ENDPOINTS[3] + path, cookie, "bank.example.org")
        assert status == 200 and headers["remote-user"] == anna.name
    assert send(gate, ENTER, cookie)[0] == 303
    assert send(gate, "/.well-known/jwks.json", cookie)[0] == 200


# The application's path follows ext-authz/: the rules decide about ambiguous paths, and dot segments are refused.


@pytest.mark.parametrize("path, status", [("/api/queues/%2F/x", 200), ("/app;jsessionid=1", 200), ("//x", 200), ("/a%5cb", 200), ("/a%00b", 200), ("/%2f", 200),
                                          ("/a/../b", 403), ("/a/%2e%2e/b", 403), ("/..;/b", 403), ("/a%2f..%2fb", 403), ("/.", 403), ("/%252e%252e/", 403), ("/%zz", 403)])
def test_an_ambiguous_path_of_an_application_behind_ext_authz(gate, anna, path, status):
    assert send(gate, ENDPOINTS[3] + path, anna.cookie_for(BANK), "bank.example.org")[0] == status


@pytest.mark.parametrize("endpoint", ENDPOINTS[:3])
@pytest.mark.parametrize("path, status", [("/api/queues/%2F/x", 200), ("/app;jsessionid=1", 200), ("//x", 200), ("/a/../b", 403), ("/a/%2e%2e/b", 403), ("/..;/b", 403),
                                          ("/a%2f..%2fb", 403), ("/%252e%252e/", 403)])
def test_an_ambiguous_path_of_an_application_in_a_header(gate, anna, endpoint, path, status):
    answer = send(gate, endpoint, anna.cookie_for(BANK), **{"X-Original-URL": BANK[:-1] + path, "X-Forwarded-Uri": path})
    assert answer[0] == status
