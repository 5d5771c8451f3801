"""A user's own account: preferences, password, sessions, activity, deletion; typed text is never lost."""

import re

import pytest

from harness import Person

NEW = "a new password of several words"
UA = {
    "firefox": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "iphone": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
              "Mobile/15E148 Safari/604.1",
}


@pytest.fixture
def alice(server):
    return Person(server).full()


def second(person, agent=None):
    """Sign the same user in with another browser."""
    other = Person(person.server, person.name, person.password)
    other.secret, other.spent = person.secret, person.spent
    if agent:
        plain = other.request
        other.request = lambda *a, **k: plain(*a, **{**k, "headers": {**(k.get("headers") or {}), "User-Agent": agent}})
    other.sign_in()
    assert other.page.status == 303
    person.spent = other.spent
    return other


# Overview


PLACES = ["/account", "/account/security", "/account/devices", "/account/applications", "/account/profile"]


def main_links(page):
    return [a["href"] for a in page.dom.one("main").all("a", href=True)]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_account_page_links_all_places(server, language):
    person = Person(server, language=language).full()
    current = {"/account/password": "/account/security", "/account/authenticators/new": "/account/security", "/account/close": "/account/profile"}
    for path in [*PLACES, *current]:
        page = person.visit(path)
        assert page.status == 200 and page.language == language, path
        places = page.dom.one("main").one("nav", class_="side").all("a")
        assert [a["href"] for a in places] == PLACES
        assert [a["href"] for a in places if a.get("aria-current") == "page"] == [current.get(path, path)]
    assert person.name in person.visit("/account").text
    for place, path in (("security", "password"), ("security", "authenticators/new"), ("security", "recovery-codes"), ("profile", "close")):
        assert "/account/" + path in main_links(person.visit("/account/" + place))


def test_pages_that_merged_redirect_to_their_new_place(alice):
    moved = {"authenticators": "security#authenticators", "sessions": "devices#devices", "activity": "devices#activity",
             "activity?before=7": "devices?before=7#activity", "activity?before=x": "devices#activity",
             "authenticators?next=%2Flogout": "security?next=%2Flogout#authenticators"}
    for old, new in moved.items():
        page = alice.visit("/account/" + old)
        assert (page.status, page.location) == (303, "/account/" + new)
        assert alice.visit(page.location.split("#")[0]).by_id(new.split("#")[1])
    assert "/logout" in [f.get("action") for f in alice.page.dom.all("form")]


def checkup(person):
    return [item.text for item in person.visit("/account").dom.one("section", aria_labelledby="checkup").all("li")]


def test_the_checkup_names_what_is_missing_and_links_it(alice):
    first, codes, devices = checkup(alice)
    assert first.startswith("Only one authenticator") and codes.startswith("No recovery codes left")
    assert devices == "No other device is signed in"
    assert {"/account/authenticators/new", "/account/recovery-codes"} <= set(main_links(alice.page))
    alice.visit("/account/recovery-codes")
    second(alice)
    alice.server.clock.advance(3)  # the check-up may be two seconds old
    assert checkup(alice)[1:] == ["10 recovery codes left", "1 other device is signed in Review devices"]
    assert "/account/devices" in main_links(alice.page)


# Profile


def test_a_display_name_is_shown_but_not_accepted_at_sign_in(alice):
    page = alice.send("/account/profile", {"display_name": "Hélène <b>Ångström</b>", "language": "", "time_format": ""})
    assert page.location == "/account/profile" and alice.follow().flashes
    assert alice.page.value("display_name") == "Hélène <b>Ångström</b>"
    assert "Hélène <b>Ångström</b>" in alice.visit("/").heading and "<b>Ång" not in alice.page.html
    alice.send("/account/profile", {"display_name": "", "language": "", "time_format": ""})
    assert alice.name in alice.visit("/").heading


def test_language_and_times_are_kept_with_the_account(alice):
    alice.send("/account/profile", {"display_name": "", "language": "fr", "time_format": "iso"})
    assert alice.follow().language == "fr"
    other = second(alice)
    assert other.visit("/").language == "fr", "wherever the person signs in"
    shown = other.page.dom.one("main").all("time")[0]
    assert shown.text.startswith(shown["title"][:16]), "an ISO date, as chosen"


@pytest.mark.parametrize("name", ["x" * 41, "x" * 4000, "a\x07b", "a\u202eb", "a\x00b"],
                         ids=["too long", "enormous", "a bell", "a turn of direction", "NUL"])
def test_a_bad_display_name_changes_nothing_and_has_its_sentence(alice, name):
    page = alice.send("/account/profile", {"display_name": name, "language": "en", "time_format": "12"})
    assert page.status in (400, 422)
    if page.status == 422:
        assert page.errors["display_name"] and page.dom.one("select", id="time_format").one("option", selected=True)["value"] == "12"
    assert alice.name in alice.visit("/").heading


def test_unknown_preferences_are_ignored(alice):
    assert alice.send("/account/profile", {"display_name": "x", "language": "xx", "time_format": "' OR 1"}).status == 303
    assert alice.visit("/").status == 200


# Password


def change(person, **different):
    return person.send("/account/password", {"current": person.password, "password": NEW, "confirm": NEW, **different})


def test_a_new_password_ends_other_sessions_and_renews_the_token(alice):
    other, before, old = second(alice), alice.session, alice.password
    assert change(alice).location == "/account/security" and alice.follow().flashes
    assert alice.session != before and alice.visit("/").status == 200
    assert other.visit("/").location.startswith("/login")
    stolen = Person(alice.server)
    stolen.cookies = {"doubletour": before}
    assert stolen.visit("/").location.startswith("/login"), "the old token is invalid"
    assert alice.forget().give_password().status == 422
    alice.password = NEW
    alice.sign_in()
    assert alice.visit("/").status == 200 and old != NEW


@pytest.mark.parametrize("different, field", [
    ({"current": "wrong"}, "current"), ({"current": ""}, "current"), ({"password": "short", "confirm": "short"}, "password"),
    ({"password": ""}, "password"), ({"confirm": "another"}, "confirm"), ({"password": "123456789", "confirm": "123456789"}, "password"),
    ({"current": "x" * 3000}, "current"), ({"password": "y" * 3000, "confirm": "y" * 3000}, "password"),
], ids=["wrong", "empty", "short", "none", "differs", "guessable", "long current", "long new"])
def test_form_errors_are_shown_and_input_is_kept(alice, different, field):
    page = change(alice, **different)
    assert page.status == 422 and page.errors[field]
    sent = {"current": alice.password, "password": NEW, "confirm": NEW, **different}
    for name, value in sent.items():
        if len(value) < 1000:
            assert page.value(name) == value
    assert len(page.dom.all(role="meter")) == (0 < len(sent["password"]) < 1000)
    assert page.headers["Cache-Control"] == "no-store"
    alice.forget().sign_in()
    assert alice.page.status == 303


def test_the_same_password_counts_as_unchanged(alice):
    page = change(alice, password=alice.password, confirm=alice.password)
    assert page.status == 422 and page.errors["password"]


def test_a_stale_proof_adds_a_code_field_to_the_form(alice):
    alice.grow_stale()
    for otp in ("", "000000"):
        page = change(alice, otp=otp)
        assert page.status == 422 and page.errors["otp"]
        assert (page.value("current"), page.value("password"), page.value("confirm")) == (alice.password, NEW, NEW)
    assert change(alice, otp=alice.fresh_code()).location == "/account/security"


# Sessions


def items(person):
    return person.visit("/account/devices").dom.one("section", aria_labelledby="devices").one("ul", class_="rows").all("li")


def test_sessions_are_described_and_the_current_one_is_marked(alice):
    second(alice, UA["firefox"])
    second(alice, UA["iphone"])
    second(alice, "\xff<script>")
    texts = [item.text for item in items(alice)]
    assert len(texts) == 4 and "This device" in texts[0] and sum("This device" in t for t in texts) == 1
    assert any("Firefox on Linux" in t for t in texts)
    assert any("Safari on iPhone" in t for t in texts)
    assert any("unknown browser" in t for t in texts)
    assert all("127.0.0.1" in t for t in texts)
    assert "<script>alert" not in alice.page.html


def test_one_session_or_all_others_can_be_ended(alice):
    others = [second(alice) for _ in range(3)]
    page = alice.visit("/account/devices")
    number = page.dom.one("main").all("input", name="id")[0]["value"]
    assert alice.post("/account/sessions/end", {"csrf_token": page.token, "id": number}).location == "/account/devices"
    assert alice.follow().flashes and len(items(alice)) == 3
    assert sum(o.visit("/").status == 303 for o in others) == 1
    alice.post("/account/sessions/end", {"csrf_token": alice.page.token})
    assert len(items(alice)) == 1
    assert all(o.visit("/").location.startswith("/login") for o in others)
    assert alice.visit("/").status == 200


def test_sessions_of_other_accounts_cannot_be_ended(server, alice):
    bob = Person(server).full()
    token = alice.visit("/account/devices").token
    ids = [i for i, in server.sql("SELECT s.id FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE a.name = ?", bob.name)]
    for number in [*ids, "0", "-1", "abc", "9" * 19, "9" * 40, "1 OR 1=1"]:
        page = alice.post("/account/sessions/end", {"csrf_token": token, "id": str(number)})
        assert page.status == 303 and page.location == "/account/devices"
    assert bob.visit("/").status == 200 and alice.visit("/").status == 200


# Activity


def events(page):
    return page.dom.one("section", aria_labelledby="activity").all("li")


def words(page):
    return [event.one("b").text for event in events(page)]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_activity_is_listed_newest_first_in_pages(server, language):
    person = Person(server, language=language).full()
    for _ in range(23):
        server.delete_attempts()
        Person(server, person.name, "wrong password").give_password()
    page = person.visit("/account/devices")
    first = words(page)
    assert len(first) == 20 and set(first) == {"Wrong password" if language == "en" else "Mot de passe incorrect"}
    page = person.visit(page.dom.one("main").one("a", rel="next")["href"].split("#")[0])
    rest = words(page)
    assert rest[-1] == ("Account created" if language == "en" else "Compte créé")
    assert not [sentence for sentence in first + rest if "." in sentence], "each event has a sentence"
    for odd in ("0", "-1", "abc", "9" * 40, "1"):
        assert person.visit("/account/devices?before=" + odd).status == 200


def test_events_of_one_moment_are_listed_once_in_pages(server, alice):
    (number,), = server.sql("SELECT id FROM accounts WHERE name = ?", alice.name)
    now = int(server.clock.now() * 1_000_000)
    for n in range(45):
        server.sql("INSERT INTO audit (at_us, event, outcome, reason, account_id, address, agent, request_id) VALUES (?, 'profile.changed', 'passed', 'asked', ?, ?, '', '')",
                   now, number, f"192.0.2.{n}")
    pages = [alice.visit("/account/devices")]
    for _ in range(2):
        pages.append(alice.visit(pages[-1].dom.one("main").one("a", rel="next")["href"].split("#")[0]))
    shown = re.findall(r"192\.0\.2\.\d+", " ".join(page.text for page in pages))
    assert shown == [f"192.0.2.{n}" for n in reversed(range(45))]


def test_an_address_is_shown_where_it_differs_from_the_row_above(server, alice):
    (number,), = server.sql("SELECT id FROM accounts WHERE name = ?", alice.name)
    now = int(server.clock.now() * 1_000_000)
    places = [("192.0.2.1", UA["firefox"]), ("192.0.2.1", UA["firefox"]), ("192.0.2.1", UA["iphone"]), ("192.0.2.9", UA["iphone"]), ("192.0.2.1", UA["firefox"])]
    for address, agent in places:
        server.sql("INSERT INTO audit (at_us, event, outcome, reason, account_id, address, agent, request_id) VALUES (?, 'profile.changed', 'passed', 'asked', ?, ?, ?, '')",
                   now, number, address, agent)
    shown = [e.one("small").text.split("UTC", 1)[1].strip(" ·") for e in events(alice.visit("/account/devices"))[:5]]
    assert shown == ["Firefox on Linux · 192.0.2.1", "Safari on iPhone · 192.0.2.9", "Safari on iPhone · 192.0.2.1", "Firefox on Linux", ""]


@pytest.mark.parametrize("language, time_format, today, earlier", [
    ("en", "", ["Today", "Yesterday"], r"(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day \d+ \w+ \d{4}"), ("fr", "iso", ["Aujourd’hui", "Hier"], r"\d{4}-\d\d-\d\d")],
    ids=["en", "fr"])
def test_activity_is_grouped_by_day(server, language, time_format, today, earlier):
    person = Person(server, language=language).full()
    person.send("/account/profile", {"display_name": "", "language": "", "time_format": time_format})
    (number,), = server.sql("SELECT id FROM accounts WHERE name = ?", person.name)
    day, now = 24 * 3600 * 1_000_000, int(server.clock.now() * 1_000_000)
    server.sql("DELETE FROM audit WHERE account_id = ?", number)
    for days_ago in (400, 2, 1, 1, 0):
        server.sql("INSERT INTO audit (at_us, event, outcome, reason, account_id, address, agent, request_id) VALUES (?, 'prove.passed', 'passed', 'asked', ?, '', '', '')",
                   now - days_ago * day, number)
    activity = person.visit("/account/devices").dom.one("section", aria_labelledby="activity")
    headings = [h.text for h in activity.all("h3")]
    assert [len(day.all("li")) for day in activity.all("ol")] == [1, 2, 1, 1] and headings[:2] == today
    assert len(headings) == 4 and all(re.fullmatch(earlier, h) for h in headings[2:]), headings


def test_each_icon_of_the_pages_is_in_the_sprite(server, alice):
    used = {use["href"] for path in PLACES for use in alice.visit(path).dom.all("use")}
    sprite, = {href.split("#")[0] for href in used}
    drawn = alice.http.get(server.origin + sprite).text
    assert len(used) > 8 and not [href for href in used if f'id="{href.split("#")[1]}"' not in drawn]


@pytest.mark.parametrize("language, neutral", [
    ("en", "Event unknown to this version of the server"), ("fr", "Événement inconnu de cette version du serveur")])
def test_activity_rows_of_another_version_have_a_neutral_sentence(server, language, neutral):
    person = Person(server, language=language).full()
    (number,), = server.sql("SELECT id FROM accounts WHERE name = ?", person.name)
    now = int(server.clock.now() * 1_000_000)
    for event, outcome, reason in (("passkey.invented", "passed", "asked"), ("", "", ""), ("x" * 40, "perhaps", "<script>")):
        server.sql("INSERT INTO audit (at_us, event, outcome, reason, account_id, address, agent, request_id) VALUES (?, ?, ?, ?, ?, '', '', '')",
                   now, event, outcome, reason, number)
    assert words(person.visit("/account/devices"))[:3] == [neutral] * 3


def test_activity_shows_events_of_the_account_only(server, alice):
    bob = Person(server).full()
    change(bob)
    assert "Password changed" in bob.visit("/account/devices").text
    assert "Password changed" not in alice.visit("/account/devices").text


# Closing


def close(person, **different):
    return person.send("/account/close", {"username": person.name, "current": person.password, **different})


def test_closing_redacts_the_audit_and_deletes_the_rest(server, alice):
    other = second(alice)
    page = alice.visit("/account/close")
    assert alice.name in page.text
    page = close(alice, current="wrong")
    assert page.status == 422 and page.errors["current"] and alice.visit("/").status == 200
    (number,), = server.sql("SELECT id FROM accounts WHERE name = ?", alice.name)
    close(alice)
    assert alice.page.location == "/login" and "doubletour" not in alice.cookies and alice.follow().flashes
    assert other.visit("/").location.startswith("/login")
    assert alice.forget().give_password().status == 422
    for table in ("sessions", "factors", "recovery_codes"):
        assert server.sql(f"SELECT count(*) FROM {table} WHERE account_id = ?", number) == [(0,)]
    rows = server.sql("SELECT event, address, agent, request_id FROM audit WHERE account_id = ? ORDER BY id", number)
    assert rows and {row[1:] for row in rows} == {("", "", "")} and rows[-1][0] == "account.closed"
    assert Person(server, name=alice.name).register().status == 422, "no new account gets its name"


@pytest.mark.parametrize("typed", ["", "somebody-else", "x" * 4000, "<b>"], ids=["empty", "another", "enormous", "markup"])
def test_closing_with_a_wrong_user_name_changes_nothing(alice, typed):
    page = close(alice, username=typed)
    assert page.status == 422 and page.errors["username"] and page.value("current") == alice.password
    assert len(typed) > 1000 or page.value("username") == typed
    assert alice.visit("/").status == 200
    assert close(alice, username=f" {alice.name.upper()} ").location == "/login", "in the form that the sign-in accepts"


def test_closing_with_a_stale_proof_asks_for_a_code(alice):
    alice.grow_stale()
    page = close(alice)
    assert page.status == 422 and page.errors["otp"]
    assert (page.value("username"), page.value("current")) == (alice.name, alice.password)
    assert close(alice, otp=alice.fresh_code()).location == "/login"


# Forged forms


@pytest.mark.parametrize("path", ["profile", "password", "close", "sessions/end"])
def test_a_cross_site_form_changes_nothing(alice, path):
    other = second(alice)
    token = alice.visit("/account/profile").token
    fields = {"username": alice.name, "current": alice.password, "password": NEW, "confirm": NEW, "display_name": "Forged"}
    cross_site = {"Origin": "https://example.org", "Sec-Fetch-Site": "cross-site"}
    for page in (alice.post("/account/" + path, fields), alice.post("/account/" + path, {**fields, "csrf_token": "A" * 43}),
                 alice.post("/account/" + path, {**fields, "csrf_token": token}, headers=cross_site)):
        assert page.status == 403 and page.alerts
        assert alice.password not in page.html
    assert alice.name in alice.visit("/").heading and other.visit("/").status == 200


# Invalid one-time links


@pytest.mark.parametrize("link", ["", "x", "A" * 43, "A" * 5000, "%00", "é" * 43, "A" * 42 + "="])
def test_an_invalid_link_is_refused_with_advice(server, link):
    person = Person(server)
    page = person.visit("/set-password?link=" + link)
    assert page.status in (400, 404, 414)
    if page.status == 404:
        assert page.alerts and not page.dom.one("main").all("form")


def test_a_link_is_written_to_no_log(server):
    token = server.command("user", "add", "linked.person").stdout.strip().split("link=")[1]
    person = Person(server)
    person.send("/set-password?link=" + token, {"password": NEW, "confirm": NEW})
    assert person.page.status == 303
    assert token not in server.log()
    if not server.on_postgres():
        assert token.encode() not in server.database().read_bytes()
