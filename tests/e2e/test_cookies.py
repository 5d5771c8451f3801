"""Names of cookies: other applications on the same host keep theirs, and cookies of release 0.1 still work."""

import re

import pytest

from harness import Person
from harness.visitor import Visitor

pytestmark = pytest.mark.without_postgres

EARLIER = {"doubletour": "session", "doubletour-form": "form", "doubletour-device": "device", "doubletour-language": "language"}
FLASK = "eyJfZnJlc2giOmZhbHNlfQ.ZxQ1Aw.7pZq0m4mHqk2Qm5Yx5o8kq0f2xk"  # in the form of Flask
FLASK_SESSION = "kq0f2xk7pZq0m4mHqk2Qm5Yx5o8kq0f2xk7pZq0m4mH"  # in the form of Flask-Session: 43 characters, like ours
OF_OTHERS = {
    "Flask": {"session": FLASK},
    "Flask-Session": {"session": FLASK_SESSION},
    "a form's": {"form": "A" * 24, "device": "B" * 43},
    "language and flash": {"language": "en", "flash": "hello"},
}


def set_names(page):
    return {line.split("=", 1)[0] for line in page.response.raw.headers.getlist("Set-Cookie")}


def as_of_release_0_1(person):
    person.cookies = {EARLIER.get(name, name): value for name, value in person.cookies.items()}
    return person


def story(person):
    """Return the names of all cookies that are set between registration and sign-out."""
    names = set()
    person.request_before = person.request

    def request(*arguments, **more):
        page = person.request_before(*arguments, **more)
        names.update(set_names(page))
        return page

    person.request = request
    person.full().visit("/language/fr")
    person.log_out()
    person.sign_in()
    person.log_out()
    return names


def test_each_cookie_has_our_own_name(server):
    assert story(Person(server)) == {"doubletour", "doubletour-form", "doubletour-flash", "doubletour-device", "doubletour-language"}


def test_each_cookie_on_https_is_bound_to_the_host(make_server):
    server = make_server(PUBLIC_URL="https://login.example.org", TRUSTED_PROXIES="127.0.0.1")
    names = story(Visitor(server))
    assert names == {f"__Host-{name}" for name in ("doubletour", *(f"doubletour-{word}" for word in ("form", "flash", "device", "language")))}


@pytest.mark.parametrize("others", OF_OTHERS.values(), ids=OF_OTHERS)
def test_cookies_of_another_application_stay(server, others):
    person = Person(server)
    person.cookies = dict(others)
    assert not story(person) & set(others)
    assert others.items() <= person.cookies.items()


@pytest.mark.parametrize("session", [FLASK, FLASK_SESSION], ids=["Flask", "Flask-Session"])
def test_a_foreign_session_cookie_is_not_an_expired_one(server, session):
    person = Person(server)
    person.cookies = {"session": session}
    page = person.visit("/account")
    assert page.status == 303 and page.location == "/login?next=%2Faccount"
    assert "expired" not in person.cookies.get("doubletour-flash", "") and person.cookies["session"] == session


def test_a_session_of_release_0_1_lasts_until_sign_out(server):
    alice = as_of_release_0_1(Person(server).full())
    assert alice.visit("/").status == 200 and alice.visit("/account/devices").status == 200
    old = dict(alice.cookies)
    alice.log_out()
    assert "session" not in alice.cookies, "the keeper knew it, so it is deleted"
    assert alice.visit("/", cookies=old).location.startswith("/login")


def test_an_earlier_session_gets_the_new_name_with_its_next_token(server):
    alice = as_of_release_0_1(Person(server).pending())
    assert alice.verify().status == 303
    assert "session" not in alice.cookies and alice.session
    assert alice.visit("/").status == 200


def test_a_session_of_release_0_1_lasts_on_https(make_server):
    server = make_server(PUBLIC_URL="https://login.example.org", TRUSTED_PROXIES="127.0.0.1")
    person = Visitor(server).full()
    person.cookies = {name.replace("doubletour", "session"): value for name, value in person.cookies.items() if name == "__Host-doubletour"}
    assert list(person.cookies) == ["__Host-session"] and person.visit("/").status == 200


@pytest.mark.parametrize("today", ["", "x", "A" * 43, "{0}; doubletour={0}"])
def test_the_new_cookie_name_takes_precedence(server, today):
    alice = Person(server).full()
    sent = f"session={alice.session}; doubletour={today.format(alice.session)}"
    page = alice.visit("/", headers={"Cookie": sent}, cookies={})
    assert page.status == 303 and page.location.startswith("/login")


def test_an_earlier_form_can_still_be_sent(server):
    alice = Person(server).full().forget()
    token = alice.visit("/login").token
    as_of_release_0_1(alice)
    assert alice.post("/login", {"csrf_token": token, "username": alice.name, "password": alice.password}).status == 303


def test_an_earlier_language_cookie_is_still_read(server):
    person = Person(server, language="en")
    person.cookies = {"language": "fr"}
    assert person.visit("/login").language == "fr"
    person.cookies = {"language": "fr", "doubletour-language": "en"}
    assert person.visit("/login").language == "en"


def test_an_earlier_device_cookie_is_still_known(server):
    """Other clients have used up the account's attempts.

    A known browser has its own attempts, with the old and the new cookie name.
    """
    alice = as_of_release_0_1(Person(server).full())
    device = alice.cookies["device"]
    attacker = Person(server, alice.name, "not the password")
    assert [attacker.give_password().status for _ in range(6)] == [422] * 5 + [429]
    alice.cookies = {"device": device}
    alice.sign_in()
    assert alice.visit("/").status == 200
    assert alice.cookies["doubletour-device"] == device and alice.cookies["device"] == device


# Stay signed in

DAYS_30 = 30 * 24 * 3600


def lifetime(page):
    """Return the Max-Age of the session's cookie in this reply; None: until the browser closes."""
    [line] = [line for line in page.response.raw.headers.getlist("Set-Cookie") if line.startswith("doubletour=")]
    found = re.search(r"Max-Age=(\d+)", line)
    return int(found[1]) if found else None


def box(page):
    return page.form_to("/login").one("input", name="remember")


def test_staying_signed_in_is_a_choice_that_survives_the_code(server):
    alice = Person(server).full()
    alice.forget()
    assert not box(alice.visit("/login")).has("checked")
    assert box(alice.give_password(password="not the password", remember="1")).has("checked")
    assert lifetime(alice.give_password(remember="1")) is None, "not before the code"
    assert DAYS_30 - 600 < lifetime(alice.verify()) <= DAYS_30
    assert "Stays signed in until" in alice.visit("/account/devices").text
    other = "another password 1742"
    changed = alice.send("/account/password", {"current": alice.password, "password": other, "confirm": other, "otp": alice.fresh_code()})
    assert DAYS_30 - 3600 < lifetime(changed) <= DAYS_30, "the new token of the same session"
    alice.password = other
    server.clock.advance(26 * 3600)
    assert alice.visit("/").status == 200, "idle for a day, and a new window"
    assert alice.log_out().location == "/login" and "doubletour" not in alice.cookies


@pytest.mark.parametrize("value", [None, "", "0", "on", "1 ", "11"])
def test_only_a_ticked_box_keeps_a_user_signed_in(server, value):
    alice = Person(server).full()
    alice.forget().give_password(**({} if value is None else {"remember": value}))
    page = alice.send("/verify-2fa", {"otp": alice.fresh_code(), "remember": "1"})
    assert page.status == 303 and lifetime(page) is None
    assert "Stays signed in" not in alice.visit("/account/devices").text


def test_without_the_setting_no_user_stays_signed_in(make_server):
    server = make_server(SESSION_REMEMBER="0")
    alice = Person(server).full()
    assert not alice.forget().visit("/login").dom.all("input", name="remember")
    alice.give_password(remember="1")
    assert lifetime(alice.verify()) is None
    server.clock.advance(2 * 3600)
    assert alice.visit("/").location.startswith("/login")
