"""Accounts, invitations and the audit trail, managed by the administrator while the server runs."""

import json
import os
import re
import signal
import subprocess

import pytest

from harness import Person
from harness.passkey_rows import with_a_passkey
from harness.server import wait_until
from harness.together import form_bytes, together

NEW = "a new password of several words"


def printed(server, *arguments, status=0):
    result = server.command(*arguments, "--json")
    assert result.returncode == status, (result.stdout, result.stderr)
    return [json.loads(line) for line in result.stdout.splitlines()]


def one(server, *arguments):
    rows = printed(server, *arguments)
    assert len(rows) == 1, rows
    return rows[0]


def path_of(link, server):
    assert link.startswith("http://localhost:") or link.startswith(server.origin), link
    return "/" + link.split("/", 3)[3]


def refused(server, *arguments, status=1, word=""):
    result = server.command(*arguments)
    assert result.returncode == status and word in result.stderr, (result.stdout, result.stderr)


def events(server, **filters):
    return [row["event"] for row in printed(server, "audit", *[part for n, v in filters.items() for part in (f"--{n}", v)])]


# Accounts


def test_list_and_show_print_everything_but_secrets(server):
    alice = Person(server).full()
    Person(server).enrolling()
    row = one(server, "user", "show", alice.name.upper())
    assert row["authenticators"] == 1 and row["password"] and not row["disabled"] and row["sessions"] == 1
    assert row["last_sign_in"].endswith("Z")
    names = [r["name"] for r in printed(server, "user", "list")]
    assert names == sorted(names) and alice.name in names
    without = [r["name"] for r in printed(server, "user", "list", "--without-2fa")]
    assert alice.name not in without and without
    assert alice.name not in [r["name"] for r in printed(server, "user", "list", "--inactive", "1d")]
    text = server.command("user", "list").stdout + server.command("user", "show", alice.name).stdout
    assert alice.name in text and alice.secret not in text and "argon2" not in text


def test_show_lists_passkeys_and_a_reset_removes_them(server):
    alice = Person(server).full()
    with_a_passkey(server, alice.name)
    server.sql("UPDATE factors SET name = 'Phone', last_used_at_us = 1790000000000000 WHERE kind = 'passkey' AND account_id = "
               "(SELECT id FROM accounts WHERE name = ?)", alice.name)
    (passkey,) = one(server, "user", "show", alice.name)["passkeys"]
    assert passkey == {"name": "Phone", "created": "1970-01-01T00:00:00Z", "last_used": "2026-09-21T14:13:20Z", "synced": False, "passwordless": True,
                       "disabled": False, "rp_id": "localhost"}
    line = "passkey          Phone: added 1970-01-01T00:00:00Z, last used 2026-09-21T14:13:20Z, on one device, opens alone, for localhost\n"
    assert line in server.command("user", "show", alice.name).stdout
    other = server.command("user", "show", alice.name, PUBLIC_URL="https://login.example.org").stdout
    assert "for localhost, which is not the configured name\n" in other
    assert "passkeys" not in printed(server, "user", "list")[0]
    done = server.command("user", "reset-2fa", alice.name)
    assert done.stdout.startswith(f"Removed the authenticators, passkeys and recovery codes of {alice.name}")
    row = one(server, "user", "show", alice.name)
    assert (row["authenticators"], row["passkeys"]) == (0, [])


def test_an_ended_session_is_evicted_when_the_keeper_says_so(server):
    """A command does not notify web.  The first question that the keeper refuses ends the session for all pages."""
    alice = Person(server).full()
    alice.visit("/account/profile")  # now in the cache
    assert one(server, "user", "disable", alice.name)["changed"]
    answer = alice.post("/account/sessions/end", {"csrf_token": "invalid", "id": ""})  # asks for the list of sessions
    assert (answer.status, answer.location) == (303, "/login")
    assert alice.visit("/login").status == 200


def test_disabling_signs_out_at_once_and_enabling_restores_access(server):
    alice = Person(server).full()
    assert one(server, "user", "disable", alice.name)["changed"]
    assert not one(server, "user", "disable", alice.name)["changed"]
    wait_until(lambda: alice.visit("/").status == 303, "her session ends within the lifetime of the cache")
    assert alice.give_password().status == 422
    assert alice.name in [r["name"] for r in printed(server, "user", "list", "--disabled")]
    assert one(server, "user", "enable", alice.name)["changed"]
    alice.forget().sign_in()
    assert alice.page.status == 303
    assert [e for e in events(server, user=alice.name) if e.startswith("admin.")] == ["admin.disabled", "admin.enabled"]


def test_logout_ends_sessions_and_sessions_lists_sessions(server):
    alice = Person(server).full()
    rows = printed(server, "user", "sessions", alice.name)
    assert len(rows) == 1 and rows[0]["proved"] and rows[0]["address"] == "127.0.0.1"
    assert one(server, "user", "logout", alice.name)["ended"] == 1
    wait_until(lambda: alice.visit("/").status == 303, "her session ends within the lifetime of the cache")
    assert printed(server, "user", "sessions", alice.name) == []


def test_the_first_link_sets_a_password_and_starts_enrolment(server):
    link = one(server, "user", "add", "New.Person", "--display-name", "Ny Pérson")["link"]
    person = Person(server, name="new.person", password=NEW)
    assert person.give_password().status == 422, "without a password no sign-in succeeds"
    page = person.visit(path_of(link, server))
    assert page.status == 200 and "new.person" in page.html
    person.send(path_of(link, server), {"password": NEW, "confirm": NEW})
    assert person.page.location.startswith("/setup-2fa")
    person.confirm()
    assert person.page.status == 303 and person.visit("/").status == 200
    person.forget().sign_in()
    assert person.page.status == 303
    refused(server, "user", "add", "NEW.person", word="already")
    refused(server, "user", "add", "no", word="3 characters")
    refused(server, "user", "add", "été", word="without accents")


def test_a_password_reset_voids_the_old_password(server):
    alice = Person(server).full()
    link = one(server, "user", "reset-password", alice.name)["link"]
    wait_until(lambda: alice.visit("/").status == 303, "her session ends within the lifetime of the cache")
    assert alice.forget().give_password().status == 422, "the old password is invalid"
    alice.send(path_of(link, server), {"password": NEW, "confirm": NEW})
    assert alice.page.location.startswith("/verify-2fa"), "the second factor is still required"
    assert alice.visit("/").status == 303
    alice.verify()
    assert alice.visit("/").status == 200
    other = Person(server, alice.name, NEW)
    assert other.visit(path_of(link, server)).status == 404
    assert other.post("/set-password", {"link": link.split("=")[1], "password": NEW, "confirm": NEW}).status in (403, 404)


def test_resetting_the_factor_ends_sessions_and_enrols_anew(server):
    alice = Person(server).full()
    old = alice.secret
    assert one(server, "user", "reset-2fa", alice.name)["reset"]
    wait_until(lambda: alice.visit("/").status == 303, "her session ends within the lifetime of the cache")
    alice.forget().give_password()
    assert alice.page.location.startswith("/setup-2fa")
    assert alice.read_secret() != old
    alice.spent = 0
    alice.verify()
    assert alice.visit("/").status == 200


def test_accounts_are_renamed_and_deleted(server):
    alice, bob = Person(server).full(), Person(server).full()
    refused(server, "user", "rename", alice.name, bob.name, word="already")
    assert one(server, "user", "rename", alice.name, alice.name + ".two")["renamed"]
    assert alice.forget().give_password().status == 422
    alice.name += ".two"
    alice.sign_in()
    assert alice.visit("/").status == 200
    assert server.command("user", "rename", bob.name, bob.name.upper()).stdout == f"Renamed {bob.name} to {bob.name}.\n", "the stored name"
    server.command("user", "disable", bob.name)
    assert f"The link works after `doubletour user enable {bob.name}`." in server.command("user", "reset-password", bob.name).stderr
    refused(server, "user", "delete", alice.name, word="--yes")
    assert alice.visit("/").status == 200
    assert one(server, "user", "delete", alice.name, "--yes")["deleted"]
    refused(server, "user", "show", alice.name, word="no account")
    wait_until(lambda: alice.visit("/").status == 303, "her session ends within the lifetime of the cache")
    redacted = server.sql("SELECT DISTINCT address, agent FROM audit WHERE account_id NOT IN (SELECT id FROM accounts)")
    assert {address for address, _ in redacted} == {""} and {agent for _, agent in redacted} <= {"", "command line"}


def test_a_clock_that_was_ahead_revives_no_spent_code(make_server):
    server = make_server()
    alice = Person(server).full()
    alice.visit("/account/recovery-codes")
    codes = alice.page.recovery_codes
    offset = server.clock.offset
    server.clock.advance(30 * 86400)
    alice.forget().sign_in()
    server.clock.set(offset + 120)
    alice.spent = 0
    alice.forget().give_password()
    assert alice.verify().status == 422, "its step is much later than the spent one"
    assert one(server, "user", "unlock", alice.name)
    alice.spent = 0
    assert alice.verify().status == 422, "whatever the clock of the command says"
    alice.recover(codes[0])
    assert alice.page.status == 303 and alice.visit("/").status == 200


def test_unlock_ends_lockouts_and_enables_authenticators(server):
    alice = Person(server).full()
    server.sql("UPDATE factors SET disabled_at_us = 1 WHERE account_id = (SELECT id FROM accounts WHERE name = ?)", alice.name)
    wait_until(lambda: alice.visit("/").status == 303, "a disabled authenticator gives no access")
    other_browser = Person(server, alice.name, alice.password)
    for _ in range(5):
        other_browser.give_password(password="wrong password")
    assert other_browser.give_password().status == 429
    shown = one(server, "user", "show", alice.name)
    assert shown["authenticators_disabled"] == 1 and shown["failures"] == 5 and shown["blocked_until"]
    assert one(server, "user", "unlock", alice.name)["unlocked"]
    other_browser.secret = alice.secret
    other_browser.spent = alice.spent
    other_browser.sign_in()
    assert one(server, "user", "show", alice.name)["failures"] == 0
    alice.forget().spent = other_browser.spent
    alice.sign_in()
    assert alice.visit("/").status == 200


@pytest.mark.parametrize("arguments, status", [
    ((), 2), (("nonsense",), 2), (("add",), 2), (("add", "a", "b"), 2), (("list", "x"), 2), (("rename", "x"), 2),
    (("show", "nobody"), 1), (("disable", ""), 1), (("list", "--inactive", "soon"), 1), (("show", "x" * 5000), 1),
    (("--frobnicate",), 2),
], ids=lambda value: repr(value)[:30])
def test_contradictory_arguments_are_refused(server, arguments, status):
    result = server.command("user", *arguments)
    assert result.returncode == status and result.stderr and len(result.stderr) < 4000


# Invitations


def test_an_invitation_creates_one_account(make_server):
    server = make_server(REGISTRATION="invite")
    link = path_of(one(server, "invite")["link"], server)
    person = Person(server)
    assert person.visit("/register").status == 403
    page = person.visit(link)
    assert page.status == 200
    person.send(link, {"username": person.name, "password": person.password, "confirm": person.password})
    assert person.page.location.startswith("/setup-2fa"), person.page.html
    late = Person(server)
    assert late.visit(link).status == 404 and late.page.alerts and not late.page.dom.one("main").all("form"), "it was used"
    assert server.command("user", "show", late.name).returncode == 1


def test_an_invitation_is_used_up_only_by_an_account(make_server):
    server = make_server(REGISTRATION="invite")
    link = path_of(one(server, "invite")["link"], server)
    first = Person(server)
    first.send(link, {"username": "x", "password": first.password, "confirm": first.password})
    assert first.page.status == 422
    first.send(link, {"username": first.name, "password": first.password, "confirm": first.password})
    assert first.page.location.startswith("/setup-2fa"), first.page.html
    other = path_of(one(server, "invite")["link"], server)
    taken = Person(server)
    taken.send(other, {"username": first.name, "password": taken.password, "confirm": taken.password})
    assert taken.page.status == 422
    taken.send(other, {"username": taken.name, "password": taken.password, "confirm": taken.password})
    assert taken.page.location.startswith("/setup-2fa"), "a taken name does not use the invitation up"


def test_one_of_64_parallel_uses_of_a_link_succeeds(make_server):
    server = make_server()
    link = path_of(one(server, "user", "add", "race.person")["link"], server)
    requests = []
    for _ in range(64):
        person = Person(server)
        form = person.visit(link).form_to("/set-password")
        fields = {i["name"]: i.get("value") or "" for i in form.all("input", type="hidden") if i.has("name")}
        requests.append(form_bytes(server, "/set-password", {**fields, "password": NEW, "confirm": NEW}, person.cookies))
    statuses = [answer.status for answer in together(server, requests)]
    assert statuses.count(303) == 1, statuses
    assert set(statuses) <= {303, 404, 503}, statuses


# The audit trail


def test_the_audit_trail_is_filtered_and_exported(server):
    alice = Person(server).full()
    Person(server, alice.name, "wrong password").give_password()
    rows = printed(server, "audit", "--user", alice.name)
    assert [r["event"] for r in rows][:3] == ["register.done", "enrol.begun", "enrol.confirmed"]
    assert rows[-1]["event"] == "signin.refused" and rows[-1]["reason"] == "password"
    assert [r["id"] for r in rows] == sorted(r["id"] for r in rows)
    assert events(server, user=alice.name, event="signin.refused") == ["signin.refused"]
    assert printed(server, "audit", "--user", alice.name, "--until", "1d") == []
    assert alice.password not in server.command("audit").stdout
    refused(server, "audit", "--since", "yesterday-ish", word="--since: yesterday-ish is not a time")
    refused(server, "audit", "--user", "nobody", word="no account")


COLUMNS = ["TIME", "OUTCOME", "EVENT", "REASON", "ACCOUNT", "NAME", "ACTOR", "ADDRESS", "CLIENT"]


def lines(server, *arguments):
    """Return the rows of a table as {heading: column}; every column must begin below its heading."""
    heading, *rows = server.command("audit", *arguments).stdout.splitlines()
    assert heading.split() == COLUMNS
    begins = [heading.index(column) for column in COLUMNS] + [None]
    return [{c: row[b:e].strip() for c, b, e in zip(COLUMNS, begins, begins[1:])} for row in rows]


def account_of(server, person):
    return server.sql("SELECT id FROM accounts WHERE name = ?", person.name)[0][0]


def test_audit_text_has_a_heading_outcome_and_account_id(server):
    alice = Person(server).full()
    Person(server, alice.name, "wrong password").give_password()
    rows = lines(server, "--user", alice.name)
    assert {row["ACCOUNT"] for row in rows} == {str(account_of(server, alice))}
    assert {row["NAME"] for row in rows} == {alice.name} and {row["ACTOR"] for row in rows} == {"person"}
    assert (rows[0]["EVENT"], rows[0]["OUTCOME"]) == ("register.done", "passed")
    assert (rows[-1]["EVENT"], rows[-1]["OUTCOME"], rows[-1]["ADDRESS"]) == ("signin.refused", "refused", "127.0.0.1")
    assert server.command("audit", "--event", "admin.key-rotated").stdout.split() == COLUMNS


@pytest.mark.parametrize("typed, near", [("signin.refsued", "signin.refused"), ("sigin", "signin"), ("nothing.of.this.name", None)])
def test_an_unknown_event_is_refused_with_the_known_ones(server, typed, near):
    done = server.command("audit", "--event", typed)
    assert (done.returncode, done.stdout) == (2, ""), "an empty list would mean that the event never happened"
    assert f'there is no event "{typed}".' in done.stderr
    assert re.findall('Did you mean "(.*?)"', done.stderr) == ([near] if near else [])
    assert "The names of events begin with: register, signin, " in done.stderr and ", admin, " in done.stderr


def test_an_administrators_act_records_the_actor(server):
    alice = Person(server).full()
    for sudo, actor in (("anna", "command:anna"), ("", f"command:uid={os.getuid()}"), ("a b", f"command:uid={os.getuid()}")):
        assert server.command("user", "unlock", alice.name, SUDO_USER=sudo).returncode == 0
        assert lines(server, "--user", alice.name, "--event", "admin.")[-1]["ACTOR"] == actor
        assert printed(server, "audit", "--user", alice.name, "--event", "admin.")[-1]["actor"] == actor
    page = alice.visit("/account/devices")
    assert "anna" not in page.html and "An administrator ended" in page.html, "the user's page does not name the administrator"


def test_the_system_acts_when_a_backoff_begins(server):
    alice = Person(server).full()
    for _ in range(6):
        Person(server, alice.name, "wrong password").give_password()
    assert {row["ACTOR"] for row in lines(server, "--event", "wait.begun")} == {"system"}


def test_rows_of_a_deleted_account_keep_its_id(server):
    alice = Person(server).full()
    number = account_of(server, alice)
    assert one(server, "user", "delete", alice.name, "--yes")["deleted"]
    one(server, "user", "add", alice.name, "--name-again")
    again = Person(server, alice.name)
    rows = lines(server, "--account", str(number))
    assert len(rows) >= 4 and {(row["ACCOUNT"], row["NAME"]) for row in rows} == {(str(number), "(deleted)")}
    assert rows[-1]["EVENT"] == "admin.deleted"
    assert all(row["deleted"] and row["account"] == number for row in printed(server, "audit", "--account", str(number)))
    assert {row["ACCOUNT"] for row in lines(server, "--user", alice.name)} == {str(account_of(server, again))} != {str(number)}
    for wrong in ("0", "-1", "alice", "1 ", "9" * 30):
        refused(server, "audit", "--account", wrong, word="--account")


def test_rows_of_an_older_version_have_no_actor(server):
    alice = Person(server).full()
    server.sql("UPDATE audit SET actor = NULL WHERE account_id = ?", account_of(server, alice))
    assert {row["ACTOR"] for row in lines(server, "--user", alice.name)} == {"-"}
    assert {row["actor"] for row in printed(server, "audit", "--user", alice.name)} == {None}


def test_follow_prints_new_events(server):
    running = subprocess.Popen([server.program, "audit", "--follow", "--json", "--since", "0m"], cwd=server.work,
                               env=server.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        alice = Person(server).enrolling()
        while True:
            row = json.loads(running.stdout.readline())
            if row["name"] == alice.name and row["event"] == "register.done":
                break
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)
        running.stdout.close()
