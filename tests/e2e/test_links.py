"""One-time links and invitations: their use, their end, and the places where their token must not appear."""

import base64
import hashlib
import os
import random
from urllib.parse import urlsplit

import pytest

from harness import Person, Server
from harness.server import wait_until

NEW = "a new password of several words"
DAY = 24 * 60 * 60
CHOSEN = {"password": NEW, "confirm": NEW}


def command(server, *arguments):
    result = server.command(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def link_of(server, *arguments):
    """Return the path and query of the link in a command's output."""
    parts = urlsplit(command(server, *arguments).strip())
    return f"{parts.path}?{parts.query}"


def token_of(link):
    return link.split("=")[1]


def is_dead(page):
    return page.status == 404 and page.alerts and not page.dom.one("main").all("form")


@pytest.fixture
def new_user(server):
    """A person whom the administrator has just added, with the link."""
    person = Person(server, password=NEW)
    person.link = link_of(server, "user", "add", person.name)
    return person


@pytest.fixture
def alice(server):
    return Person(server).full()


# Pages behind a link


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_new_account_chooses_its_password_and_enrols(new_user, language):
    new_user.language = language
    page = new_user.visit(new_user.link)
    assert page.status == 200 and page.language == language and new_user.name in page.dom.one("main").text
    assert page.value("username") == new_user.name, "for the password manager of the browser"
    assert new_user.send(new_user.link, CHOSEN).location == "/setup-2fa" and new_user.follow().flashes
    assert new_user.visit("/").location == "/setup-2fa", "no page opens before the factor is enrolled"
    new_user.confirm()
    assert new_user.visit("/").status == 200
    new_user.forget().sign_in()
    assert new_user.visit("/").status == 200


def test_a_reset_password_ends_all_sessions_and_asks_for_the_factor(server, alice):
    signed_in, other_browser = alice.session, Person(server, alice.name, alice.password)
    link = link_of(server, "user", "reset-password", alice.name)
    wait_until(lambda: alice.visit("/").status == 303, "her session ends within the lifetime of the cache")
    alice.forget().visit(link)
    assert alice.page.status == 200 and alice.name in alice.page.text and "Your authenticator stays the same." in alice.page.text
    assert alice.send(link, CHOSEN).location == "/verify-2fa" and alice.follow().flashes
    assert alice.visit("/account").location.startswith("/verify-2fa")
    alice.verify()
    assert alice.visit("/").status == 200
    assert alice.session != signed_in
    assert other_browser.give_password().status == 422, "the old password is invalid"


def test_a_second_link_of_a_new_account_announces_the_set_up(new_user):
    new_user.visit(link_of(new_user.server, "user", "reset-password", new_user.name))
    assert "Next, you set up two-factor authentication." in new_user.page.text and "stays the same" not in new_user.page.text


def test_viewing_the_form_does_not_consume_the_link(new_user):
    for method in ("GET", "HEAD", "GET"):
        assert new_user.request(method, new_user.link).status == 200
    assert Person(new_user.server).visit(new_user.link).status == 200
    assert new_user.send(new_user.link, CHOSEN).status == 303


def test_a_link_replaces_the_browsers_other_session(new_user, alice):
    before = alice.session
    alice.send(new_user.link, CHOSEN)
    assert alice.page.location == "/setup-2fa" and alice.session != before
    assert alice.visit("/account").location.startswith("/setup-2fa"), "this browser has no access to alice's pages any more"
    alice.cookies = {"doubletour": before}
    assert alice.visit("/account").location.startswith("/login"), "nor with the earlier token"


def test_a_change_of_language_keeps_the_link(new_user):
    page = new_user.visit(new_user.link)
    switch = page.dom.one("footer").one("a", hreflang="fr")["href"]
    assert new_user.visit(switch).location == new_user.link
    assert new_user.visit(new_user.link).language == "fr"
    assert new_user.send(new_user.link, {"password": "court", "confirm": "court"}).status == 422
    switch = new_user.page.dom.one("footer").one("a", hreflang="en")["href"]
    assert new_user.visit(switch).location == new_user.link, "also from the form that is shown again"


def test_malformed_tokens_are_escaped_in_the_language_switch(server):
    person = Person(server)
    page = person.visit("/set-password?link=%26next=//x.example%22%3E%3Cb%3E")
    assert is_dead(page) and "<b>" not in page.html
    back = person.visit(page.dom.one("footer").one("a", hreflang="fr")["href"]).location
    assert back == "/set-password?link=%26next%3D%2F%2Fx.example%22%3E%3Cb%3E"


# Errors in the form


@pytest.mark.parametrize("fields, field", [
    ({"password": "short", "confirm": "short"}, "password"), ({"password": "", "confirm": ""}, "password"), ({"confirm": ""}, "confirm"),
    ({"confirm": "another"}, "confirm"), ({"password": "123456789", "confirm": "123456789"}, "password"),
    ({"password": "y" * 3000, "confirm": "y" * 3000}, "password"),
], ids=["short", "empty", "not again", "differs", "guessable", "enormous"])
def test_a_bad_password_is_explained_and_keeps_the_link(new_user, fields, field):
    page = new_user.send(new_user.link, {**CHOSEN, **fields})
    assert page.status == 422 and page.errors[field] and new_user.name in page.text
    assert len(page.dom.all(role="meter")) == (0 < len({**CHOSEN, **fields}["password"]) < 1000)
    form = page.form_to("/set-password")
    kept = {i["name"]: i["value"] for i in form.all("input", type="hidden")}
    assert new_user.post("/set-password", {**kept, **CHOSEN}).status == 303, "the same page continues"


def test_the_account_s_name_is_the_link_s_not_the_form_s(new_user, alice):
    new_user.send(new_user.link, {**CHOSEN, "username": alice.name})
    assert new_user.confirm().status == 303 and new_user.name in new_user.visit("/account").text
    assert alice.visit("/").status == 200


def test_a_form_from_somewhere_else_sets_no_password(new_user):
    fields = {"link": token_of(new_user.link), **CHOSEN}
    new_user.visit(new_user.link)
    token = new_user.page.token
    cross_site = {"Origin": "https://example.org", "Sec-Fetch-Site": "cross-site"}
    for sent, headers in ((fields, None), ({**fields, "csrf_token": "A" * 43}, None), ({**fields, "csrf_token": token}, cross_site)):
        page = new_user.post("/set-password", sent, headers=headers)
        assert page.status == 403 and page.alerts and NEW not in page.html
        assert page.form_to("/set-password"), "the page has the form to send"
    assert new_user.send(new_user.link, CHOSEN).status == 303, "the link stays valid"


# Ends of a link


def test_a_link_works_once(new_user):
    new_user.visit(new_user.link)
    open_page = {"csrf_token": new_user.page.token, "link": token_of(new_user.link)}
    cookies = dict(new_user.cookies)
    assert new_user.send(new_user.link, CHOSEN).status == 303
    late = Person(new_user.server)
    assert is_dead(late.visit(new_user.link))
    late.cookies = cookies
    other = "another password of several words"
    assert is_dead(late.post("/set-password", {**open_page, "password": other, "confirm": other})), "a form opened before"
    assert not late.session
    assert Person(new_user.server, new_user.name, other).give_password().status == 422


def test_a_link_works_for_a_day(make_server):
    server = make_server()
    link = link_of(server, "user", "add", "early.person")
    late = link_of(server, "user", "add", "late.person")
    person = Person(server)
    server.clock.advance(DAY - 60)
    assert person.visit(link).status == 200
    assert person.send(link, CHOSEN).status == 303
    other = Person(server)
    fields = {"csrf_token": other.visit(late).token, "link": token_of(late), **CHOSEN}
    assert other.page.status == 200
    server.clock.advance(61)
    assert is_dead(other.post("/set-password", fields)) and not other.session, "a form that was open a minute ago"
    assert is_dead(other.visit(late))


def planted(server, person, kind="password", life=DAY):
    """A link of a signed-in user: the command that makes one would end the session."""
    token = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=")
    now_us = int(server.clock.now() * 1e6)
    server.sql("INSERT INTO links (id, token_hash, kind, account_id, created_at_us, expires_at_us) "
               "VALUES (?, ?, ?, (SELECT id FROM accounts WHERE name = ?), ?, ?)",
               random.getrandbits(62), hashlib.sha256(token).digest(), kind, person.name, now_us, now_us + life * 1_000_000)
    return "/set-password?link=" + token.decode()


def new_password(server, alice):
    assert alice.send("/account/password", {"current": alice.password, **CHOSEN}).location == "/account/security"


def closing(server, alice):
    assert alice.send("/account/close", {"username": alice.name, "current": alice.password}).location == "/login"


def another_link(server, alice):
    assert Person(server).send(planted(server, alice), CHOSEN).status == 303


def reset(server, alice):
    command(server, "user", "reset-password", alice.name)


def disable(server, alice):
    command(server, "user", "disable", alice.name)


def delete(server, alice):
    command(server, "user", "delete", alice.name, "--yes")


@pytest.mark.parametrize("act", [new_password, closing, another_link, reset, disable, delete])
def test_a_link_expires_with_its_purpose(server, alice, act):
    link = planted(server, alice)
    opened = Person(server)
    fields = {"csrf_token": opened.visit(link).token, "link": token_of(link), **CHOSEN}
    assert opened.page.status == 200
    act(server, alice)
    assert is_dead(Person(server).visit(link))
    assert is_dead(opened.post("/set-password", fields)) and not opened.session, "nor can an open form"


def test_a_password_set_with_a_link_ends_all_other_sessions(server, alice):
    link, found = planted(server, alice), Person(server)
    assert alice.visit("/account").status == 200
    assert found.send(link, CHOSEN).location == "/verify-2fa"
    assert alice.visit("/account").location.startswith("/login"), "at once, because the server made the change"


def test_a_wrong_current_password_does_not_kill_a_link(server, alice):
    link = planted(server, alice)
    assert alice.send("/account/password", {"current": "wrong", **CHOSEN}).status == 422
    assert alice.send("/account/close", {"username": alice.name, "current": "wrong"}).status == 422
    assert Person(server).visit(link).status == 200


def test_a_link_follows_a_new_name(server, new_user):
    command(server, "user", "rename", new_user.name, new_user.name + ".two")
    assert new_user.name + ".two" in new_user.visit(new_user.link).text
    assert new_user.send(new_user.link, CHOSEN).status == 303


# Invalid links


@pytest.mark.parametrize("language, word", [("fr", "administration"), ("en", "administrator")])
def test_used_expired_and_unknown_links_get_one_answer(server, language, word):
    used, old = (link_of(server, "user", "add", f"{name}.{language}") for name in ("used", "old"))
    Person(server).send(used, CHOSEN)
    server.sql("UPDATE links SET expires_at_us = 1 WHERE token_hash = ?", hashlib.sha256(token_of(old).encode()).digest())
    said = set()
    for link in (used, old, "/set-password?link=" + "A" * 43, "/set-password"):
        page = Person(server, language=language).visit(link)
        assert is_dead(page) and word in page.alerts[0]
        said.add(page.dom.one("main").text)
    assert len(said) == 1


@pytest.mark.parametrize("link", [None, "", "x", "A" * 43, "A" * 64, "A" * 5000, "\0", "é" * 43], ids=lambda link: repr(link)[:12])
def test_a_form_with_no_real_link_sets_nothing(server, link):
    person = Person(server)
    person.visit("/login")
    fields = {"csrf_token": person.page.token, **CHOSEN}
    page = person.post("/set-password", fields if link is None else {**fields, "link": link})
    assert page.status in (400, 404, 413) and page.alerts and not person.session


def test_invitations_and_password_links_are_not_interchangeable(make_server):
    server = make_server(REGISTRATION="invite")
    invitation, link = link_of(server, "invite"), link_of(server, "user", "add", "added.person")
    person = Person(server)
    assert is_dead(person.visit("/set-password?link=" + token_of(invitation)))
    token = person.visit("/login").token
    assert is_dead(person.post("/set-password", {"csrf_token": token, "link": token_of(invitation), **CHOSEN})) and not person.session
    use_invitation(person, token_of(link))
    assert person.page.status == 403 and person.page.alerts
    assert person.visit(link).status == 200, "the attempt does not use it up"
    person.send(invitation, {"username": person.name, **CHOSEN})
    assert person.page.location == "/setup-2fa", "nor is the invitation used up"


# Invitations


def use_invitation(person, invite):
    """Send the form, which the page of an invalid invitation does not show."""
    page = person.visit("/register?invite=" + invite)
    assert page.status == 404 and page.alerts and not page.dom.one("main").all("form")
    return person.post("/register", {"csrf_token": person.visit("/login").token, "invite": invite, "username": person.name, **CHOSEN})


@pytest.fixture(scope="module")
def inviting(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("inviting"), REGISTRATION="invite") as one:
        yield one
        assert one.stop() == 0


@pytest.mark.parametrize("language, words", [("fr", "Demandez-en une"), ("en", "Ask the administrator for one")])
def test_without_an_invitation_the_page_says_to_ask_for_one(inviting, language, words):
    person = Person(inviting, language=language)
    page = person.visit("/register")
    assert page.status == 403 and words in page.alerts[0] and not page.dom.one("main").all("form")
    assert "/register" not in [a["href"] for a in person.visit("/login").dom.all("a", href=True)]


@pytest.mark.parametrize("invite", ["x", "A" * 43, "A" * 64, '"><b>'])
def test_an_invalid_invitation_creates_no_account(inviting, invite):
    person = Person(inviting)
    page = use_invitation(person, invite)
    assert page.status == 403 and page.alerts and not person.session
    assert inviting.command("user", "show", person.name).returncode == 1


def test_an_invitation_survives_a_refusal_and_a_language_switch(inviting):
    link = link_of(inviting, "invite")
    person = Person(inviting)
    page = person.visit(link)
    assert person.visit(page.dom.one("footer").one("a", hreflang="fr")["href"]).location == link
    page = person.send(link, {"username": "x", **CHOSEN})
    assert page.status == 422 and page.errors["username"] and page.language == "fr"
    kept = {i["name"]: i["value"] for i in page.form_to("/register").all("input", type="hidden")}
    assert person.visit(page.dom.one("footer").one("a", hreflang="en")["href"]).location == link
    assert person.post("/register", {**kept, "username": person.name, **CHOSEN}).location == "/setup-2fa"


def test_an_invitation_works_once_and_for_a_day(inviting):
    link, late = link_of(inviting, "invite"), link_of(inviting, "invite")
    first, second = Person(inviting), Person(inviting)
    assert first.send(link, {"username": first.name, **CHOSEN}).status == 303
    assert use_invitation(second, token_of(link)).status == 403
    inviting.clock.advance(DAY + 1)
    assert use_invitation(second, token_of(late)).status == 403 and not second.session


def test_an_invitation_does_not_open_closed_registration(make_server):
    server = make_server(REGISTRATION="closed")
    person = Person(server)
    page = person.visit("/register?invite=" + "A" * 43)
    assert page.status == 403 and not page.dom.one("main").all("form")


# Places where a token must not appear


def test_a_link_s_token_stays_out_of_log_database_and_other_sites(server, new_user):
    token = token_of(new_user.link)
    page = new_user.visit(new_user.link)
    assert page.headers["Referrer-Policy"] in ("same-origin", "strict-origin", "no-referrer")
    assert page.headers["Cache-Control"] == "no-store"
    external = [e["href"] for e in page.dom.all("a", href=True) if not e["href"].startswith("/")]
    assert external in ([], ["#main"]), "the page has no link to another site"
    new_user.visit(page.dom.one("footer").one("a", hreflang="fr")["href"])
    new_user.send(new_user.link, {**CHOSEN, "confirm": "another"})
    new_user.send(new_user.link, CHOSEN)
    assert new_user.page.status == 303 and token not in new_user.page.location
    new_user.visit(new_user.link)
    log = server.log()
    assert log.count("/set-password") >= 5, "these requests were logged"
    assert token not in log and token[:20] not in log
    for file in server.data.rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes()
    for event in server.command("audit", "--json").stdout.splitlines():
        assert token not in event
