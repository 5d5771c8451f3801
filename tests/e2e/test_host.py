"""The Host header: accepted values, and the page for a wrong address."""

import pytest

from harness.page import Page
from harness.person import Person
from harness.raw import raw
from harness.server import Server

pytestmark = pytest.mark.without_postgres

LOGIN = "login.example.org"


@pytest.fixture(scope="module")
def https(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("https"), PUBLIC_URL=f"https://{LOGIN}", GATE_DOMAINS="example.org", TRUSTED_PROXIES="127.0.0.1") as server:
        yield server


@pytest.fixture(scope="module")
def http(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("http"), PUBLIC_URL=f"http://{LOGIN}:80", INSECURE_HTTP="true") as server:
        yield server


@pytest.fixture(scope="module")
def odd_port(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("port"), PUBLIC_URL=f"https://{LOGIN}:8443") as server:
        yield server


def status(server, host, path="/login", *lines, method="GET", version="1.1"):
    hosts = [] if host is None else [f"Host: {host}"]
    head = "\r\n".join([f"{method} {path} HTTP/{version}", *hosts, *lines, "Connection: close", "", ""])
    return raw(server, head.encode("latin-1"))


HOSTS = [  # server, Host, status, why
    ("https", LOGIN, 200, "the address of PUBLIC_URL"),
    ("https", LOGIN + ":443", 200, "the default port of https"),
    ("https", LOGIN + ":0443", 200, "zeros before the default port"),
    ("https", LOGIN + ":", 200, "an empty port is the default"),
    ("https", "LOGIN.Example.ORG:443", 200, "letters in any case"),
    ("https", LOGIN + ":80", 421, "the default port of the other scheme"),
    ("https", LOGIN + ":8443", 421, "another port"),
    ("https", LOGIN + ":0", 421, "port 0"),
    ("https", LOGIN + ".", 421, "a dot at the end is another origin"),
    ("https", LOGIN + ".:443", 421, "a dot before a port"),
    ("https", "192.168.1.10:5000", 421, "an address of the network"),
    ("https", "[fe80::1]:5000", 421, "an IPv6 address"),
    ("https", "localhost", 421, "this machine"),
    ("https", "example.org", 421, "the domain above"),
    ("https", "x" + LOGIN, 421, "a name that ends alike"),
    ("https", "my_host", 421, "a name with an underscore"),
    ("https", LOGIN + ":443:443", 400, "two ports"),
    ("https", LOGIN + ":65536", 400, "a port too far"),
    ("https", LOGIN + ":https", 400, "a port that is no number"),
    ("https", LOGIN + ":443, evil.example", 400, "two hosts"),
    ("https", "anna@" + LOGIN, 400, "a user"),
    ("https", LOGIN + "/x", 400, "a path"),
    ("https", "2001:db8::1", 400, "IPv6 without brackets"),
    ("https", "[::1", 400, "a bracket that stays open"),
    ("https", "[login]", 400, "a name in brackets"),
    ("https", "a%zz", 400, "a bad percent sequence"),
    ("https", "", 400, "an empty host"),
    ("https", "h" * 256, 400, "a name longer than any"),
    ("http", LOGIN, 200, "the address of PUBLIC_URL"),
    ("http", LOGIN + ":80", 200, "the default port of http"),
    ("http", LOGIN + ":443", 421, "the default port of the other scheme"),
    ("odd_port", LOGIN + ":8443", 200, "the address of PUBLIC_URL"),
    ("odd_port", LOGIN + ":08443", 200, "zeros before the port"),
    ("odd_port", LOGIN, 421, "the default port is not the one of PUBLIC_URL"),
    ("odd_port", LOGIN + ":443", 421, "and neither when it is named"),
]


@pytest.mark.parametrize("which, host, expected, why", HOSTS, ids=[f"{case[0]} {case[3]}" for case in HOSTS])
def test_host_is_compared_as_urls_are(request, which, host, expected, why):
    assert status(request.getfixturevalue(which), host)[0] == expected


def test_a_request_of_http_1_0_without_host_is_misdirected(https):
    assert status(https, None, version="1.0")[0] == 421
    assert status(https, None)[0] == 400, "HTTP/1.1 must name one"


@pytest.mark.parametrize("path", ["/", "/login", "/gate?rd=https://wiki.example.org/", "/account/profile", "/nowhere", "/login?next=https://evil.example/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_no_page_is_served_at_another_address(https, path, method):
    lines = ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 0"] if method == "POST" else []
    got = status(https, "evil.example", path, *lines, method=method)
    assert got[0] == 421 and "location" not in got[1] and "allow" not in got[1]


@pytest.mark.parametrize("path", ["/healthz", "/static/app.css", "/favicon.ico", "/robots.txt", "/manifest.webmanifest"])
def test_health_and_static_files_are_served_for_any_host(https, path):
    assert status(https, "192.168.1.10:5000", path, method="DELETE")[0] == 405
    assert status(https, "192.168.1.10:5000", path)[0] in (200, 204, 303, 404)


class Elsewhere(Person):
    """A person who opened a wrong address."""

    def open(self, host, path="/", accept="text/html"):
        response = self.http.get(self.server.origin + path, headers={"Host": host, "Accept": accept, "Accept-Language": self.language}, allow_redirects=False, timeout=60)
        assert response.status_code == 421
        self.page = Page(response)
        return self.page


@pytest.mark.parametrize("language, heading, words", [("en", "Wrong address", "set PUBLIC_URL to it"), ("fr", "Mauvaise adresse", "donnez-la à PUBLIC_URL")])
@pytest.mark.parametrize("which, right", [("https", f"https://{LOGIN}"), ("http", f"http://{LOGIN}"), ("odd_port", f"https://{LOGIN}:8443")])
def test_the_page_names_the_right_address(request, which, right, language, heading, words):
    person = Elsewhere(request.getfixturevalue(which))
    person.language = language
    for host in ("192.168.1.10:5000", LOGIN + ".", "[fe80::1]:5000"):
        page = person.open(host)
        assert page.heading == heading and words in page.text and page.language == language
        assert [code.text for code in page.dom.one("main").all("code")] == [host, right]
        links = [a["href"] for a in page.dom.all("a") if not a["href"].startswith("#")]
        assert links and all(link == right + "/" or link.startswith(right + "/language/") for link in links), "no link leads to the same error"
        assert not page.dom.all("form")


def test_programs_get_the_right_address_too(https):
    for accept in ("*/*", "application/json", "text/plain"):
        page = Elsewhere(https).open("192.168.1.10:5000", accept=accept)
        assert f"https://{LOGIN}" in page.text


def test_the_requested_address_is_escaped(https):
    page = Elsewhere(https).open("a%3Cb%3E~_.example", "/login?next=%22%3E%3Cscript%3E")
    assert "a%3Cb%3E~_.example" in page.text and "<script>" not in page.html


def test_without_public_url_the_right_address_is_this_machine(server):
    person = Elsewhere(server)
    for host in ("evil.example", "localhost.", "127.0.0.2", "[::2]"):
        page = person.open(host)
        assert page.dom.one("main").all("a")[0]["href"] == f"http://localhost:{server.port}/"
    for host in ("localhost", "LOCALHOST:80", "127.0.0.1:1", f"[::1]:{server.port}", "localhost:"):
        assert status(server, host)[0] == 200, host
    for host in ("localhost:x", "127.0.0.1:1:1", "[::1]x"):
        assert status(server, host)[0] == 400, host


NAVIGATE = "Sec-Fetch-Mode: navigate"
MOVES = [  # path, lines, method, status, why
    ("/login?next=%2Faccount&x", (NAVIGATE,), "GET", 303, "a browser opens a page"),
    ("/login", (NAVIGATE,), "HEAD", 303, "without the body"),
    ("/nothing/", (NAVIGATE,), "GET", 303, "a page that does not exist"),
    ("//evil.example/", (NAVIGATE,), "GET", 400, "a path that begins with two slashes"),
    ("/login", (), "GET", 200, "a program"),
    ("/login", ("Sec-Fetch-Mode: cors",), "GET", 200, "a script"),
    ("/login", (NAVIGATE, "Content-Length: 0"), "POST", 403, "a form is not redirected"),
    ("/healthz", (NAVIGATE,), "GET", 200, "a reply for programs"),
]


@pytest.mark.parametrize("path, lines, method, expected, why", MOVES, ids=[case[4] for case in MOVES])
def test_a_browser_moves_from_127_0_0_1_to_localhost(server, path, lines, method, expected, why):
    for host, better in ((f"127.0.0.1:{server.port}", f"localhost:{server.port}"), ("127.0.0.1", "localhost"), ("[::1]:81", "localhost:81")):
        got, headers, _ = status(server, host, path, *lines, method=method)
        assert (got, headers.get("location")) == (expected, f"http://{better}{path}" if expected == 303 else None)
    got, headers, _ = status(server, f"localhost:{server.port}", path, *lines, method=method)
    assert got != 303 and "location" not in headers


def test_the_start_names_localhost(server):
    assert f"url=http://localhost:{server.port} listening=http://127.0.0.1:{server.port}" in server.log()


ORIGINS = [  # Host, Origin, accepted
    (LOGIN, f"https://{LOGIN}", True), (LOGIN + ":443", f"https://{LOGIN}", True), (LOGIN, f"https://{LOGIN}:443", True),
    ("LOGIN.example.org:0443", f"https://{LOGIN}", True), (LOGIN, f"http://{LOGIN}", False), (LOGIN, f"http://{LOGIN}:443", False), (LOGIN, f"https://{LOGIN}:80", False),
    (LOGIN, f"https://{LOGIN}:8443", False), (LOGIN, f"https://{LOGIN}.", False), (LOGIN, f"https://{LOGIN}:443:443", False), (LOGIN, "https://evil.example", False),
    (LOGIN, "null", False), (LOGIN, f"https://{LOGIN}/", False), (LOGIN, "https://", False), (LOGIN, "", False),
]


@pytest.mark.parametrize("host, origin, accepted", ORIGINS)
def test_origin_is_compared_as_urls_are(https, host, origin, accepted):
    import requests
    page = requests.get(https.origin + "/login", headers={"Host": LOGIN}, timeout=30)
    cookie = "; ".join(line.split(";")[0] for line in page.raw.headers.getlist("Set-Cookie"))
    fields = {"username": "anna.origin", "password": "x" * 12, "csrf_token": Page(page).token}
    answer = requests.post(https.origin + "/login", data=fields, headers={"Host": host, "Origin": origin, "Cookie": cookie}, allow_redirects=False, timeout=30)
    assert answer.status_code == (422 if accepted else 403), answer.text


@pytest.mark.parametrize("target, host, expected", [
    (f"https://{LOGIN}:443/login", LOGIN, 200), (f"https://{LOGIN}/login", LOGIN + ":443", 200), (f"HTTPS://LOGIN.example.org:0443/login", LOGIN, 200),
    (f"https://{LOGIN}:80/login", LOGIN, 400), (f"https://{LOGIN}./login", LOGIN, 400), ("https://evil.example/login", LOGIN, 400), (f"https://a@{LOGIN}/login", LOGIN, 400)])
def test_the_host_of_an_absolute_target_is_compared_as_urls_are(https, target, host, expected):
    assert status(https, host, target)[0] == expected
