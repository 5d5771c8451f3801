"""The server slows guesses down, but not the owner: docs/explain/throttling.md, tested over HTTP."""

import datetime
import re

import pytest

from harness import Person
from harness.together import Together, form_bytes, together
from harness.torture import evidence, scaled

WORDS = {"fr": ("Trop de tentatives.", "Réessayez dans 30 secondes."), "en": ("Too many attempts.", "Try again in 30 seconds.")}


@pytest.fixture
def proxied(make_server):
    """A server behind a trusted proxy, so that each person can have another address."""
    return make_server(TRUSTED_PROXIES="127.0.0.1/32")


def guess(person, address="198.51.100.7", **fields):
    """Send one wrong password from another browser at that address."""
    attacker = Person(person.server, person.name, "not the password", language=person.language)
    attacker.visit("/login")
    hidden = {"csrf_token": attacker.page.token, "username": person.name, "password": "not the password", **fields}
    return attacker.post("/login", hidden, headers={"X-Forwarded-For": address})


def wrong_codes(person, count):
    return [person.send("/verify-2fa", {"otp": "000000"}).status for _ in range(count)]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_sixth_wrong_password_starts_a_lockout(server, language):
    alice = Person(server, language=language).full()
    attacker = Person(server, alice.name, "not the password", language=language)
    assert [attacker.give_password().status for _ in range(5)] == [422] * 5
    page = attacker.give_password()
    assert page.status == 429 and 1 <= int(page.headers["Retry-After"]) <= 30
    said = page.by_id("problem").text
    assert said.startswith(WORDS[language][0]) and re.search(r"\b(30|29|28) second", said), said
    assert page.field("username")["value"] == alice.name and not page.field("password").get("value")
    assert attacker.give_password(password=alice.password).status == 429, "the right one is not checked either"
    server.clock.advance(31)
    assert attacker.give_password(password=alice.password).location.startswith("/verify-2fa")


@pytest.mark.parametrize("name", ["nobody.has.this", "-not-a-name-", ""])
def test_unknown_names_are_locked_out_alike(server, name):
    person = Person(server, name or "unused", "x")
    statuses = [person.give_password(username=name).status for _ in range(7)]
    assert statuses == [422] * 5 + [429] * 2
    server.delete_attempts()


def test_a_lockout_grows_to_minutes_and_an_hour(server):
    person = Person(server, "grows.to.an.hour", "x")
    for _ in range(5):
        person.give_password()
    waited = []
    for _ in range(10):
        assert person.give_password().status == 429
        seconds = int(person.page.headers["Retry-After"])
        waited.append(round(seconds / 10) * 10)
        if seconds > 120:
            assert f"{-(-seconds // 60)} minutes" in person.page.by_id("problem").text
        server.clock.advance(seconds)
        assert person.give_password().status == 422
    assert waited == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_sixth_wrong_code_starts_a_lockout_and_spends_no_step(server, language):
    alice = Person(server, language=language).pending()
    server.clock.next_step()  # before the wrong codes, because it may advance by 30 seconds, the length of the backoff
    assert wrong_codes(alice, 5) == [422] * 5
    code = alice.fresh_code()
    page = alice.verify(code)
    assert page.status == 429 and int(page.headers["Retry-After"]) in range(1, 31)
    assert page.by_id("problem").text.startswith(WORDS[language][0])
    server.clock.advance(30)
    assert alice.verify(code).location == "/", "an attempt that was not checked did not spend it"


def test_a_new_session_gives_no_new_attempts(server):
    alice = Person(server).full()
    for _ in range(5):
        alice.forget().give_password()
        assert wrong_codes(alice, 1) == [422]
    alice.forget().give_password()
    assert alice.page.status == 303 and wrong_codes(alice, 1) == [429]


def test_a_lockout_survives_a_restart_and_process_crashes(make_server):
    server = make_server()
    alice = Person(server).full()
    for _ in range(5):
        guess(alice)
    server.restart()
    assert guess(alice).status == 429


@pytest.mark.parametrize("name", ["known", "unknown"])
def test_five_of_two_hundred_parallel_passwords_are_checked(make_server, name):
    server = make_server()
    alice = Person(server).full()
    browser = Person(server)
    token = browser.visit("/login").token
    form = {"csrf_token": token, "username": alice.name if name == "known" else "nobody", "password": "not the password"}
    answers = together(server, [form_bytes(server, "/login", form, browser.cookies)] * 200)
    statuses = [a.status for a in answers]
    assert statuses.count(422) == 5 and set(statuses) <= {422, 429, 503}, {s: statuses.count(s) for s in set(statuses)}
    assert server.sql("SELECT count(*) FROM audit WHERE event = 'signin.refused'") == [(5,)]


def test_five_of_two_hundred_parallel_codes_are_checked(make_server):
    server = make_server()
    alice = Person(server).pending()
    token = alice.arrive("/verify-2fa").token
    flight = Together(server, [form_bytes(server, "/verify-2fa", {"csrf_token": token, "otp": f"{i:06}"}, alice.cookies) for i in range(200)])
    statuses = [a.status for a in flight.send().wait()]
    assert statuses.count(422) == 5 and set(statuses) <= {422, 429, 503}, {s: statuses.count(s) for s in set(statuses)}


# No user is locked out


def test_wrong_passwords_elsewhere_do_not_lock_a_known_browser(proxied):
    alice = Person(proxied).full()
    alice.log_out()
    token = alice.visit("/login").token
    seen = set()
    for i in range(0, 1000, 50):
        requests = []
        for j in range(i, i + 50):
            fields = {"csrf_token": token, "username": alice.name, "password": f"guess {j}"}
            requests.append(form_bytes(proxied, "/login", fields, {"doubletour-form": alice.cookies["doubletour-form"]}, {"X-Forwarded-For": f"203.0.{j % 250}.{j // 250}"}))
        seen |= {a.status for a in together(proxied, requests)}
    assert 429 in seen and seen <= {422, 429, 503}
    assert guess(alice, "192.0.2.200").status == 429, "clients without a known browser are locked out, from any address"
    assert alice.sign_in().location == "/"
    assert "50 failed sign-in attempts since" in alice.follow().by_id("alarm").text


def test_invented_names_lock_no_account_and_fill_a_bounded_table(proxied):
    alice = Person(proxied).full()
    token = alice.forget().visit("/login").token
    form, flood, statuses = {"doubletour-form": alice.cookies["doubletour-form"]}, scaled(1_500, 100_000), {}
    for i in range(0, flood, 50):
        requests = []
        for j in range(i, i + 50):
            fields = {"csrf_token": token, "username": f"invented.{j}", "password": "x"}
            requests.append(form_bytes(proxied, "/login", fields, form, {"X-Forwarded-For": f"10.{j // 30 // 65536}.{j // 30 // 256 % 256}.{j // 30 % 256}"}))
        for answer in together(proxied, requests):
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
    assert set(statuses) <= {422, 429, 503} and statuses[422] > flood / 2, statuses
    rows = dict(proxied.sql("SELECT counter, count(*) FROM throttle GROUP BY counter"))
    assert max(rows.values()) <= 65536
    owner = Person(proxied, alice.name, alice.password)
    owner.secret, owner.spent = alice.secret, alice.spent
    assert owner.sign_in().location == "/", "also in an unknown browser"
    evidence("invented names", names=flood, answers=statuses, rows=rows, owner="signs in at once")


def test_a_stolen_password_cannot_lock_out_the_owners_code(server):
    alice = Person(server).full()
    alice.log_out()
    thief = Person(server, alice.name, alice.password)
    thief.give_password()
    assert wrong_codes(thief, 6) == [422] * 5 + [429]
    assert alice.sign_in().location == "/"
    assert "5 failed sign-in attempts since" in alice.follow().by_id("alarm").text


def test_an_own_mistake_is_not_announced(server):
    alice = Person(server).full()
    alice.forget().give_password(password="not the password")
    alice.give_password()
    assert wrong_codes(alice, 1) == [422]
    alice.verify(alice.fresh_code())
    assert "failed sign-in attempt" not in alice.follow().text
    activity = alice.visit("/account/devices").text
    assert "Wrong password" in activity and "Wrong code" in activity


WEEKDAYS = {"en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(), "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche".split()}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_notice_names_the_weekday_of_the_last_seven_days(make_server, language):
    server = make_server()
    alice = Person(server, language=language).full()
    assert guess(alice).status == 422
    for days, weekday in ((0, True), (7, False)):
        server.clock.advance(days * 86400)
        alice.forget().sign_in()
        said = alice.follow().by_id("alarm").one("strong")
        then = datetime.datetime.fromisoformat(said.one("time")["datetime"].replace("Z", "+00:00"))
        words = {("en", True): "A failed sign-in attempt on %s at", ("fr", True): "Une tentative de connexion a échoué %s à",
                 ("en", False): f"A failed sign-in attempt on {then.day}", ("fr", False): f"Une tentative de connexion a échoué le {then.day}"}[language, weekday]
        assert said.text.startswith(words % WEEKDAYS[language][then.weekday()] if weekday else words), said.text


def test_a_new_password_dismisses_attempts_before_its_form(server):
    alice, thief = Person(server).full(), Person(server)
    thief.name, thief.password = alice.name, "not the password"
    thief.give_password()
    alice.forget().sign_in()
    assert "A failed sign-in attempt on" in alice.follow().by_id("alarm").text
    new = {"current": "wrong", "password": "trombone sobre 1742", "confirm": "trombone sobre 1742"}
    assert alice.send("/account/password", new).status == 422, "the user's own mistake was before the form of this page"
    form = {i["name"]: i["value"] for i in alice.page.form.all("input")}
    thief.give_password()
    assert alice.post("/account/password", {**form, "current": alice.password}).location == "/account/security"
    assert "A failed sign-in attempt on" in alice.visit("/").by_id("alarm").text, "the attempt after the form was shown"
    alice.send("/account/password", {**new, "current": new["password"], "password": "trombone sobre 1743", "confirm": "trombone sobre 1743"})
    assert not alice.visit("/").dom.all("div", id="alarm")


def test_an_attempt_elsewhere_is_announced_until_dismissed(server):
    alice = Person(server).full()
    Person(server, alice.name, "not the password").give_password()
    phone = Person(server, alice.name, alice.password)
    phone.secret, phone.spent = alice.secret, alice.spent
    phone.sign_in()
    notice = phone.follow().by_id("alarm")
    assert re.search(r"A failed sign-in attempt on .*, from 127\.0\.0\.1\.", notice.text)
    assert {a["href"] for a in notice.all("a")} == {"/account/password", "/account/devices#activity"}
    phone.forget().sign_in()
    form = phone.follow().by_id("alarm").one("form")
    assert phone.post(form["action"], {i["name"]: i["value"] for i in form.all("input")}).location == "/"
    assert "failed sign-in attempt" not in phone.follow().text
    server.clock.advance(3)  # the time that web keeps an answer
    assert "failed sign-in attempt" not in alice.visit("/").text, "in every session"
    assert "Notice about failed sign-in attempts dismissed" in phone.visit("/account/devices").text
    Person(server, alice.name, "not the password").give_password()
    server.clock.advance(3)
    assert "A failed sign-in attempt on" in alice.visit("/").text, "a new one"


def test_the_cookie_of_a_known_browser_gives_no_access(server):
    alice = Person(server).full()
    thief = Person(server, alice.name, "x")
    thief.cookies = {"doubletour-device": alice.cookies["doubletour-device"]}
    for path in ("/", "/account", "/setup-2fa", "/verify-2fa"):
        assert thief.visit(path).location.startswith("/login"), path
    assert [thief.give_password().status for _ in range(6)] == [422] * 5 + [429], "a thief has five attempts, like anyone else"


@pytest.mark.parametrize("value", ["", "x", "A" * 43, "A" * 42 + "B", "A" * 44, "é" * 43, "=" * 43, "A" * 4000])
def test_a_malformed_device_cookie_is_ignored(server, value):
    person = Person(server)
    person.cookies = {"doubletour-device": value.encode().decode("latin-1")}
    assert person.visit("/login").status == 200
    assert person.give_password().status == 422


def test_the_device_cookie_lasts_400_days_and_is_httponly(server):
    alice = Person(server).enrolling()
    alice.confirm()
    line = next(v for v in alice.page.response.raw.headers.getlist("Set-Cookie") if v.startswith("doubletour-device="))
    attributes = {part.strip().lower() for part in line.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/", f"max-age={400 * 24 * 3600}"} <= attributes
    token = alice.cookies["doubletour-device"]
    alice.log_out()
    alice.sign_in()
    assert alice.cookies["doubletour-device"] == token


# One hundred failures


@pytest.mark.one_row
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_hundred_wrong_codes_disable_the_authenticator(server, language):
    alice = Person(server, language=language).full()
    codes = alice.visit("/account/recovery-codes").recovery_codes
    thief = Person(server, alice.name, alice.password)
    for _ in range(100):
        server.clock.advance(3601)
        thief.forget().give_password()
        assert wrong_codes(thief, 1) == [422]
    server.clock.advance(3601)
    alice.forget().give_password()
    assert ("désactivés" if language == "fr" else "were disabled") in alice.follow().text
    assert alice.verify().status == 422, "the right code of a disabled authenticator"
    assert alice.verify(codes[0]).location == "/account/security"
    assert "100 codes" in alice.visit("/account/devices").text or "100 wrong codes" in alice.page.text


# Addresses


def test_addresses_come_from_trusted_proxies(proxied):
    names = (f"invented.{i}" for i in range(1000))
    statuses = [guess(Person(proxied, next(names)), "203.0.113.9").status for _ in range(32)]
    assert statuses == [422] * 30 + [429] * 2
    assert guess(Person(proxied, next(names)), "203.0.113.10").status == 422
    v6 = [guess(Person(proxied, next(names)), f"2001:db8::{i:x}").status for i in range(32)]
    assert v6 == [422] * 30 + [429] * 2, "IPv6 by its first 64 bits"


def test_forwarded_addresses_of_untrusted_peers_are_ignored(server):
    statuses = [guess(Person(server, "name.of.a.test"), f"203.0.113.{i}").status for i in range(7)]
    assert statuses == [422] * 5 + [429] * 2


def test_registration_is_locked_out_and_keeps_the_input(proxied):
    statuses = []
    for i in range(32):
        person = Person(proxied)
        token = person.visit("/register").token
        fields = {"csrf_token": token, "username": person.name, "password": person.password, "confirm": person.password}
        page = person.post("/register", fields, headers={"X-Forwarded-For": "203.0.113.77"})
        statuses.append(page.status)
    assert statuses == [303] * 30 + [429] * 2
    assert page.field("username")["value"] == person.name
    assert "Try again in" in page.by_id("problem").text
