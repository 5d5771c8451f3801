"""The end of a session at an application's request: each row of docs/reference/openid-connect.md, "Signing out"."""

import itertools
import urllib.parse

import pytest

from harness import Person
from harness.relying_party import RelyingParty, b64, good, refused

END, CONFIRM = "/api/oidc/end-session", "/api/oidc/logout"
OFFLINE = "openid offline_access"
NONE = b64(b'{"alg":"none","typ":"JWT"}')
_numbers = itertools.count(1)


def party(server, *options, after=None, **more):
    """Add a client with its own address to return to, and with another name for each test."""
    name = f"ending-{next(_numbers)}"
    app = RelyingParty.add(server, name, "--name", name.title(), "--logout", after or f"https://{name}.example.org/after?kept=1", *options, **more)
    app.after = after or f"https://{name}.example.org/after?kept=1"
    return app


@pytest.fixture(scope="module")
def app(server):
    return party(server)


def end(person, **parameters):
    return person.visit(f"{END}?{urllib.parse.urlencode(parameters)}")


def lives(person):
    return person.visit("/account").status == 200


def confirm(person):
    hidden = {i["name"]: i.get("value") or "" for i in person.page.form_to(CONFIRM).all("input", type="hidden")}
    return person.post(CONFIRM, hidden)


def opened_url(page):
    """Return the URL that a page after a form opens: after 0 seconds, and by its link."""
    url = page.dom.one("meta", **{"http-equiv": "refresh"})["content"].removeprefix("0; url=")
    assert page.status == 200 and page.dom.one("a", class_="primary")["href"] == url
    return url


def asks(page, person, name=None):
    assert (page.status, page.location) == (200, None) and person.name in page.text, repr(page)
    assert f"{name or 'An application'} asks to sign you out here." in page.text
    return page


def test_a_hint_of_this_session_ends_it_at_once(app):
    person = Person(app.server).full()
    tokens = app.sign_in(person)
    page = end(person, id_token_hint=tokens["id_token"], post_logout_redirect_uri=app.after, state="s t&+é%")
    assert (page.status, page.location) == (303, app.after + "&state=s%20t%26%2B%C3%A9%25") and person.session is None
    assert not lives(person)
    refused(app.userinfo(tokens["access_token"]), "invalid_token", 401)


def test_an_expired_hint_of_this_session_ends_it_at_once(make_server):
    app = party(make_server())
    person = Person(app.server).full()
    tokens = app.sign_in(person)
    for _ in range(3):
        app.server.clock.advance(40 * 60)
        assert lives(person)
    assert tokens["claims"]["exp"] < app.server.clock.now()
    assert end(person, id_token_hint=tokens["id_token"], post_logout_redirect_uri=app.after).location == app.after
    assert not lives(person)


def test_without_an_address_the_sign_in_page_follows(app):
    person = Person(app.server).full()
    assert end(person, id_token_hint=app.sign_in(person)["id_token"], state="lost").location == "/login"
    assert not lives(person)


def test_a_hint_of_another_session_asks_first(app):
    person = Person(app.server).full()
    other_token = app.sign_in(person)["id_token"]
    person.forget().sign_in()
    asks(end(person, id_token_hint=other_token, post_logout_redirect_uri=app.after, state="x"), person, app.client_id.title())
    assert lives(person)
    end(person, id_token_hint=other_token, post_logout_redirect_uri=app.after, state="x")
    assert opened_url(confirm(person)) == app.after + "&state=x" and not lives(person)


def test_a_hint_of_another_account_asks_and_ends_only_this_session(app):
    other, person = Person(app.server).full(), Person(app.server).full()
    asks(end(person, id_token_hint=app.sign_in(other)["id_token"], post_logout_redirect_uri=app.after), person, app.client_id.title())
    confirm(person)
    assert not lives(person) and lives(other)


def test_without_a_session_a_hint_redirects_at_once(app):
    person = Person(app.server).full()
    hint = app.sign_in(person)["id_token"]
    person.log_out()
    assert end(person, id_token_hint=hint, post_logout_redirect_uri=app.after, state="x").location == app.after + "&state=x"


def test_without_a_hint_a_page_asks(app):
    person = Person(app.server).full()
    asks(end(person), person)
    asks(end(person, client_id=app.client_id), person, app.client_id.title())
    assert lives(person)
    end(person)
    assert confirm(person).location == "/login" and not lives(person)


def test_an_address_alone_is_followed_if_one_client_registered_it(app):
    person = Person(app.server).full()
    asks(end(person, post_logout_redirect_uri=app.after), person, app.client_id.title())
    assert opened_url(confirm(person)) == app.after and not lives(person)


def test_an_address_alone_of_two_clients_is_not_followed(server):
    shared = "https://shared.example.org/after"
    one, two = party(server, after=shared), party(server, after=shared)
    person = Person(server).full()
    asks(end(person, post_logout_redirect_uri=shared), person)
    assert confirm(person).location == "/login" and not lives(person)
    person.sign_in()
    asks(end(person, client_id=two.client_id, post_logout_redirect_uri=shared), person, two.client_id.title())
    assert opened_url(confirm(person)) == shared, "its client is named"
    assert one.client_id != two.client_id


@pytest.mark.parametrize("why", ["not registered", "another client's", "a longer one", "another client_id", "unsigned", "altered", "an access token"])
def test_a_wrong_request_ends_nothing_even_with_a_valid_hint(server, app, why):
    person, other = Person(server).full(), party(server)
    tokens = app.sign_in(person)
    good_hint = tokens["id_token"]
    head, body, signature = good_hint.split(".")
    wrong = {"not registered": {"post_logout_redirect_uri": "https://evil.example.org/"},
             "another client's": {"post_logout_redirect_uri": other.after},
             "a longer one": {"post_logout_redirect_uri": app.after + "/"},
             "another client_id": {"client_id": other.client_id},
             "unsigned": {"id_token_hint": f"{NONE}.{body}."},
             "altered": {"id_token_hint": f"{head}.{body[:-4]}AAAA.{signature}"},
             "an access token": {"id_token_hint": tokens["access_token"]}}[why]
    page = end(person, **{"id_token_hint": good_hint, "post_logout_redirect_uri": app.after, **wrong})
    assert (page.status, page.location) == (400, None), repr(page)
    assert "evil.example.org" not in [link.get("href") for link in page.dom.all("a")] and lives(person)
    assert good(app.introspect(tokens["access_token"]))["active"]


def test_a_form_of_the_application_is_the_same_request(app):
    person = Person(app.server).full()
    fields = {"id_token_hint": app.sign_in(person)["id_token"], "post_logout_redirect_uri": app.after, "state": "s"}
    page = person.post(END, fields, headers={"Origin": "https://app.example.org", "Sec-Fetch-Site": "cross-site"})
    assert page.status == 303 and page.location.startswith(END + "?") and lives(person), "the form alone ends nothing"
    assert person.visit(f"{END}?{urllib.parse.urlencode(fields)}").location == app.after + "&state=s"


def test_the_pages_have_the_language_of_ui_locales(app):
    person = Person(app.server).full()
    page = end(person, ui_locales="de fr-CA en")
    assert '<html lang="fr">' in page.html and page.status == 200
    assert '<html lang="fr">' in end(person, ui_locales="fr", post_logout_redirect_uri="https://evil.example.org/").html
    assert '<html lang="en">' in end(person, ui_locales="xx").html


def test_offline_access_of_another_application_stays(server, app):
    away = party(server, "--scopes", OFFLINE, scope=OFFLINE)
    person = Person(server).full()
    kept, tokens = away.sign_in(person), app.sign_in(person)
    end(person, id_token_hint=tokens["id_token"], post_logout_redirect_uri=app.after)
    refused(away.userinfo(kept["access_token"]), "invalid_token", 401)
    assert "access_token" in good(away.refresh(kept["refresh_token"]))


def test_the_audit_trail_names_the_application(app):
    person = Person(app.server).full()
    end(person, id_token_hint=app.sign_in(person)["id_token"])
    (row,) = app.server.sql("SELECT reason, client FROM audit WHERE event = 'signout.done' AND account_id = (SELECT id FROM accounts WHERE name = ?)",
                            person.name)
    assert tuple(row) == ("application", app.client_id)
