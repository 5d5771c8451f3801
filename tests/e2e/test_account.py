"""A user's own account: preferences, password, sessions, activity, deletion; typed text is never lost."""


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
    """The same user, signed in with another browser."""
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


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_overview_links_every_account_page(server, language):
    person = Person(server, language=language).full()
    page = person.visit("/account")
    assert page.status == 200 and page.language == language and person.name in page.html
    links = {a["href"] for a in page.dom.one("main").all("a", href=True)}
    for path in ("profile", "password", "authenticators", "recovery-codes", "sessions", "activity", "close"):
        assert "/account/" + path in links
        assert person.visit("/account/" + path).status == 200
    assert "/account" in [a["href"] for a in person.visit("/").dom.one("header").all("a", href=True)]


# Profile


def test_a_display_name_is_shown_but_not_accepted_at_sign_in(alice):
    page = alice.send("/account/profile", {"display_name": "Hélène <b>Ångström</b>", "language": "", "time_format": ""})
    assert page.location == "/account/profile" and alice.follow().flashes
    assert alice.page.value("display_name") == "Hélène <b>Ångström</b>"
    assert "Hélène <b>Ångström</b>" in alice.visit("/").heading and "<b>" not in alice.page.html
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
    assert change(alice).location == "/account" and alice.follow().flashes
    assert alice.session != before and alice.visit("/").status == 200
    assert other.visit("/").location.startswith("/login")
    stolen = Person(alice.server)
    stolen.cookies = {"doubletour": before}
    assert stolen.visit("/").location.startswith("/login"), "the old token is dead"
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
    assert change(alice, otp=alice.fresh_code()).location == "/account"


# Sessions


def items(person):
    return person.visit("/account/sessions").dom.one("main").one("ul", class_="things").all("li")


def test_sessions_are_described_and_the_current_one_is_marked(alice):
    second(alice, UA["firefox"])
    second(alice, UA["iphone"])
    second(alice, "\xff<script>")
    texts = [item.text for item in items(alice)]
    assert len(texts) == 4 and "this session" in texts[0] and sum("this session" in t for t in texts) == 1
    assert any("Firefox" in t and "Linux" in t for t in texts)
    assert any("Safari" in t and "iPhone" in t for t in texts)
    assert any("unknown browser" in t for t in texts)
    assert all("127.0.0.1" in t for t in texts)
    assert "<script>alert" not in alice.page.html


def test_one_session_or_all_others_can_be_ended(alice):
    others = [second(alice) for _ in range(3)]
    page = alice.visit("/account/sessions")
    number = page.dom.one("main").all("input", name="id")[0]["value"]
    assert alice.post("/account/sessions/end", {"csrf_token": page.token, "id": number}).location == "/account/sessions"
    assert alice.follow().flashes and len(items(alice)) == 3
    assert sum(o.visit("/").status == 303 for o in others) == 1
    alice.post("/account/sessions/end", {"csrf_token": alice.page.token})
    assert len(items(alice)) == 1
    assert all(o.visit("/").location.startswith("/login") for o in others)
    assert alice.visit("/").status == 200


def test_sessions_of_other_accounts_cannot_be_ended(server, alice):
    bob = Person(server).full()
    token = alice.visit("/account/sessions").token
    ids = [i for i, in server.sql("SELECT s.id FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE a.name = ?", bob.name)]
    for number in [*ids, "0", "-1", "abc", "9" * 19, "9" * 40, "1 OR 1=1"]:
        page = alice.post("/account/sessions/end", {"csrf_token": token, "id": str(number)})
        assert page.status == 303 and page.location == "/account/sessions"
    assert bob.visit("/").status == 200 and alice.visit("/").status == 200


# Activity


@pytest.mark.parametrize("language", ["fr", "en"])
def test_activity_is_listed_newest_first_in_pages(server, language):
    person = Person(server, language=language).full()
    for _ in range(23):
        server.forgive()
        Person(server, person.name, "wrong password").give_password()
    page = person.visit("/account/activity")
    first = [i.one("h2").text for i in page.dom.one("main").one("ul", class_="things").all("li")]
    assert len(first) == 20 and set(first) == {"Wrong password" if language == "en" else "Mot de passe incorrect"}
    older = page.dom.one("main").one("a", rel="next")["href"]
    page = person.visit(older)
    rest = [i.one("h2").text for i in page.dom.one("main").one("ul", class_="things").all("li")]
    assert rest[-1] == ("Account created" if language == "en" else "Compte créé")
    assert not [words for words in first + rest if "." in words], "every event has its words"
    for odd in ("0", "-1", "abc", "9" * 40, "1"):
        assert person.visit("/account/activity?before=" + odd).status == 200


@pytest.mark.parametrize("language, neutral", [
    ("en", "Event unknown to this version of the server"), ("fr", "Événement inconnu de cette version du serveur")])
def test_activity_rows_of_another_version_have_a_neutral_sentence(server, language, neutral):
    person = Person(server, language=language).full()
    (number,), = server.sql("SELECT id FROM accounts WHERE name = ?", person.name)
    for event, outcome, reason in (("passkey.added", "passed", "asked"), ("", "", ""), ("x" * 40, "perhaps", "<script>")):
        server.sql("INSERT INTO audit (at_us, event, outcome, reason, account_id, address, agent, request_id) VALUES (1, ?, ?, ?, ?, '', '', '')",
                   event, outcome, reason, number)
    page = person.visit("/account/activity")
    newest = [i.one("h2").text for i in page.dom.one("main").one("ul", class_="things").all("li")][:3]
    assert page.status == 200 and newest == [neutral] * 3


def test_activity_shows_the_own_account_only(server, alice):
    bob = Person(server).full()
    change(bob)
    assert "Password changed" in bob.visit("/account/activity").text
    assert "Password changed" not in alice.visit("/account/activity").text


# Closing


def test_closing_redacts_the_audit_and_deletes_the_rest(server, alice):
    other = second(alice)
    page = alice.visit("/account/close")
    assert alice.name in page.text
    page = alice.send("/account/close", {"current": "wrong"})
    assert page.status == 422 and page.errors["current"] and alice.visit("/").status == 200
    (number,), = server.sql("SELECT id FROM accounts WHERE name = ?", alice.name)
    alice.send("/account/close", {"current": alice.password})
    assert alice.page.location == "/login" and "doubletour" not in alice.cookies and alice.follow().flashes
    assert other.visit("/").location.startswith("/login")
    assert alice.forget().give_password().status == 422
    for table in ("sessions", "factors", "recovery_codes"):
        assert server.sql(f"SELECT count(*) FROM {table} WHERE account_id = ?", number) == [(0,)]
    rows = server.sql("SELECT event, address, agent, request_id FROM audit WHERE account_id = ? ORDER BY id", number)
    assert rows and {row[1:] for row in rows} == {("", "", "")} and rows[-1][0] == "account.closed"
    Person(server, name=alice.name).full()


def test_closing_with_a_stale_proof_asks_for_a_code(alice):
    alice.grow_stale()
    page = alice.send("/account/close", {"current": alice.password})
    assert page.status == 422 and page.errors["otp"] and page.value("current") == alice.password
    assert alice.send("/account/close", {"current": alice.password, "otp": alice.fresh_code()}).location == "/login"


# Forged forms


@pytest.mark.parametrize("path", ["profile", "password", "close", "sessions/end"])
def test_a_cross_site_form_changes_nothing(alice, path):
    other = second(alice)
    token = alice.visit("/account/profile").token
    fields = {"current": alice.password, "password": NEW, "confirm": NEW, "display_name": "Forged"}
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
