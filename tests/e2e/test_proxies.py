"""nginx, Caddy and HAProxy with the printed configurations, in front of an application that returns its request."""

import concurrent.futures
import json
import multiprocessing
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.parse

import pytest
import yaml

from harness.dom import read_html
from harness.proxies import APPS, KINDS, LOGIN, Browser, Echo, Proxy, enter, redirect_query, make, read_answer
from harness.server import ROOT, Server, free_port, wait_until
from harness.torture import scaled
from harness.visitor import Visitor

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]

AWAY = ROOT / "proxies" / "away.html"
PROCESSES = 4
REQUESTS = int(os.environ.get("GATE_REQUESTS", scaled(640, 1280, whole=1280)))  # from 64 people at once


@pytest.fixture(scope="module", params=KINDS)
def world(request, tmp_path_factory):
    with Echo() as echo, make(tmp_path_factory.mktemp(request.param)) as server, Proxy(request.param, server, echo) as proxy:
        yield proxy


def test_signed_out_requests_are_redirected_to_sign_in(world):
    answer = Browser(world).get("/page?x=1&y=2")
    assert answer.status == 302 and redirect_query(world, answer) == {"rd": world.public("wiki.example.org") + "/page?x=1&y=2", "rm": "GET"}


def test_a_background_request_gets_401_with_the_sign_in_url(world):
    for more in ({"accept": "application/json"}, {"headers": [("X-Requested-With", "XMLHttpRequest")]}):
        answer = Browser(world).get("/data", **more)
        assert answer.status == 401 and redirect_query(world, answer)["rd"].endswith("/data"), answer


NAVIGATIONS = [  # other headers, Accept, is it redirected, why
    ([("Sec-Fetch-Mode", "navigate")], "text/html", True, "a browser opens a page"),
    ([("Sec-Fetch-Mode", "navigate")], "*/*", True, "Sec-Fetch-Mode has precedence"),
    ([("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe"), ("Sec-Fetch-Site", "same-origin")], "text/html", True, "a page in a frame"),
    ([("Sec-Fetch-Mode", "navigate"), ("X-Requested-With", "com.example.app")], "text/html", True, "a page in an app's web view"),
    ([("Sec-Fetch-Mode", "cors")], "*/*", False, "fetch()"),
    ([("Sec-Fetch-Mode", "cors")], "text/html", False, "fetch() of a piece of a page"),
    ([("Sec-Fetch-Mode", "same-origin")], "text/html", False, "fetch() within the origin"),
    ([("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")], "image/avif,image/*,*/*;q=0.8", False, "an image"),
    ([("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "script")], "*/*", False, "a script"),
    ([("Sec-Fetch-Mode", "websocket")], "text/html", False, "a websocket"),
    ([("Sec-Fetch-Mode", "nested-navigate")], "text/html", False, "a mode that no browser sends"),
    ([("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Mode", "navigate")], "text/html", False, "two modes, the first of a script"),
    ([("Sec-Fetch-Mode", "navigate"), ("X-Requested-With", "XMLHttpRequest")], "text/html", False, "a script that names itself"),
    ([], "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True, "a browser without Sec-Fetch-Mode"),
    ([], "application/json, TEXT/HTML;q=0.1", True, "HTML is named, whatever its weight"),
    ([], "text/*", True, "HTML is a text"),
    ([], "text/*;q=0.5, */*;q=0.1", True, "a text with a weight"),
    ([], "*/*", False, "curl"),
    ([], "*/*, application/json", False, "a program that prefers any type"),
    ([], "text/html;q=0", False, "HTML is refused"),
    ([], "text/html; q=0.000, */*", False, "HTML is refused, all else taken"),
    ([], "text/*;q=0", False, "texts are refused"),
    ([], "text/*, text/html;q=0", False, "texts, but not HTML"),
    ([], "text/event-stream", False, "an event stream"),
    ([], "text/html-sandboxed", False, "another type with the same beginning"),
    ([], "x-text/html", False, "another type with the same end"),
    ([], None, False, "no Accept"),
]


@pytest.mark.parametrize("headers, accept, redirected, why", NAVIGATIONS, ids=[case[-1] for case in NAVIGATIONS])
def test_only_navigations_are_redirected(world, headers, accept, redirected, why):
    answer = Browser(world).get("/data", headers=headers, accept=accept)
    assert answer.status == (302 if redirected else 401), answer
    assert redirect_query(world, answer) == {"rd": world.public("wiki.example.org") + "/data", "rm": "GET"}
    assert (answer.get("WWW-Authenticate") or "").startswith("Cookie ") or redirected, "RFC 9110 11.6.1"


def test_the_application_receives_the_identity(world):
    browser = enter(world, groups="staff", email="anna@example.org")
    for method, body in (("GET", b""), ("POST", b"a=1&b=" + b"x" * 5000), ("PUT", b"{}"), ("DELETE", b"")):
        answer = browser.request(method, "wiki.example.org", "/page?x=%2F", body=body)
        assert answer.status == 200, answer
        seen = answer.seen
        assert seen["remote-user"] == [browser.person.name] and seen["remote-groups"] == ["staff"] and seen["remote-email"] == ["anna@example.org"]
        assert seen["remote-name"] == [browser.person.name] and seen["remote-jwt"][0].count(".") == 2
        told = json.loads(answer.body)
        assert (told["method"], told["path"], told["body"]) == (method, "/page?x=%2F", body.decode())


FORGED = ["Remote-User", "remote-user", "REMOTE-USER", "Remote_User", "remote_user", "Remote-Groups", "Remote_Groups", "Remote-Name", "Remote-Email",
          "Remote_Email", "Remote-Jwt", "remote_jwt"]


def named(answer):
    return {name: values for name, values in answer.seen.items() if name.replace("_", "-").startswith("remote-")}


def test_forged_identity_headers_never_arrive(world):
    forged = [(name, "root") for name in FORGED]
    browser = enter(world)
    answer = browser.get("/public/x", headers=forged, cookies=False)
    assert answer.status == 200 and not named(answer), "for a page that needs no sign-in"
    answer = browser.get("/public/x", headers=forged)
    assert answer.status == 200 and not named(answer)
    answer = browser.get("/page", headers=forged)
    assert answer.status == 200 and "root" not in str(named(answer)) and answer.seen["remote-user"] == [browser.person.name]
    assert Browser(world).get("/page", headers=forged).status == 302


HOSTILE = [
    [("X-Original-URL", "https://wiki.example.org/public/x")], [("X-Forwarded-Uri", "/public/x")], [("X-Forwarded-Host", "evil.example")],
    [("X-Forwarded-Method", "OPTIONS")], [("X-Original-Method", "OPTIONS")], [("X-Forwarded-Proto", "http")], [("X-Forwarded-For", "127.0.0.1")],
    [("Forwarded", "host=evil.example;proto=http")], [("X-Rewrite-URL", "/public/x")], [("X-Forwarded-Prefix", "/public")],
    [("Connection", "keep-alive, X-Forwarded-Host, X-Original-URL, X-Forwarded-Uri, Cookie")], [("Connection", "close, Remote-User")],
    [("X-HTTP-Method-Override", "OPTIONS")], [("X_Forwarded_Uri", "/public/x")], [("X-Authelia-URL", "https://evil.example/")],
]


@pytest.mark.parametrize("headers", HOSTILE)
def test_no_header_opens_a_closed_path(world, headers):
    answer = Browser(world).get("/page", headers=headers)
    assert answer.status in (302, 400), answer
    if answer.status == 302:
        assert redirect_query(world, answer)["rd"] == world.public("wiki.example.org") + "/page"


@pytest.mark.parametrize("path", ["/public/../page", "/public/%2e%2e/page", "/public/..%2fpage", "/public//../page", "//page", "/./page", "/public/..;/page",
                                  "/public%2f..%2fpage", "/public/%252e%252e/page", "/PUBLIC/x", "/public\\..\\page", "/page;/public/x"])
def test_no_spelling_of_a_path_opens_a_closed_one(world, path):
    answer = Browser(world).get(path)
    assert answer.status in (302, 308, 400, 403, 404), answer
    assert answer.status != 302 or redirect_query(world, answer)


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "PATCH", "PROPFIND", "FOO"])
def test_no_method_opens_a_closed_path(world, method):
    answer = Browser(world).request(method, "wiki.example.org", "/page")
    assert answer.status in (302, 303, 400, 403, 405, 501), answer


def test_a_preflight_request_passes_where_a_rule_says_so(world):
    answer = Browser(world).request("OPTIONS", "wiki.example.org", "/page", headers=[("Origin", "https://x.example"), ("Access-Control-Request-Method", "POST")])
    assert answer.status == 200 and not named(answer)


def test_denied_users_get_403_and_group_members_pass(world):
    browser = enter(world)
    for headers, body in (((), b""), ((("Content-Type", "text/plain"),), b"x" * 5000)):
        answer = browser.request("POST" if body else "GET", "admin.example.org", "/page?x='\"", headers=headers, body=body)
        assert answer.status == 403 and answer.get("Content-Type") == "text/html; charset=utf-8" and not answer.get("Remote-User"), answer
        assert answer.body.startswith(b"<!doctype html>") and b"%0A" not in answer.body
        assert "default-src 'none'" in answer.get("Content-Security-Policy")
        assert (answer.get("X-Frame-Options"), answer.get("X-Content-Type-Options")) == ("DENY", "nosniff")
        (refresh,) = read_html(answer.body.decode()).all("meta", http_equiv="refresh")
        goes = refresh["content"].partition("url=")[2]
        assert goes.startswith(world.public(LOGIN) + "/gate?rd=https%3A%2F%2Fadmin.example.org")
        page = browser.person.visit(goes.removeprefix(world.public(LOGIN)))
        assert page.status == 403 and browser.person.name in page.text and "admin.example.org" in page.heading
    answer = browser.get("/", host="admin.example.org", accept="*/*")
    assert answer.status == 403 and b"<" not in answer.body
    if world.kind != "haproxy":  # it closes the connection before the end of a refused upload
        assert browser.request("POST", "admin.example.org", "/", body=b"x" * 2_000_000).status == 403
    browser = enter(world, groups="admins")
    answer = browser.get("/", host="admin.example.org")
    assert answer.status == 200 and answer.seen["remote-groups"] == ["admins"]


def test_a_pending_session_has_no_access(world):
    browser = enter(world)
    pending = Visitor(world.server, browser.person.name, browser.person.password)
    pending.secret, pending.spent = browser.person.secret, browser.person.spent
    pending.give_password()
    pending.visit("/gate?" + urllib.parse.urlencode({"rd": world.public("wiki.example.org") + "/"}))
    assert pending.page.location.startswith("/verify-2fa") and not pending.other


def test_access_ends_with_the_session_on_one_connection(world):
    browser = enter(world)
    assert browser.get("/page").status == 200
    browser.person.log_out()
    assert browser.get("/page").status == 302


def test_an_expired_session_is_signed_out(world):
    browser = enter(world)
    assert browser.get("/page").status == 200
    world.server.clock.advance(25 * 3600)
    assert browser.get("/page").status == 302


def test_sign_in_across_domains_works_through_the_proxy(world):
    browser = enter(world)
    shop = world.public("shop.example.net") + "/cart"
    browser.person.visit("/gate?" + urllib.parse.urlencode({"rd": shop}))
    (refresh,) = browser.person.page.dom.all("meta", http_equiv="refresh")
    url = refresh["content"].partition("url=")[2]
    assert url.startswith(world.public("shop.example.net") + "/.doubletour/enter?ticket=")
    answer = browser.get(url.partition(str(world.port))[2], host="shop.example.net")
    assert answer.status == 303 and answer.get("Location") == shop
    browser.person.other["example.net"] = re.match(r"__Secure-gate=([^;]+); .*Domain=example\.net", answer.get("Set-Cookie"))[1]
    assert browser.get("/cart", host="shop.example.net").seen["remote-user"] == [browser.person.name]


def test_a_websocket_needs_a_session(world):
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "x3JJHMbDL1EzLkh9GBhXDw==")]
    for accept in (None, "*/*", "text/html"):
        for mode in ([], [("Sec-Fetch-Mode", "websocket")], [("Sec-Fetch-Mode", "navigate")]):
            assert Browser(world).get("/socket", headers=upgrade + mode, accept=accept).status == 401
    browser = enter(world)
    answer = browser.get("/socket", headers=upgrade, accept=None)
    assert answer.status == 101
    hello = browser.streams["wiki.example.org"].read(2 + len("hello " + browser.person.name))
    assert hello[2:].decode() == "hello " + browser.person.name


TUNNELS = [[("Connection", connection), *(("Upgrade", upgrade) for upgrade in upgrades), ("HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA")]
           for connection in ("Upgrade, HTTP2-Settings", "Upgrade")
           for upgrades in (["h2c"], ["H2C"], ["websocket, h2c"], ["websocket", "h2c"], ["h2c", "websocket"], ["TLS/1.0"])]


@pytest.mark.parametrize("headers", TUNNELS)
def test_no_connection_becomes_a_tunnel_to_the_application(world, headers):
    answer = Browser(world).get("/public/x", headers=headers)
    assert answer.status in (200, 400) or (answer.status, answer.get("Upgrade")) == (101, "websocket"), answer
    if answer.status == 200:
        assert "http2-settings" not in answer.seen and answer.seen.get("upgrade", ["websocket"]) == ["websocket"], answer.seen


def test_connection_header_removes_no_identity_header(world):
    browser = enter(world)
    answer = browser.get("/page", headers=[("Connection", "keep-alive, Remote-User, Remote-Jwt, X-Forwarded-For")])
    assert answer.status == 200 and answer.seen["remote-user"] == [browser.person.name] and "remote-jwt" in answer.seen
    assert "remote" not in str(answer.seen.get("connection", "")).lower()


def test_an_applications_query_cannot_change_the_sign_in_url(world):
    for name in ("authelia_url", "rd"):
        answer = Browser(world).get(f"/page?{name}=https://evil.example.org/phish")
        assert answer.status == 302 and redirect_query(world, answer)["rd"].endswith("/phish")


def test_the_gate_is_not_asked_through_the_proxy(world):
    browser = enter(world)
    headers = [("X-Original-URL", world.public("wiki.example.org") + "/page"), ("X-Original-Method", "GET")]
    for path in ("/api/authz/auth-request", "/api/authz/ext-authz/page", "/api/authz/forward-auth", "/api/verify", "/api/verify?rd=https://evil.example.org/"):
        answer = browser.request("GET", LOGIN, path, headers=headers)
        assert answer.status in (403, 404) and not answer.get("Remote-User") and not answer.get("Location"), answer


def test_a_long_url_is_redirected_to_sign_in(world):
    for query in ("%C3%A9" * 600, "x" * 4000):
        answer = Browser(world).get("/page?q=" + query)
        assert answer.status == 302 and answer.get("Location"), answer


@pytest.mark.parametrize("path", ["/page?q=" + "%C3%A9" * 900, "/page?q=" + "x" * 7000, "/page/" + "%C3%A9" * 900, "/page?q=" + "x" * 9000],
                         ids=["query", "plain query", "path", "too long for the gate"])
def test_a_long_url_is_refused_with_the_page(world, path):
    answer = enter(world).get(path, host="admin.example.org")
    if "x" * 9000 in path and world.kind == "nginx":  # its own limit
        assert answer.status == 414
        return
    assert answer.status in (400, 403) and answer.body.startswith(b"<!doctype html>"), answer


def raw(proxy, sni, request, method="GET"):
    with proxy.connect(sni) as connection:
        stream = connection.makefile("rwb")
        stream.write(request.encode())
        stream.flush()
        return read_answer(stream, method)


def test_requests_without_a_path_reach_no_application(world):
    host = f"wiki.example.org:{world.port}"
    for line in (f"CONNECT {host} HTTP/1.1", "OPTIONS * HTTP/1.1"):
        answer = raw(world, "wiki.example.org", f"{line}\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        assert b"remote" not in answer.body and b"headers" not in answer.body, answer


def test_an_underscore_before_the_host_does_not_pass(tmp_path):
    """nginx reads the headers before Host with the settings of the TLS name's server, which may allow underscores."""
    with Echo() as echo, make(tmp_path) as server, Proxy("nginx", server, echo, lambda text: "underscores_in_headers on;\n" + text) as proxy:
        host = f"wiki.example.org:{proxy.port}"
        forged = "".join(f"{name}: root\r\n" for name in FORGED)
        answer = raw(proxy, LOGIN, f"GET /public/x HTTP/1.1\r\n{forged}Host: {host}\r\nConnection: close\r\n\r\n")
        assert answer.status == 200 and "root" not in str(named(answer))


crowd = []  # kept here for the forked processes


def use(browser):
    for n in range(REQUESTS // 64):
        answer = browser.get(f"/page/{n}")
        assert answer.status == 200 and answer.seen["remote-user"] == [browser.person.name], answer
    return REQUESTS // 64


def use_part(part):
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        return sum(pool.map(use, crowd[part::PROCESSES]))


@pytest.mark.one_row
@pytest.mark.sampled
def test_each_of_64_users_gets_the_right_name(world):
    crowd[:] = [enter(world) for _ in range(64)]
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        assert sum(pool.map(use_part, range(PROCESSES))) == REQUESTS // 64 * 64
    print(f"# {world.kind}: {REQUESTS // 64 * 64:,} requests of 64 people, each answered with its own name")


class Namesayer:
    """An application that replies with the user name it received; it is nginx, so that it is as fast as the proxy."""

    def __enter__(self):
        self.port, self.home = free_port(), pathlib.Path(tempfile.mkdtemp(prefix="doubletour-names-"))
        user = "user root;" if os.geteuid() == 0 else ""
        folders = "".join(f"{kind}_temp_path {self.home}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.home / "conf").write_text(f"daemon off; {user} pid {self.home}/pid; error_log {self.home}/error; events {{ }}\nhttp {{ access_log off; {folders} "
                                        f"keepalive_requests 1000000000; server {{ listen 127.0.0.1:{self.port}; return 200 \"<$http_remote_user>\"; }} }}\n")
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-p", self.home, "-e", self.home / "error", "-c", self.home / "conf"])
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.home)


@pytest.mark.skipif(not os.environ.get("TORTURE"), reason="of the long campaign; needs wrk")
@pytest.mark.parametrize("kind", KINDS)
def test_a_million_requests_are_each_answered_with_their_own_name(kind, tmp_path):
    with Namesayer() as application, make(tmp_path) as server, Proxy(kind, server, application) as proxy:
        people = [enter(proxy).person for _ in range(64)]
        url = proxy.public("wiki.example.org")
        # Caddy requires the host's name in TLS, so wrk gets the name, which resolves to this machine for wrk alone
        (tmp_path / "hosts").write_text("127.0.0.1 wiki.example.org\n")
        here = dict(os.environ, LD_PRELOAD="libnss_wrapper.so", NSS_WRAPPER_HOSTS=str(tmp_path / "hosts"))
        (tmp_path / "people").write_text("".join(f"{one.cookie_for(url)} {one.name}\n" for one in people))
        right = 0
        while right < 1_000_000:
            done = subprocess.run(["wrk", "-t64", "-c64", "-d20s", "--timeout", "20s", "-s", pathlib.Path(__file__).parent / "many_names.lua",
                                   url + "/", "--", tmp_path / "people", f"wiki.example.org:{proxy.port}"], env=here, capture_output=True, text=True, check=True)
            some, wrong = map(int, re.search(r"right (\d+) wrong (\d+)", done.stdout).groups())
            assert some > 0 and wrong == 0, done.stdout
            right += some
        print(f"# {kind}: {right:,} requests of 64 people at once, each answered with its own name")


def without_admin(text, echo):
    """The configuration in which the second application does not run."""
    first, second, rest = text.split(f"127.0.0.1:{echo.port}", 2)
    return f"{first}127.0.0.1:{echo.port}{second}127.0.0.1:{free_port()}{rest}"


def test_an_unavailable_doubletour_denies_all_requests(tmp_path, request):
    for kind in KINDS:
        with Echo() as echo, make(tmp_path / kind) as server, Proxy(kind, server, echo, lambda text: without_admin(text, echo)) as proxy:
            browser = enter(proxy, groups="admins")
            assert browser.get("/page").status == 200
            server.end()
            for host, path, method in (("wiki.example.org", "/page", "GET"), ("wiki.example.org", "/public/x", "POST"), (LOGIN, "/login", "GET"), (LOGIN, "/login", "POST")):
                answer = Browser(proxy, browser.person).request(method, host, path)
                assert (answer.status, answer.body) == (503, AWAY.read_bytes()), (kind, answer)
                assert (answer.get("Content-Type"), answer.get("Cache-Control")) == ("text/html; charset=utf-8", "no-store"), (kind, answer)
            server.start()
            wait_until(lambda: Browser(proxy, browser.person).get("/page").status == 200, "it is back")
            answer = Browser(proxy, browser.person).get("/page", host="admin.example.org")
            assert answer.status in (502, 503) and b"Sign-in" not in answer.body, "only the application does not answer"


def test_the_away_page_links_to_the_home_page_only():
    page = read_html(AWAY.read_text())
    assert [(link["href"], link.text) for link in page.all("a")] == [("/", "home page"), ("/", "page d’accueil")]
    assert not [e for e in page.all() if e.has("src") or e.tag == "link"]
    assert page.one("meta", http_equiv="refresh")["content"] == "10"


def test_caddy_refuses_a_200_of_another_server(tmp_path):
    """Caddy has lost headers of a reply before (docs/guides/proxies.md); an application takes the gate's place here."""
    with Echo() as echo, make(tmp_path) as server:
        with Proxy("caddy", server, echo, lambda text: text.replace(f"127.0.0.1:{server.port}", f"127.0.0.1:{echo.port}")) as proxy:
            assert Browser(proxy).get("/page").status == 503


def test_the_page_of_a_wrong_host_has_its_style(world):
    for method, path in (("GET", "/login?x=1"), ("GET", "/api/verify"), ("GET", "/.doubletour/enter"), ("HEAD", "/account/x")):
        answer = raw(world, LOGIN, f"{method} {path} HTTP/1.1\r\nHost: wrong.example.org\r\nAccept-Language: en\r\nConnection: close\r\n\r\n", method)
        assert answer.status == 421 and answer.get("Content-Type") == "text/html; charset=utf-8", answer
        if method == "GET":
            page = read_html(answer.body.decode())
            assert "Wrong address" in page.one("h1").text and page.all("a", href=world.public(LOGIN) + "/")
            for sheet in page.all("link", rel="stylesheet"):
                style = raw(world, LOGIN, f"GET {sheet['href']} HTTP/1.1\r\nHost: wrong.example.org\r\nConnection: close\r\n\r\n")
                assert style.status == 200 and style.get("Content-Type").startswith("text/css")


@pytest.mark.parametrize("path", ["/static/../login", "/static/%2e%2e/healthz", "/static//x", "/a;b"])
def test_a_wrong_host_reaches_no_other_page(world, path):
    answer = raw(world, LOGIN, f"GET {path} HTTP/1.1\r\nHost: wrong.example.org\r\nConnection: close\r\n\r\n")
    assert answer.status == 400, answer


def test_another_host_name_gets_the_page_with_the_right_address(world):
    for host, status in ((f"{LOGIN}.:{world.port}", 421), ("192.168.1.10", 421), (f"LOGIN.example.org:{world.port}", 200)):
        answer = raw(world, LOGIN, f"GET /login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        assert answer.status == status and (status == 200 or f"{world.public(LOGIN)}/".encode() in answer.body), answer


def test_a_dot_at_the_end_of_a_name_gives_no_access(world):
    answer = raw(world, "wiki.example.org", f"GET /page HTTP/1.1\r\nHost: wiki.example.org.:{world.port}\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
    if world.kind == "caddy":  # Caddy does not serve this name
        assert answer.status == 421 and b"headers" not in answer.body, answer
    else:
        assert answer.status == 302 and redirect_query(world, answer)["rd"] == world.public("wiki.example.org") + "/page"


def test_the_gate_is_not_asked_about_the_login_page(world):
    answer = Browser(world).get("/login", host=LOGIN)
    assert answer.status == 200 and b"password" in answer.body


# The printed configuration


@pytest.mark.parametrize("kind", ["traefik", "envoy"])
def test_configurations_without_a_package_are_well_formed(kind, tmp_path):
    done = make(tmp_path).command("proxy-config", kind, *(f"{app}=127.0.0.1:8080" for app in APPS))
    assert done.returncode == 0 and not re.search("@[A-Z]", done.stdout)
    assert yaml.safe_load(done.stdout)
    assert all(app in done.stdout for app in (*APPS, LOGIN))


@pytest.mark.parametrize("arguments, status, words", [
    ((), 2, "proxy-config"), (("apache", "wiki.example.org=127.0.0.1:80"), 2, "apache"), (("nginx", "wiki.example.org"), 1, "APP=UPSTREAM"),
    (("nginx", "https://wiki.example.org=127.0.0.1:80"), 1, "APP=UPSTREAM"), (("nginx", "wiki.example.com=127.0.0.1:80"), 78, "GATE_DOMAINS"),
    (("nginx", "wiki.example.org=127.0.0.1"), 1, "APP=UPSTREAM"), (("nginx", "wiki.example.org=127.0.0.1:80;x"), 1, "APP=UPSTREAM"),
    (("nginx", f"{LOGIN}=127.0.0.1:80"), 1, "login host"), (("nginx", "--lua"), 2, "haproxy"), (("nginx", "--certificate", "a b", "wiki.example.org=127.0.0.1:80"), 1, "path"),
    (("nginx", "--listen", "443", "wiki.example.org=127.0.0.1:80"), 1, "HOST:PORT")])
def test_invalid_arguments_are_explained(arguments, status, words, tmp_path):
    done = make(tmp_path).command("proxy-config", *arguments)
    assert done.returncode == status and words in done.stderr, done


def test_missing_settings_are_named(tmp_path):
    done = Server(tmp_path).command("proxy-config", "nginx", "wiki.example.org=127.0.0.1:80")
    assert done.returncode == 78 and "PUBLIC_URL" in done.stderr and "GATE_DOMAINS" in done.stderr


# doctor


def examine(proxy, *more, path="/page"):
    return proxy.server.command("doctor", proxy.public("wiki.example.org") + path, "--ca", proxy.authority.ca, "--connect", f"127.0.0.1:{proxy.port}", *more, timeout=300)


@pytest.mark.one_row
@pytest.mark.with_asan
def test_the_doctor_accepts_the_printed_configuration(world):
    done = examine(world, "--echo", "/public/headers")
    assert done.returncode == 0 and "nothing gets through" in done.stdout and "none reaches the application" in done.stdout, done.stdout + done.stderr


@pytest.mark.one_row
@pytest.mark.with_asan
def test_the_doctor_says_when_a_page_is_open(world):
    done = examine(world, path="/public/x")
    assert done.returncode == 1 and "a rule leaves this page open" in done.stdout


BROKEN = {  # lines removed from the configuration, and doctor's message
    "nginx": [("auth_request /.doubletour-gate;", "does not ask"), ("proxy_set_header Remote-User $doubletour_user;", "REACHES THE APPLICATION")],
    "caddy": [("status 2xx\n\t\t\t\theader", "status 2xx 3xx\n\t\t\t\theader"), ("request_header -Remote-*", "REACHES THE APPLICATION")],
    "haproxy": [("http-request return status 403 if !login !enter !{ var(txn.doubletour_status) -m int 200 }", ""),
                ("http-request del-header ^remote[-_] -m reg", "REACHES THE APPLICATION")],
}


NO_OTHER = "request_header -X-Nothing"  # replaces a line, because Caddy refuses empty blocks


@pytest.mark.one_row
@pytest.mark.with_asan
@pytest.mark.parametrize("kind", KINDS)
def test_the_doctor_detects_leaked_headers(kind, tmp_path):
    line, words = BROKEN[kind][1]

    def change(text):
        assert line in text
        return text.replace(line, NO_OTHER if kind == "caddy" else "")

    with Echo() as echo, make(tmp_path) as server, Proxy(kind, server, echo, change) as proxy:
        done = examine(proxy, "--echo", "/public/headers", "--json")
        found = [json.loads(row) for row in done.stdout.splitlines()]
        assert done.returncode == 1 and any(words in row["finding"] for row in found), done.stdout + done.stderr


@pytest.mark.with_asan
def test_the_doctor_sees_names_with_an_underscore_leak(tmp_path):
    """Without its line most versions of Caddy forward Remote_User; Debian 13's version does not."""
    def change(text):
        for line in ("\t\t\t\trequest_header -Remote-*\n", "\trequest_header -Remote_*\n"):
            assert line in text
            text = text.replace(line, f"\t{NO_OTHER}\n")
        return text

    with Echo() as echo, make(tmp_path) as server, Proxy("caddy", server, echo, change) as proxy:
        leaks = "remote_user" in named(Browser(proxy).get("/public/headers", headers=[("Remote_User", "root")]))
        done = examine(proxy, "--echo", "/public/headers", "--json")
        assert done.returncode == (1 if leaks else 0) and ("REACHES THE APPLICATION" in done.stdout) == leaks, done.stdout + done.stderr


@pytest.mark.with_asan
def test_the_doctor_sees_that_a_tunnel_can_be_made(tmp_path):
    def change(text):
        assert "proxy_set_header Upgrade $doubletour_upgrade;" in text
        return text.replace("proxy_set_header Upgrade $doubletour_upgrade;", "proxy_set_header Upgrade $http_upgrade;")

    with Echo() as echo, make(tmp_path) as server, Proxy("nginx", server, echo, change) as proxy:
        done = examine(proxy, "--echo", "/public/headers")
        assert done.returncode == 1 and "tunnel" in done.stdout, done.stdout + done.stderr


@pytest.mark.with_asan
def test_the_doctor_sees_a_proxy_that_does_not_ask(tmp_path):
    line, words = BROKEN["nginx"][0]
    with Echo() as echo, make(tmp_path) as server, Proxy("nginx", server, echo, lambda text: text.replace(line, "")) as proxy:
        done = examine(proxy)
        assert done.returncode == 1 and words in done.stdout


@pytest.mark.parametrize("old, new, words", [("X-Original-URL", "X-Other", "THE GATE DOES NOT WORK"),
                                             ("server_name wiki.example.org;", "server_name x.example.org;", "THE PROXY DOES NOT KNOW THIS HOST")])
def test_the_doctor_names_the_fault_of_a_plain_request(old, new, words, tmp_path):
    with Echo() as echo, make(tmp_path) as server, Proxy("nginx", server, echo, lambda text: text.replace(old, new)) as proxy:
        assert words in examine(proxy).stdout


@pytest.mark.with_asan
@pytest.mark.parametrize("arguments, status, words", [((), 2, "URL"), (("http://wiki.example.org/",), 1, "https://"), (("https://wiki.example.org/", "--echo", "x"), 1, "path"),
                                                      (("https://wiki.example.org/", "--connect", "127.0.0.1:1"), 1, "cannot be reached")])
def test_the_doctor_names_its_limits(arguments, status, words, tmp_path):
    done = make(tmp_path).command("doctor", *arguments)
    assert done.returncode == status and words in done.stderr, done


def test_missing_curl_is_reported_with_its_package(tmp_path):
    done = make(tmp_path).command("doctor", "https://wiki.example.org/", PATH="/nowhere")
    assert done.returncode == 1 and "apt install curl" in done.stderr
