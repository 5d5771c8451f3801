"""Authelia's guides for nginx, Caddy and HAProxy, current and of version 4.37, with Doubletour instead of Authelia."""

import urllib.parse

import pytest

from harness.guides import GUIDES, Guide
from harness.proxies import LOGIN, Browser, Echo, enter, make
from harness.visitor import Visitor

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]

BROWSER = [("Sec-Fetch-Mode", "navigate")]
SCRIPT = [("Sec-Fetch-Mode", "cors")]
TARGETS = ["/page", "/page?x=1", "/deep/er/page?q=%C3%A9"]


@pytest.fixture(scope="module", params=GUIDES)
def world(request, tmp_path_factory):
    with Echo() as echo, make(tmp_path_factory.mktemp("guide")) as server, Guide(request.param, server, echo) as proxy:
        yield proxy


def sign_in_url(answer):
    """Return the sign-in URL of a redirect without its port: a guide's proxy listens on 443."""
    parts = urllib.parse.urlsplit(answer.get("Location"))
    assert (parts.scheme, parts.hostname) == ("https", LOGIN) and parts.path in ("/", "/gate"), answer
    back = urllib.parse.urlsplit(dict(urllib.parse.parse_qsl(parts.query))["rd"])
    return f"{back.scheme}://{back.hostname}", back


@pytest.mark.parametrize("headers", [BROWSER, []], ids=["a browser of today", "a browser without Sec-Fetch-Mode"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_visitor_is_redirected_to_sign_in(world, target, headers):
    answer = Browser(world).get(target, headers=headers)
    origin, back = sign_in_url(answer)
    assert answer.status == 302 and origin == "https://wiki.example.org" and back.path == urllib.parse.unquote(target.partition("?")[0])


def test_sign_in_returns_to_the_page(world):
    answer = Browser(world).get("/page", headers=BROWSER)
    person = Visitor(world.server).full()
    back = person.follow_to(answer.get("Location"))
    assert back and urllib.parse.urlsplit(back).hostname == "wiki.example.org" and urllib.parse.urlsplit(back).path == "/page"
    answer = Browser(world, person).get("/page", headers=BROWSER)
    assert answer.status == 200 and answer.seen["remote-user"] == [person.name]


def test_the_application_receives_the_identity(world):
    browser = enter(world, groups="staff", email="anna@example.org")
    for method, body in (("GET", b""), ("HEAD", b""), ("POST", b"a=1"), ("PUT", b"{}"), ("DELETE", b"")):
        answer = browser.request(method, "wiki.example.org", "/page?x=1&y=2", body=body)
        assert answer.status == 200, (method, answer)
        if method != "HEAD":
            assert answer.seen["remote-user"] == [browser.person.name] and answer.seen["remote-groups"] == ["staff"]
            assert answer.seen["remote-email"] == ["anna@example.org"] and answer.seen["remote-name"] == [browser.person.name]


def test_a_public_page_needs_no_sign_in(world):
    assert Browser(world).get("/public/x").status == 200
    assert enter(world).get("/public/x").status == 200


@pytest.mark.parametrize("name, value", [("X-Original-URL", "https://wiki.example.org/public/x"), ("X-Original-Method", "OPTIONS"), ("X-Forwarded-Uri", "/public/x"),
                                         ("X-Forwarded-Method", "OPTIONS"), ("X-Forwarded-Host", "shop.example.net"), ("X-Rewrite-URL", "/public/x")])
def test_no_header_of_a_browser_changes_the_question(world, name, value):
    answer = Browser(world).get("/secret", headers=[*BROWSER, (name, value)])
    assert answer.status in (302, 401, 403), answer
    browser = enter(world)
    answer = browser.get("/", host="admin.example.org", headers=[*BROWSER, (name, value.replace("/public/x", "/"))])
    assert answer.status in (302, 401, 403), answer


def test_denied_users_get_403(world):
    """HAProxy's guide of 4.37 has no 403: it redirects to the sign-in pages, which show the refusal."""
    browser = enter(world)
    answer = browser.get("/", host="admin.example.org", headers=BROWSER)
    if world.name == "HAProxy of 4.37":
        assert answer.status == 302 and browser.person.follow_to(answer.get("Location")) is None and browser.person.page.status == 403
    else:
        assert answer.status == 403


def test_a_session_that_ended_is_asked_to_sign_in(world):
    browser = enter(world)
    assert browser.get("/page", headers=BROWSER).status == 200
    browser.person.log_out()
    assert browser.get("/page", headers=BROWSER).status == 302


@pytest.mark.parametrize("method, headers, accept", [("GET", SCRIPT, "*/*"), ("GET", [], "application/json"), ("GET", [], None), ("POST", SCRIPT, "*/*"), ("HEAD", [], "*/*"),
                                                     ("OPTIONS", SCRIPT, "*/*"), ("POST", BROWSER, "text/html"), ("DELETE", [], "text/html"),
                                                     ("GET", [("X-Requested-With", "XMLHttpRequest")], "*/*")])
def test_no_request_without_a_session_gets_a_server_error(world, method, headers, accept):
    for path in ("/page", "/page?rd=https://evil.example/&authelia_url=https://evil.example/", "/" + "x" * 3000):
        answer = Browser(world).request(method, "wiki.example.org", path, headers=headers, accept=accept)
        assert answer.status in (302, 303, 401) or (method == "OPTIONS" and answer.status == 200), (path, answer)
        assert "evil" not in (answer.get("Location") or "").partition("?")[0]
