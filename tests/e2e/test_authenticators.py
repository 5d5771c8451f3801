"""Several named authenticators: added, replaced, renamed and removed; the last one cannot be removed."""

import collections
import json
import re

import pytest

from harness import Person, code_at
from harness.codes import code_of_step, step_at

LIST = "/account/security"
NEW = "/account/authenticators/new"
CONFIRM = "/account/authenticators/confirm"
RENAME = "/account/authenticators/rename"
REMOVE = "/account/authenticators/remove"


def items(person):
    return person.visit(LIST).dom.one("section", aria_labelledby="authenticators").one("ul").all("li")


def names(person):
    return [item.one("b").text for item in items(person)]


def ids(person):
    return [item.one("b")["id"].removeprefix("factor-") for item in items(person)]


def removable(item):
    """Does the row have a link to the page that removes its authenticator?"""
    return any(a["href"].startswith(REMOVE + "?id=") for a in item.all("a"))


def begin(person, name="Tablet", replaces=None, **different):
    return person.send(NEW + (f"?replaces={replaces}" if replaces else ""), {"current": person.password, "name": name, **different})


def add(person, name="Tablet", replaces=None):
    """Add and confirm a new authenticator; return its secret."""
    assert begin(person, name, replaces).location == CONFIRM, person.page.html
    secret = person.follow().by_id("secret")["value"]
    step = person.server.clock.next_step()
    person.send(CONFIRM, {"otp": code_of_step(secret, step)})
    assert (person.page.status, person.page.location) == (303, LIST), person.page.html
    return secret


def signs_in(person, secret):
    """Does a code of this secret that was never sent before complete a sign-in?"""
    person.server.clock.next_step()
    person.forget().give_password()
    return person.verify(code_at(secret, person.server.clock.now())).status == 303


@pytest.fixture
def alice(server):
    return Person(server).full()


# The list


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_list_shows_name_date_and_last_use(server, language):
    person = Person(server, language=language).full()
    only, = items(person)
    assert person.page.language == language
    assert "1" in only.one("b").text, "one without a name is numbered"
    assert len(only.all("time")) >= 1
    assert not removable(only), "the last one cannot be removed"


def test_the_sessions_authenticator_is_marked_and_last_use_updated(server, alice):
    secret = add(alice, "Tablet")
    marks = lambda: [bool(item.all(class_="tag")) for item in items(alice)]
    assert signs_in(alice, secret) and marks() == [False, True]
    used = items(alice)[1].all("time")[-1]["datetime"]
    server.clock.advance(3600)
    assert signs_in(alice, secret)
    assert items(alice)[1].all("time")[-1]["datetime"] > used


NEVER = {"fr": "pas encore utilisé", "en": "not used yet"}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_code_that_confirms_counts_as_a_use(server, language):
    person = Person(server, language=language).full()
    add(person, "Tablet")
    for item in items(person):
        added, used = item.all("time")
        assert NEVER[language] not in item.text and used["datetime"] == added["datetime"]


def test_a_code_that_makes_the_proof_fresh_is_a_use(server, alice):
    before = items(alice)[0].all("time")[-1]["datetime"]
    alice.grow_stale()
    begin(alice, otp=alice.fresh_code())
    assert items(alice)[0].all("time")[-1]["datetime"] > before


def test_a_recovery_code_leaves_the_authenticator_unused(server, alice):
    codes = alice.visit("/account/recovery-codes").recovery_codes
    before = items(alice)[0].all("time")[-1]["datetime"]
    server.clock.advance(3600)
    assert alice.recover(codes[0]).status == 303
    assert items(alice)[0].all("time")[-1]["datetime"] == before


def test_an_imported_authenticator_is_not_used_yet(server, alice):
    server.sql("UPDATE factors SET last_used_at_us = 0 WHERE account_id = (SELECT id FROM accounts WHERE name = ?)", alice.name)
    assert NEVER["en"] in items(alice)[0].text


def test_times_carry_the_exact_instant(alice):
    for time in items(alice)[0].all("time"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", time["title"])
        assert time["datetime"] == time["title"].replace(" UTC", "Z").replace(" ", "T", 1)


# Adding


def test_a_second_authenticator_counts_after_its_first_code(alice):
    first = alice.secret
    begin(alice, "Tablet")
    second = alice.follow().by_id("secret")["value"]
    assert second != first and alice.page.by_id("qr")["src"].startswith("data:image/png")
    assert len(names(alice)) == 1, "not before its code is confirmed"
    page = alice.send(CONFIRM, {"otp": "000000"})
    assert page.status == 422 and page.errors["otp"] and page.by_id("secret")["value"] == second
    step = alice.server.clock.next_step()
    assert alice.send(CONFIRM, {"otp": code_of_step(second, step)}).location == LIST
    assert alice.follow().flashes
    assert names(alice)[1].startswith("Tablet")
    assert signs_in(alice, second) and signs_in(alice, first)


def test_a_pending_secret_is_shown_once_and_to_its_session_only(server, alice):
    begin(alice)
    secret = alice.follow().by_id("secret")["value"]
    other = Person(server, alice.name, alice.password)
    other.secret, other.spent = alice.secret, alice.spent
    other.sign_in()
    assert other.visit(CONFIRM).location == LIST
    step = server.clock.next_step()
    alice.send(CONFIRM, {"otp": code_of_step(secret, step)})
    for path in (CONFIRM, LIST, "/setup-2fa", "/"):
        assert secret not in alice.visit(path).html
    assert alice.visit(CONFIRM).location == LIST


def test_a_pending_secret_expires_after_ten_minutes(server, alice):
    begin(alice)
    secret = alice.follow().by_id("secret")["value"]
    token = alice.page.token
    server.clock.advance(10 * 60 + 5)
    alice.post(CONFIRM, {"csrf_token": token, "otp": code_at(secret, server.clock.now())})
    assert alice.page.location == LIST and len(names(alice)) == 1


@pytest.mark.parametrize("wrong", ["", "not it", "x" * 4000, "\x00", "é" * 3000], ids=["empty", "wrong", "long", "NUL", "long and not ASCII"])
def test_a_wrong_password_begins_no_enrolment_and_keeps_the_input(alice, wrong):
    page = begin(alice, "Tablette d’Hélène", current=wrong)
    if page.status in (400, 413):
        return
    assert page.status == 422 and page.errors["current"] and page.value("name") == "Tablette d’Hélène"
    assert alice.visit(CONFIRM).location == LIST


BAD_NAMES = ["x" * 41, "é" * 41, "x" * 4000, "a\x07b", "a\u202eb", "a\nb"]


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: repr(name)[:12])
def test_an_invalid_name_is_explained_and_input_is_kept(alice, name):
    page = begin(alice, name)
    assert page.status in (400, 422)
    if page.status == 422:
        assert page.errors["name"] and page.value("current") == alice.password
    assert alice.visit(CONFIRM).location == LIST


def test_a_name_may_be_left_out_and_is_escaped(alice):
    add(alice, "")
    add(alice, "<b>\"'&")
    assert "<b>" not in alice.visit(LIST).html
    assert [n.startswith("<b>\"'&") for n in names(alice)] == [False, False, True]


@pytest.mark.parametrize("wrong", ["000000", "", "12345", "abcdef", "0" * 4000, "123\x00456"],
                         ids=["wrong", "empty", "short", "letters", "enormous", "NUL"])
def test_a_wrong_first_code_adds_nothing(alice, wrong):
    begin(alice)
    secret = alice.follow().by_id("secret")["value"]
    page = alice.send(CONFIRM, {"otp": wrong})
    assert page.status in (400, 422)
    assert len(names(alice)) == 1 and alice.visit(CONFIRM).by_id("secret")["value"] == secret


# The proof expires


def test_a_stale_proof_adds_a_code_field_and_keeps_the_input(alice):
    assert not alice.visit(NEW).dom.all("input", name="otp")
    alice.grow_stale()
    assert alice.visit(NEW).field("otp")
    for otp in ("", "000000", "x" * 4000):
        page = begin(alice, "Tablet", otp=otp)
        assert page.status == 422 and page.errors["otp"]
        assert (page.value("name"), page.value("current"), page.value("otp")) == ("Tablet", alice.password, "")
        assert page.headers["Cache-Control"] == "no-store"
    assert begin(alice, "Tablet", otp=alice.fresh_code()).location == CONFIRM


def test_the_replaced_authenticator_survives_the_step_up_form(alice):
    old, = ids(alice)
    alice.grow_stale()
    page = begin(alice, "Tablet", old)
    assert page.status == 422 and page.value("replaces") == old


# Replacing


def test_a_replacement_counts_once_its_code_is_confirmed(server, alice):
    old, lost = alice.secret, ids(alice)[0]
    other = Person(server, alice.name, alice.password)
    other.secret, other.spent = alice.secret, alice.spent
    other.sign_in()
    alice.spent = other.spent

    begin(alice, "New phone", lost)
    secret = alice.follow().by_id("secret")["value"]
    third = Person(server, alice.name, alice.password)
    assert signs_in(third, old), "until then the old one is valid"
    before = alice.session
    step = server.clock.next_step()
    alice.send(CONFIRM, {"otp": code_of_step(secret, step)})
    assert alice.page.location == LIST and alice.session != before
    assert len(names(alice)) == 1 and names(alice)[0].startswith("New phone")
    for ended in (other, third):
        assert ended.visit("/").location.startswith("/login"), "all others are signed out"
    assert not signs_in(third, old) and signs_in(third, secret)
    assert alice.visit("/").status == 200


def test_a_lost_phone_is_replaced_with_a_recovery_code(server, alice):
    codes = alice.follow().recovery_codes
    lost, old = ids(alice)[0], alice.secret
    alice.recover(codes[0])
    assert not removable(items(alice)[0]), "it is the last one, even if it is lost"
    secret = add(alice, "New phone", lost)
    assert len(names(alice)) == 1
    assert alice.visit("/").status == 200
    assert signs_in(alice, secret)
    assert not signs_in(alice, old)


@pytest.mark.parametrize("replaces", ["1", "0", "-5", "abc", "9" * 19, "9" * 40, "", "\x00", "1e3"])
def test_replacing_an_unknown_authenticator_changes_nothing(alice, replaces):
    page = alice.send(NEW, {"current": alice.password, "name": "Tablet", "replaces": replaces})
    assert page.status in (303, 400)
    assert len(names(alice)) == 1
    assert signs_in(alice, alice.secret)


def test_authenticators_of_other_accounts_cannot_be_replaced(server, alice):
    other = Person(server).full()
    alice.send(NEW, {"current": alice.password, "name": "Tablet", "replaces": ids(other)[0]})
    assert (alice.page.status, alice.page.location) == (303, LIST) and alice.follow().flashes
    assert alice.visit(CONFIRM).location == LIST, "nothing was begun"
    assert len(names(other)) == 1


@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
def test_replacing_is_offered_first_after_a_recovery_code(alice, several):
    if several:
        add(alice, "Tablet")
    codes = alice.visit("/account/recovery-codes").recovery_codes
    assert not alice.visit(LIST).dom.all(class_="primary")
    alice.recover(codes[0])
    targets = [f"{NEW}?replaces={number}" for number in ids(alice)]
    lost = alice.page.dom.one("section", aria_labelledby="lost")
    assert [a["href"] for a in lost.all("a")] == targets and len(alice.page.dom.all(class_="primary")) == 1
    for path in ("/", "/account"):
        assert alice.visit(path).dom.one("main").one(class_="primary")["href"] == LIST + "#lost"
    add(alice, "New phone", ids(alice)[0])
    for path in (LIST, "/account", "/"):
        assert not alice.visit(path).dom.all(class_="primary"), "done"


# Renaming


def test_a_name_can_be_changed(alice):
    one, = ids(alice)
    alice.post(RENAME, {"csrf_token": alice.page.token, "id": one, "name": "Téléphone <1>"})
    assert alice.page.location == LIST and alice.follow().flashes
    assert names(alice)[0].startswith("Téléphone <1>")


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: repr(name)[:12])
def test_a_bad_name_changes_nothing_and_stays_in_its_field(alice, name):
    one, = ids(alice)
    page = alice.post(RENAME, {"csrf_token": alice.page.token, "id": one, "name": name})
    assert page.status in (400, 422)
    if page.status == 422:
        assert page.errors["name"] and page.value("name"), "the field has the typed text"
    assert "1" in names(alice)[0]


def garbage(server):
    return ["", "0", "-1", "abc", "9" * 19, "9" * 40, "1 OR 1=1", ids(Person(server).full())[0]]


def test_each_audit_event_of_an_account_is_logged_once(server, alice):
    add(alice)
    alice.post(RENAME, {"csrf_token": alice.visit(LIST).token, "id": ids(alice)[0], "name": "Phone"})
    alice.send("/account/profile", {"display_name": "Alice", "language": "", "time_format": ""})
    alice.visit("/account/recovery-codes")
    alice.send("/account/recovery-codes")
    alice.send("/logout")
    rows = [json.loads(line) for line in server.command("audit", "--user", alice.name, "--json").stdout.splitlines()]
    events = collections.Counter((row["event"], row["reason"]) for row in rows)
    assert {"enrol.begun", "enrol.confirmed", "recovery.made", "factor.renamed", "profile.changed", "signout.done"} <= {event for event, _ in events}
    lines = re.findall(rf"(\S+) request=\S+ account={rows[0]['account']} why=(?:\"([^\"]*)\"|(\S+))", server.log())
    assert collections.Counter((event, quoted or word) for event, quoted, word in lines) == events


def test_authenticators_of_other_accounts_cannot_be_renamed(server, alice):
    token = alice.visit(LIST).token
    for number in garbage(server):
        page = alice.post(RENAME, {"csrf_token": token, "id": number, "name": "Mine"})
        assert page.status == 303 and page.location == LIST, number
        assert alice.follow().flashes
    assert "Mine" not in names(alice)[0]


@pytest.mark.parametrize("page", [RENAME, REMOVE])
def test_a_page_about_an_unknown_authenticator_redirects(server, alice, page):
    for number in garbage(server):
        assert alice.visit(f"{page}?id={number}").location == LIST and alice.follow().flashes
    one, = ids(alice)
    assert alice.visit(f"{page}?id={one}").value("id") == one


# Removing


def test_removing_an_authenticator_ends_its_sessions(server, alice):
    secret = add(alice)
    other = Person(server, alice.name, alice.password)
    assert signs_in(other, secret)
    number = ids(alice)[1]
    alice.post(REMOVE, {"csrf_token": alice.page.token, "id": number})
    assert alice.page.location == LIST and alice.follow().flashes
    assert len(names(alice)) == 1
    assert other.visit("/").location.startswith("/login")
    assert not signs_in(other, secret)
    assert alice.visit("/").status == 200


def test_home_counts_the_remaining_authenticators_at_once(alice):
    """Web caches a session for two seconds; the answer to a change carries the new number."""
    add(alice)
    assert "2 authenticators" in alice.visit("/").text
    number = ids(alice)[1]
    assert alice.post(REMOVE, {"csrf_token": alice.page.token, "id": number}).location == LIST
    assert "Only one authenticator" in alice.visit("/").text


def test_the_last_authenticator_cannot_be_removed(alice):
    one, = ids(alice)
    page = alice.post(REMOVE, {"csrf_token": alice.page.token, "id": one})
    assert page.status == 422 and page.alerts
    assert signs_in(alice, alice.secret)


def test_the_sessions_own_authenticator_cannot_be_removed(alice):
    add(alice)
    first = [item for item in items(alice) if not removable(item)]
    assert len(first) == 1 and "sign in with another" in first[0].text
    number = first[0].one("b")["id"].removeprefix("factor-")
    page = alice.post(REMOVE, {"csrf_token": alice.page.token, "id": number})
    assert page.status == 422 and page.alerts and len(names(alice)) == 2


def test_authenticators_of_other_accounts_cannot_be_removed(server, alice):
    add(alice)
    token = alice.visit(LIST).token
    bob = Person(server).full()
    for number in [*garbage(server), ids(bob)[0]]:
        assert alice.post(REMOVE, {"csrf_token": token, "id": number}).status == 422
    assert len(names(alice)) == 2 and len(names(bob)) == 1


def test_removing_with_a_stale_proof_asks_for_a_code(alice):
    add(alice)
    number = ids(alice)[1]
    alice.grow_stale()
    assert removable(items(alice)[1])
    assert alice.visit(f"{REMOVE}?id={number}").field("otp"), "the page has the field before the form is sent"
    token = alice.page.token
    for otp in ("", "000000"):
        page = alice.post(REMOVE, {"csrf_token": token, "id": number, "otp": otp})
        assert page.status == 422 and page.errors["otp"]
        assert page.by_id("otp").get("aria-invalid") == "true"
    page = alice.post(REMOVE, {"csrf_token": token, "id": number, "otp": alice.fresh_code()})
    assert page.location == LIST and len(names(alice)) == 1


# Forged forms


@pytest.mark.parametrize("path", [NEW, CONFIRM, RENAME, REMOVE])
def test_a_cross_site_form_changes_nothing(server, alice, path):
    secret = add(alice)
    begin(alice, "Third")
    third = alice.follow().by_id("secret")["value"]
    token, number = alice.page.token, ids(alice)[1]
    fields = {"current": alice.password, "name": "Forged", "id": number, "otp": code_of_step(third, step_at(server.clock.now()) + 1)}
    cross_site = {"Origin": "https://example.org", "Sec-Fetch-Site": "cross-site"}
    for page in (alice.post(path, fields), alice.post(path, {**fields, "csrf_token": "A" * 43}),
                 alice.post(path, {**fields, "csrf_token": token}, headers=cross_site)):
        assert page.status == 403 and page.alerts
        assert alice.password not in page.html, "the page shows no values of a forged form"
    assert [n.startswith("Tablet") for n in names(alice)] == [False, True]
    assert signs_in(alice, secret)
