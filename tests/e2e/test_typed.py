"""Codes and names as people paste them: extra characters are dropped; impossible codes do not count."""

import itertools
import re

import pytest

from harness import Person
from harness.codes import code_of_step

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]  # test_story.py sends a part of this input

SECURITY = "/account/security"
LIST = "/account/authenticators"
NEW = LIST + "/new"
CONFIRM = LIST + "/confirm"

SPELLINGS = {
    "space": "{0} {1}",
    "hyphen": "{0}-{1}",
    "no-break space": "{0}\u00a0{1}",
    "tab": "\t{0}{1}",
    "line end": "{0}{1}\n",
    "line end of Windows": "{0}{1}\r\n",
    "zero-width space": "\u200b{0}{1}",
    "byte order mark": "\ufeff{0}{1}",
    "word joiner": "{0}\u2060{1}",
    "soft hyphen": "{0}\u00ad{1}",
    "thin space": "{0}\u2009{1}",
    "narrow no-break space": "{0}\u202f{1}",
    "mathematical space": "{0}\u205f{1}",
    "ideographic space": "{0}\u3000{1}",
    "marks of direction": "\u2068{0}{1}\u2069",
    "embedding": "\u202a{0}{1}\u202c",
    "en dash": "{0}\u2013{1}",
    "non-breaking hyphen": "{0}\u2011{1}",
    "all at once": "\ufeff\t \u200e{0}\u00a0\u2013\u00a0{1}\u200b\r\n",
}
ALL_AT_ONCE = SPELLINGS["all at once"]

IMPOSSIBLE = ["12345", "1234567", "12345678", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16", "12345\uff16",
              "\u0661\u0662\u0663\u0664\u0665\u0666", "123.456", "123\x1b456", "1234567890" * 30, "A" * 23, "A" * 25,
              "A" * 23 + "9", "\u200b", "123456 or so"]


def spelled(code, how):
    half = len(code) // 2
    return how.format(code[:half], code[half:])


def failures(server):
    """Return the number of counted attempts.  The purge may delete old ones at any time, so the number can fall."""
    return server.sql("SELECT coalesce(sum(failures), 0) FROM throttle")


# Each brings a person to a form with a code, and returns the function that sends the form


def sign_in(person):
    person.full().forget().give_password()
    return lambda code: person.send("/verify-2fa", {"otp": code}), person.fresh_code


def enrolment(person):
    person.enrolling().read_secret()
    return lambda code: person.send("/verify-2fa", {"otp": code}), person.fresh_code


def another(person):
    person.full()
    assert person.send(NEW, {"current": person.password, "name": "Tablet"}).location == CONFIRM
    secret = person.follow().by_id("secret")["value"]
    return (lambda code: person.send(CONFIRM, {"otp": code}),
            lambda: code_of_step(secret, person.server.clock.next_step()))


def removal(person):
    """Removal of the authenticator that did not open this session."""
    send, code = another(person)
    assert send(code()).location == SECURITY
    old = next(link for link in person.follow().links if link.startswith(LIST + "/remove?id="))
    person.grow_stale()
    return lambda code: person.send(old, {"otp": code}), person.fresh_code


def step_up(path, **fields):
    def entrance(person):
        person.full().grow_stale()
        sent = {name: value.format(person.password, name=person.name) for name, value in fields.items()}
        return lambda code: person.send(path, {**sent, "otp": code}), person.fresh_code
    return entrance


ENTRANCES = {
    "sign-in": sign_in,
    "enrolment": enrolment,
    "another authenticator": another,
    "password": step_up("/account/password", current="{}", password="a new sentence of words", confirm="a new sentence of words"),
    "recovery codes": step_up("/account/recovery-codes"),
    "new authenticator": step_up(NEW, current="{}", name="Tablet"),
    "removal of an authenticator": removal,
    "close": step_up("/account/close", username="{name}", current="{}"),
}


@pytest.fixture
def alice(server):
    return Person(server).full()


# Codes


@pytest.mark.parametrize("how", SPELLINGS.values(), ids=SPELLINGS)
def test_white_space_in_a_code_does_not_matter(server, how):
    person = Person(server)
    send, code = sign_in(person)
    assert send(spelled(code(), how)).location == "/"


@pytest.mark.parametrize("entrance", ENTRANCES.values(), ids=ENTRANCES)
def test_every_entrance_drops_white_space(server, entrance):
    send, code = entrance(Person(server))
    page = send(spelled(code(), ALL_AT_ONCE))
    assert page.status == 303 or page.status == 200 and not page.errors, page.html


@pytest.mark.parametrize("entrance", ENTRANCES.values(), ids=ENTRANCES)
def test_malformed_codes_are_not_counted(server, entrance):
    person = Person(server)
    send, code = entrance(person)
    before = failures(server)
    for text in itertools.islice(itertools.cycle(IMPOSSIBLE), 50):
        page = send(text)
        assert page.status == 422 and "This is not a code." in page.html, text
        assert page.dom.all("input", name="otp"), "the form is shown again"
    assert failures(server) <= before
    assert send(code()).status in (200, 303)


def test_an_empty_code_is_not_counted(server):
    send, code = sign_in(Person(server))
    before = failures(server)
    for _ in range(7):
        assert send("").status == 422
    assert failures(server) <= before
    assert send(code()).location == "/"


def test_a_wrong_code_is_counted_in_any_spelling(server):
    send, code = sign_in(Person(server))
    wrong = f"{(int(code()) + 1) % 10**6:06}"
    for how in itertools.islice(SPELLINGS.values(), 5):
        assert send(spelled(wrong, how)).status == 422
    assert send(spelled(wrong, ALL_AT_ONCE)).status == 429
    assert send("12345").status == 422, "during a lockout too it does not count"
    assert send(code()).status == 429


def test_the_message_is_translated_to_french(server):
    send, _ = sign_in(Person(server, language="fr"))
    assert "Ce n’est pas un code." in send("12345").text


@pytest.mark.parametrize("how", [SPELLINGS[name] for name in ("no-break space", "tab", "line end", "zero-width space", "en dash", "all at once")])
def test_white_space_in_a_recovery_code_does_not_matter(server, alice, how):
    code = alice.visit("/account/recovery-codes").recovery_codes[0]
    assert alice.recover(spelled(code, how)).status == 303


# Names


AROUND = ["\t{}", "{}\n", "{}\r\n", "\u00a0{}", "{}\u200b", "\ufeff{}", "\u3000{}\u3000", "\u202a{}\u202c", " \t{} \u2060"]


@pytest.mark.parametrize("around", AROUND, ids=ascii)
def test_white_space_around_a_name_does_not_matter(server, around):
    person = Person(server)
    typed = around.format(person.name)
    person.register(username=typed)
    assert person.page.location.startswith("/setup-2fa"), person.page.html
    person.confirm()
    person.forget().give_password(username=typed.upper())
    assert person.page.location.startswith("/verify-2fa")
    assert person.forget().register(username=around.format(person.name)).status == 422, "the name is taken"


def test_import_takes_names_with_white_space_around(make_server, tmp_path):
    server = make_server()
    lines = [f"{around}:$6$saltsalt${'x' * 86}" for around in ("\u00a0imported.one\u200b", "imported.two\u3000", "imported\u00a0three")]
    (tmp_path / "htpasswd").write_text("\n".join(lines))
    done = server.command("import", "htpasswd", tmp_path / "htpasswd")
    assert done.returncode == 1 and "line 3" in done.stdout + done.stderr
    listed = server.command("user", "list").stdout
    assert "imported.one " in listed and "imported.two " in listed and "three" not in listed


@pytest.mark.parametrize("around", AROUND[:4], ids=ascii)
def test_a_command_takes_a_name_with_white_space_around(server, alice, around):
    shown = server.command("user", "show", around.format(alice.name))
    assert shown.returncode == 0 and alice.name in shown.stdout


@pytest.mark.parametrize("inside", ["{0}\u00a0{1}", "{0}\u200b{1}", "{0}\t{1}", "{0}\u2013{1}"], ids=ascii)
def test_white_space_inside_a_name_is_refused(server, alice, inside):
    server.sql("DELETE FROM throttle")  # impossible names share one counter
    typed = spelled(alice.name, inside)
    assert Person(server).register(username=typed).status == 422
    known = Person(server, typed, alice.password).give_password()
    unknown = Person(server, spelled("nobody-has-this", inside), alice.password).give_password()
    same = [re.sub(r'(value|data-challenge)="[^"]*"', "", page.html) for page in (known, unknown)]
    assert known.status == unknown.status == 422 and same[0] == same[1], "the reply reveals no account"


def test_all_spellings_of_a_name_have_one_counter(server, alice):
    for around in itertools.islice(itertools.cycle(AROUND), 5):
        assert Person(server, around.format(alice.name), "wrong").give_password().status == 422
    assert Person(server, alice.name, "wrong").give_password().status == 429
