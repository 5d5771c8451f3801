"""Accounts from other sources: the tutorial's database, made with its own libraries, Apache's files, Authelia's."""

import base64
import ctypes
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import time

import flask_bcrypt
import pyotp
import pytest

from harness import Person

SCHEMA = """
CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY,
    username VARCHAR NOT NULL UNIQUE,
    password VARCHAR NOT NULL,
    created_at DATETIME NOT NULL,
    is_two_factor_authentication_enabled BOOLEAN NOT NULL,
    secret_token VARCHAR UNIQUE
)"""

CREATED = "2023-05-01 12:34:56.789012"


def flask_row(name, password, enabled=True, secret=None):
    """Insert a row as the tutorial's model does: Flask-Bcrypt's hash is bytes."""
    return (name, flask_bcrypt.generate_password_hash(password, 4), CREATED, enabled, secret or pyotp.random_base32())


def flask_database(path, rows):
    with sqlite3.connect(path) as db:
        db.execute(SCHEMA)
        db.executemany(
            "INSERT INTO users (username, password, created_at, is_two_factor_authentication_enabled, secret_token)"
            " VALUES (?, ?, ?, ?, ?)", rows)
    return f"sqlite:///{path}"


def imported(server, *arguments, status=0, **more):
    result = server.command("import", *arguments, "--json", **more)
    assert result.returncode == status, (result.stdout, result.stderr)
    report = json.loads(result.stdout)
    report["said"] = result.stderr
    return report


def signs_in(server, name, password, secret):
    """Sign in with PyOTP's code, like the user's own authenticator."""
    person = Person(server, name=name, password=password)
    person.secret = secret
    person.give_password()
    assert person.page.status == 303 and person.page.location.startswith("/verify-2fa"), person.page.html
    person.verify(pyotp.TOTP(secret).at(int(server.clock.now())))
    assert person.page.status == 303, person.page.html
    assert person.visit("/").status == 200
    return person


def accounts(server):
    return dict(server.sql("SELECT name, created_at_us FROM accounts"))


# The tutorial


def test_tutorial_users_keep_password_and_authenticator(make_server, tmp_path):
    server = make_server()
    rows = [flask_row(f"reader{number}", f"pass word {number}") for number in range(20)]
    url = flask_database(tmp_path / "db.sqlite", rows)
    before = (tmp_path / "db.sqlite").read_bytes()
    report = imported(server, "flask", url)
    assert (report["rows"], report["taken"], report["with_authenticator"], report["refused"]) == (20, 20, 20, 0)
    assert (tmp_path / "db.sqlite").read_bytes() == before
    for number in (0, 7, 19):
        signs_in(server, f"reader{number}", f"pass word {number}", rows[number][4])
    (created,), = server.sql("SELECT created_at_us FROM accounts WHERE name = 'reader1'")
    (rehashed,), = server.sql("SELECT password_hash FROM accounts WHERE name = 'reader7'")
    assert created == 1682944496 * 10**6
    assert rehashed.startswith("$argon2id$")
    if not server.on_postgres():
        dump = server.database().read_bytes()
        assert all(row[4].encode() not in dump for row in rows)


def test_tutorial_hashes_on_postgresql_are_text_or_bytes(make_server, postgres):
    server = make_server()
    url = postgres.new_database("tutorial")
    postgres.sql("tutorial", """CREATE TABLE users (id SERIAL PRIMARY KEY, username VARCHAR NOT NULL, password VARCHAR NOT NULL,
        created_at TIMESTAMP NOT NULL, is_two_factor_authentication_enabled BOOLEAN NOT NULL, secret_token VARCHAR)""")
    rows = [flask_row("reader1", "password 1"), flask_row("reader2", "password 2")]
    for name, hashed, created, _, secret in rows:
        text = "\\x" + hashed.hex() if name == "reader1" else hashed.decode()
        postgres.sql("tutorial", f"""INSERT INTO users (username, password, created_at, is_two_factor_authentication_enabled,
            secret_token) VALUES ('{name}', '{text}', '{created}', true, '{secret}')""")
    report = imported(server, "flask", "-", IMPORT_URL=url)
    assert (report["taken"], report["with_authenticator"]) == (2, 2)
    for row in rows:
        signs_in(server, row[0], row[0].replace("reader", "password "), row[4])
    assert server.sql("SELECT DISTINCT created_at_us FROM accounts") == [(1682944496 * 10**6,)]
    result = server.command("import", "flask", postgres.url("no_such_database"))
    assert result.returncode == 1 and "does not exist" in result.stderr


def test_importing_a_thousand_accounts_twice_changes_nothing(make_server, tmp_path):
    server = make_server(start=False).init()
    rows = [flask_row(f"reader{n}", f"password of {n}") for n in range(1000)]
    url = flask_database(tmp_path / "db.sqlite", rows)
    assert imported(server, "flask", url, "--dry-run")["taken"] == 1000
    assert server.sql("SELECT count(*) FROM accounts") == server.sql("SELECT count(*) FROM audit") == [(0,)]
    assert imported(server, "flask", url)["taken"] == 1000
    before = hashlib.sha256("\n".join(_dump(server)).encode()).hexdigest()
    report = imported(server, "flask", url)
    assert (report["taken"], report["there_already"], report["refused"]) == (0, 1000, 0)
    assert hashlib.sha256("\n".join(_dump(server)).encode()).hexdigest() == before
    server.start()
    for number in range(0, 1000, 37):
        signs_in(server, f"reader{number}", f"password of {number}", rows[number][4])


def test_a_terminal_shows_a_progress_bar_for_a_thousand_rows(make_server, tmp_path):
    server = make_server(start=False).init()
    hash_of_all = flask_bcrypt.generate_password_hash("the same for all", 4)
    url = flask_database(tmp_path / "db.sqlite", [(f"reader{n}", hash_of_all, CREATED, 1, pyotp.random_base32()) for n in range(1000)])
    primary, secondary = os.openpty()
    running = subprocess.Popen([server.program, "import", "flask", url], cwd=server.work, env=server.environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=secondary)
    os.close(secondary)
    shown = b""
    try:
        while chunk := os.read(primary, 65536):
            shown += chunk
    except OSError:  # the process has closed its end
        pass
    os.close(primary)
    assert running.wait(60) == 0
    assert b"importing [" in shown and b"of 1000" in shown and shown.rstrip().endswith(b"\x1b[K")


def _dump(server):
    return [f"{table} {row}" for table in sorted(server.tables()) for row in sorted(server.sql(f"SELECT * FROM {table}"), key=repr)]


def test_refused_rows_are_named_and_can_be_mapped(make_server, tmp_path):
    server = make_server()
    rows = [
        flask_row("Alice", "password of one"),
        flask_row("alice ", "password of another"),
        flask_row("x", "too short a name"),
        flask_row("élodie", "accent in the name"),
        flask_row("broken", "x"),
        flask_row("weak", "eighty bits only", secret="JBSWY3DPEHPK3PXP"),
        flask_row("garbled", "no base32", secret="1189!!"),
        flask_row("unfinished", "never confirmed", enabled=False),
        flask_row("bob\x1b[2J", "moves a terminal"),
    ]
    rows[4] = ("broken", b"not a hash", CREATED, 1, pyotp.random_base32())
    url = flask_database(tmp_path / "db.sqlite", rows)
    report = imported(server, "flask", url, status=1)
    assert (report["taken"], report["refused"]) == (1, 8)
    assert set(accounts(server)) == {"unfinished"}
    said = report["said"]
    for words in ("capital letters", "fewer than 3", "characters other than", "password hash", "128 bits", "not base32"):
        assert words in said, words
    assert "\x1b" not in said
    names = tmp_path / "names"
    names.write_text("Alice=alice\nalice =alice.two\nx=xavier\nélodie=elodie\n")
    report = imported(server, "flask", url, "--map", str(names), status=1)
    assert (report["taken"], report["there_already"], report["refused"]) == (4, 1, 4)
    signs_in(server, "alice", "password of one", rows[0][4])
    signs_in(server, "alice.two", "password of another", rows[1][4])
    signs_in(server, "elodie", "accent in the name", rows[3][4])
    late = Person(server, name="unfinished", password="never confirmed")
    late.give_password()
    assert late.page.location.startswith("/setup-2fa")


@pytest.mark.parametrize("make, words", [
    (lambda p: None, "cannot be read"),
    (lambda p: p.write_text("no database at all\n" * 100), "cannot be read"),
    (lambda p: p.touch(), "not the expected database"),
], ids=["missing", "text", "empty"])
def test_other_databases_are_refused(make_server, tmp_path, make, words):
    server = make_server(start=False).init()
    path = tmp_path / "other.sqlite"
    make(path)
    result = server.command("import", "flask", f"sqlite:///{path}")
    assert result.returncode == 1 and words in result.stderr, result.stderr


def test_invalid_addresses_and_options_are_refused(make_server, tmp_path):
    server = make_server(start=False).init()
    for arguments, status in ((("flask",), 2), (("flask", "mysql://x"), 1), (("flsk", "x"), 2), (("flask", "-"), 2),
                              (("flask", "sqlite:///x", "--totp", "y"), 2), (("htpasswd", str(tmp_path)), 1)):
        result = server.command("import", *arguments)
        assert result.returncode == status and result.stderr, (arguments, result.stderr)
    secret = server.command("import", "flask", "-", IMPORT_URL="postgresql://u:very-secret@127.0.0.1:1/db")
    assert secret.returncode == 1 and "very-secret" not in secret.stderr


# Killed and resumed


def test_a_key_rotation_survives_repeated_kills(make_server, tmp_path):
    server = make_server(start=False).init()
    hash_of_all = flask_bcrypt.generate_password_hash("the same for all", 4)
    rows = [(f"reader{n}", hash_of_all, CREATED, 1, pyotp.random_base32()) for n in range(3000)]
    imported(server, "flask", flask_database(tmp_path / "db.sqlite", rows))
    kills = 0
    for attempt in range(60):
        running = subprocess.Popen([server.program, "rotate-key"], cwd=server.work, env=server.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.004 * (attempt % 15))
        if running.poll() is None:
            kills += 1
        running.send_signal(signal.SIGKILL)
        running.wait()
    assert kills > 10, "too few runs were killed before their end"
    result = server.command("rotate-key", "--json")
    assert result.returncode == 0, result.stderr
    result = server.command("check", "--json")
    assert result.returncode == 0 and json.loads(result.stdout)["unreadable"] == 0
    assert json.loads(result.stdout)["authenticators"] == 3000
    server.start()
    for number in (0, 1499, 2999):
        signs_in(server, f"reader{number}", "the same for all", rows[number][4])


# Apache and Authelia


def test_htpasswd_files_with_bcrypt_and_sha_crypt_are_imported(make_server, tmp_path):
    server = make_server()
    crypted = {
        "beth": flask_bcrypt.generate_password_hash("password of beth", 4).decode().replace("$2b$", "$2y$"),
        "sam": _openssl("-6", "password of sam"),
        "sue": _openssl("-5", "password of sue"),
        "max": _openssl("-apr1", "password of max"),
    }
    file = tmp_path / "htpasswd"
    file.write_text("# people\n\n" + "".join(f"{name}:{text}\n" for name, text in crypted.items()) + "nobody\n")
    report = imported(server, "htpasswd", str(file), status=1)
    assert (report["taken"], report["refused"]) == (3, 2)
    assert "line 6" in report["said"] and "line 7" in report["said"]
    for name in ("beth", "sam", "sue"):
        wrong = Person(server, name=name, password="password of max")
        assert wrong.give_password().status == 422
        person = Person(server, name=name, password=f"password of {name}")
        assert person.give_password().location.startswith("/setup-2fa")
        person.confirm()
    assert all(h.startswith("$argon2id$") for h, in server.sql("SELECT password_hash FROM accounts"))


def _openssl(kind, password):
    done = subprocess.run(["openssl", "passwd", kind, "-stdin"], input=password, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_authelias_users_are_imported_with_authenticators(make_server, tmp_path):
    server = make_server()
    Person(server, name="template", password="password of anna").register()
    (argon2,), = server.sql("SELECT password_hash FROM accounts WHERE name = 'template'")
    secret = pyotp.random_base32()
    users = tmp_path / "users_database.yml"
    users.write_text(f"""---
users:
  anna:
    disabled: false
    displayname: "Anna Ångström"
    password: "{argon2}"
    email: anna@example.com
    groups:
      - admins
  ben:
    disabled: true
    displayname: 'Ben'
    password: '{_openssl("-6", "password of ben")}'
  carl:
    displayname: Carl
""")
    totp = tmp_path / "totp.txt"
    totp.write_text(f"otpauth://totp/Authelia:anna?algorithm=SHA512&digits=8&issuer=Authelia&period=60&secret={secret}\n")
    report = imported(server, "authelia", str(users), "--totp", str(totp), status=1)
    assert (report["taken"], report["with_authenticator"], report["refused"]) == (2, 1, 1)
    assert "carl" in report["said"]
    anna = Person(server, name="anna", password="password of anna")
    assert anna.give_password().location.startswith("/verify-2fa")
    assert anna.verify(pyotp.TOTP(secret, digits=8, digest=hashlib.sha512, interval=60).at(int(server.clock.now()))).status == 303
    assert Person(server, name="ben", password="password of ben").give_password().status == 422
    users.write_text("users: [this, is, no, mapping\n")
    result = server.command("import", "authelia", str(users))
    assert result.returncode == 1 and "line" in result.stderr


# Values that a page would refuse, and imports that must not weaken an account

BCRYPT = flask_bcrypt.generate_password_hash("password of anna", 4).decode()
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def authelia(tmp_path, text, totp=None, encoding="utf-8"):
    """Return the arguments of an import from these files."""
    (tmp_path / "users.yml").write_bytes(text.encode(encoding))
    if totp is None:
        return ("authelia", str(tmp_path / "users.yml"))
    (tmp_path / "totp.txt").write_bytes(totp if isinstance(totp, bytes) else totp.encode())
    return ("authelia", str(tmp_path / "users.yml"), "--totp", str(tmp_path / "totp.txt"))


def user(name, *lines, password=BCRYPT):
    return f"  {name}:\n    password: '{password}'\n" + "".join(f"    {line}\n" for line in lines)


HOSTILE_NAMES = [
    ("x" * 62, "62 letters"), ("a\nb", "a line end"), ("a\x1b[2Jb", "an escape sequence"), ("a\u202eb", "a change of direction"),
    ("a\0b", "a NUL"), ("\u200b", "only a space without width"), ("a\ue000", "a private character"),
]


@pytest.mark.parametrize("name, why", HOSTILE_NAMES, ids=[why for _, why in HOSTILE_NAMES])
def test_import_refuses_a_display_name_that_a_page_would_refuse(make_server, tmp_path, name, why):
    server = make_server(start=False).init()
    report = imported(server, *authelia(tmp_path, "users:\n" + user("anna", "displayname: " + json.dumps(name))), status=1)
    assert (report["taken"], report["refused"]) == (0, 1), why
    assert "display name" in report["said"] and "\x1b" not in report["said"] and accounts(server) == {}


@pytest.mark.parametrize("name, why", HOSTILE_NAMES[:4] + HOSTILE_NAMES[5:], ids=[why for n, why in HOSTILE_NAMES if "\0" not in n])
def test_a_bad_stored_display_name_is_reported_and_blocks_no_login(make_server, name, why):
    server = make_server()
    person = Person(server).full()
    server.sql("UPDATE accounts SET display_name = ?", name)
    server.sql("UPDATE factors SET name = ?", name)
    checked = server.command("check", "--json")
    assert checked.returncode == 1 and json.loads(checked.stdout)["bad_values"] == 2
    assert f"of {person.name}: its display name" in checked.stderr and "\x1b" not in checked.stderr
    person.forget().sign_in()
    assert person.page.status == 303, person.page.html
    assert person.visit("/").status == person.visit("/account").status == person.visit("/account/security").status == 200
    assert "\x1b" not in server.command("user", "show", person.name).stdout


@pytest.mark.parametrize("name, why", [pair for pair in HOSTILE_NAMES if "\0" not in pair[0]], ids=[why for n, why in HOSTILE_NAMES if "\0" not in n])
def test_commands_and_pages_refuse_the_same_display_names(make_server, name, why):
    server = make_server()
    person = Person(server).full()
    result = server.command("user", "add", "benno", "--display-name", name)
    assert result.returncode == 1 and "display name" in result.stderr
    assert person.send("/account/profile", {"display_name": name, "language": "", "time_format": ""}).status == 422, why
    assert server.sql("SELECT DISTINCT display_name FROM accounts") == [("",)]
    assert server.command("check").returncode == 0


def test_accounts_are_listed_whatever_their_names_hold(make_server):
    server = make_server()
    names = sorted(Person(server).full().name for _ in range(3))
    server.sql("UPDATE accounts SET name = ? WHERE name = ?", "x" * 300, names[2])
    server.sql("UPDATE accounts SET display_name = ?", "y" * 3_000_000)
    listed = server.command("user", "list", "--json")
    assert listed.returncode == 0 and len(listed.stdout.splitlines()) == 3, listed.stderr
    assert json.loads(server.command("check", "--json").stdout)["misnamed"] == 1


BAD_ROWS = [
    ("accounts SET password_hash = 'x'", "password hash"),
    ("accounts SET password_hash = '$argon2id$v=19$m=8'", "Argon2id"),
    ("accounts SET email = 'no address'", "e-mail"),
    ("factors SET confirmed_at_us = 0", "confirmed is 0"),
    ("accounts SET group_names = 'Admins, staff'", "groups"),
    ("factors SET name = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'", "more than 40"),
]


@pytest.mark.parametrize("change, word", BAD_ROWS, ids=[change.split(" SET ")[1][:40] for change, _ in BAD_ROWS])
def test_check_names_values_that_a_handler_would_refuse(make_server, change, word):
    server = make_server()
    person = Person(server).full()
    assert server.command("check").returncode == 0
    server.sql("UPDATE " + change)
    checked = server.command("check")
    assert checked.returncode == 1 and word in checked.stderr and person.name in checked.stderr, checked.stderr


@pytest.mark.sqlite
def test_a_bad_restored_value_is_reported_and_blocks_no_login(make_server, tmp_path):
    server = make_server()
    person = Person(server).full()
    server.sql("UPDATE accounts SET display_name = ?", "x" * 62)
    assert server.command("backup", str(tmp_path / "backup")).returncode == 0
    assert server.stop() == 0
    restored = server.command("restore", "--replace", str(tmp_path / "backup"))
    assert restored.returncode == 0 and "doubletour check" in restored.stdout + restored.stderr
    server.start()
    person.forget().sign_in()
    assert person.page.status == 303


TRUTHS = [
    ("true", True), ("True", True), ("TRUE", True), ("yes", True), ("Yes", True), ("YES", True), ("on", True), ("On", True), ("ON", True),
    ("y", True), ("Y", True), ('"yes"', True), ("false", False), ("False", False), ("no", False), ("off", False), ("n", False), ("N", False),
    ("'no'", False), ("", False), ("~", False), ("null", False), ('"true"', None), ("'false'", None), ("tRUE", None), ("1", None), ("0", None),
    ("yess", None), ("[true]", None), ("{a: b}", None), ('""', None), ("oui", None), ("yEs", None), ("!!binary dHJ1ZQ==", None),
]


def test_disabled_flags_follow_go_syntax(make_server, tmp_path):
    server = make_server(start=False).init()
    text = "users:\n" + "".join(user(f"user{i}", f"disabled: {word}") for i, (word, _) in enumerate(TRUTHS))
    report = imported(server, *authelia(tmp_path, text), status=1)
    got = {name: disabled is not None for name, disabled in server.sql("SELECT name, disabled_at_us FROM accounts")}
    assert got == {f"user{i}": truth for i, (_, truth) in enumerate(TRUTHS) if truth is not None}
    assert report["said"].count("neither true nor false") == sum(truth is None for _, truth in TRUTHS)


ODD_USERS = [
    ("disabled: true\n    disabled: false", "twice"),
    ("displayname: a\n    displayname: b", "twice"),
    ("locale: fr\n    locale: en", "twice"),
    ("<<: {disabled: true}", "merge key"),
    ("email: [a, b]", "a text belongs"),
    ("displayname: !!binary YW5uYQ==", "a text belongs"),
    ("groups: admins", "not a list"),
    ("groups: [Domain Admins]", "the name of a group"),
    ("groups: ['a,b']", "the name of a group"),
    ("email: no address", "e-mail"),
    ("email: \"a@b.org\\r\\nX-Y: z\"", "e-mail"),
    ("? [a]\n    : b", "not a text"),
]


def test_a_malformed_user_is_skipped_alone(make_server, tmp_path):
    server = make_server(start=False).init()
    text = "users:\n" + user("anna") + "".join(user(f"user{i}", lines) for i, (lines, _) in enumerate(ODD_USERS))
    report = imported(server, *authelia(tmp_path, text), status=1)
    assert set(accounts(server)) == {"anna"}
    for i, (lines, word) in enumerate(ODD_USERS):
        said = [line for line in report["said"].splitlines() if f'"user{i}"' in line]
        assert len(said) == 1 and word in said[0], (lines, report["said"])


@pytest.mark.parametrize("text, word", [
    ("users:\n  anna: &a\n    disabled: true\n  ben: *a\n", "alias"),
    ("users: {}\nusers: {}\n", "twice"),
    ("users: [anna]\n", "users:"),
    ("people: {}\n", "users:"),
    ("", "users:"),
    ("users: {}\n---\nusers: {}\n", "second document"),
    ("[" * 60_000, "nested deeper"),
    ("users: " + "{a: " * 20_000, "nested deeper"),
], ids=["alias", "users twice", "list", "no users", "empty", "two documents", "60 KB of [", "mappings"])
def test_an_ambiguous_file_of_users_is_refused_whole(make_server, tmp_path, text, word):
    server = make_server(start=False).init()
    result = server.command("import", *authelia(tmp_path, text))
    assert result.returncode == 1 and word in result.stderr, result.stderr


def test_two_users_of_one_name_are_both_refused(make_server, tmp_path):
    server = make_server(start=False).init()
    text = "users:\n" + user("anna", "disabled: true") + user("anna") + user("Anna") + user("ben")
    assert imported(server, *authelia(tmp_path, text), status=1)["refused"] == 3
    assert set(accounts(server)) == {"ben"}


def test_groups_and_e_mail_are_imported_and_other_keys_named(make_server, tmp_path):
    server = make_server(start=False).init()
    text = "users:\n" + user("anna", "email: anna@example.org", "groups: [staff, admins, staff]", "locale: fr", "phone_number: '1'")
    report = imported(server, *authelia(tmp_path, text + user("ben", "groups: []", "locale: en")))
    assert sorted(server.sql("SELECT name, email, group_names FROM accounts")) == [("anna", "anna@example.org", "admins,staff"), ("ben", "", "")]
    assert report["said"].count("locale") == 1 and "phone_number" in report["said"]


# Authenticators of Authelia


def uri(account, secret=SECRET, issuer="Authelia", more=""):
    return f"otpauth://totp/{issuer}:{account}?algorithm=SHA1&digits=6&issuer={issuer}&period=30&secret={secret}{more}\n"


def test_an_issuer_with_a_port_matches_its_account(make_server, tmp_path):
    server = make_server()
    totp = f"otpauth://totp/auth.example.com:8443:john?issuer=auth.example.com%3A8443&secret={SECRET}&digits=6&period=30\n"
    report = imported(server, *authelia(tmp_path, "users:\n" + user("john"), totp))
    assert (report["taken"], report["with_authenticator"], report["authenticators_unmatched"]) == (1, 1, 0)
    signs_in(server, "john", "password of anna", SECRET)


def test_an_authenticator_without_a_user_fails_the_import(make_server, tmp_path):
    server = make_server(start=False).init()
    text = "users:\n" + user("anna") + user("ben")
    report = imported(server, *authelia(tmp_path, text, uri("anna") + uri("carl") + uri("anna.q")), status=1)
    assert (report["taken"], report["with_authenticator"], report["authenticators_unmatched"]) == (2, 1, 2)
    assert '"carl"' in report["said"] and '"anna.q"' in report["said"] and "line 3" in report["said"] and '"ben"' not in report["said"]


def test_a_second_run_adds_missing_authenticators(make_server, tmp_path):
    server = make_server()
    text = "users:\n" + user("anna") + user("ben")
    imported(server, *authelia(tmp_path, text, uri("ben", secret=SECRET[::-1])))
    assert imported(server, *authelia(tmp_path, text, uri("anna") + uri("ben")), "--dry-run")["authenticators_added"] == 1
    report = imported(server, *authelia(tmp_path, text, uri("anna") + uri("ben")))
    assert (report["taken"], report["there_already"], report["authenticators_added"]) == (0, 2, 1)
    assert imported(server, *authelia(tmp_path, text, uri("anna") + uri("ben")))["authenticators_added"] == 0
    signs_in(server, "anna", "password of anna", SECRET)
    signs_in(server, "ben", "password of anna", SECRET[::-1])


def test_users_without_an_authenticator_export_must_enrol(make_server, tmp_path):
    server = make_server(start=False).init()
    assert "--totp" in imported(server, *authelia(tmp_path, "users:\n" + user("anna")))["said"]
    assert imported(server, *authelia(tmp_path, "users:\n" + user("anna"), uri("anna")))["authenticators_added"] == 1


def test_existing_authenticators_are_not_replaced(make_server, tmp_path):
    server = make_server()
    person = Person(server, name="anna").full()
    report = imported(server, *authelia(tmp_path, "users:\n" + user("anna"), uri("anna")))
    assert (report["there_already"], report["authenticators_added"]) == (1, 0)
    person.forget().sign_in()
    assert person.page.status == 303


def test_lines_without_a_uri_are_skipped_and_counted(make_server, tmp_path):
    server = make_server(start=False).init()
    totp = "\ufeff" + uri("anna").replace("\n", "\r\n") + "\r\nSuccessfully exported TOTP configurations\r\n# remark\r\n"
    report = imported(server, *authelia(tmp_path, "users:\n" + user("anna"), totp))
    assert (report["with_authenticator"], report["lines_skipped"]) == (1, 2)
    assert "ignored lines" in report["said"] and "2" in report["said"]


MENTIONED = [
    ('"{}"', "quotes"), ("ben: {}", "a name before it"), ("\u200b{}", "a space without width"), ("\ufeff{}", "a byte order mark"), ("# {}", "a remark"),
]


@pytest.mark.parametrize("form, why", MENTIONED, ids=[why for _, why in MENTIONED])
def test_a_line_that_mentions_a_uri_is_not_skipped(make_server, tmp_path, form, why):
    server = make_server(start=False).init()
    text, totp = "users:\n" + user("anna") + user("ben"), uri("anna") + form.format(uri("ben").strip()) + "\n"
    report = imported(server, *authelia(tmp_path, text, totp), status=1)
    assert (report["taken"], report["refused"], report["lines_skipped"]) == (1, 1, 0), why
    assert set(accounts(server)) == {"anna"} and "line 2 of the export" in report["said"] and SECRET not in report["said"]


@pytest.mark.parametrize("line", ["otpauth:/totp/ben?secret=x", "otpauth-migration://offline?data=CjEK", "OTPAUTH"])
def test_a_truncated_uri_is_reported_as_unmatched(make_server, tmp_path, line):
    server = make_server(start=False).init()
    report = imported(server, *authelia(tmp_path, "users:\n" + user("anna"), uri("anna") + line + "\n"), status=1)
    assert (report["taken"], report["authenticators_unmatched"]) == (1, 1) and "line 2" in report["said"]


@pytest.mark.parametrize("line", ["annie anne", "=anne", "annie=", "annie= \t"])
def test_a_line_of_the_map_that_maps_nothing_is_refused(make_server, tmp_path, line):
    server = make_server(start=False).init()
    (tmp_path / "map").write_text(f"# names\n\nben=benno\n{line}\n")
    result = server.command("import", *authelia(tmp_path, "users:\n" + user("annie")), "--map", str(tmp_path / "map"))
    assert result.returncode == 1 and "line 4" in result.stderr, result.stderr
    (tmp_path / "map").write_text("# names\r\n\r\nannie=anne\r\n")
    assert imported(server, *authelia(tmp_path, "users:\n" + user("annie")), "--map", str(tmp_path / "map"))["taken"] == 1


BROKEN = [
    ("otpauth://totp/Authelia:ben?secret=1189!!&issuer=Authelia\n", "ben"),
    ("otpauth://totp/Authelia%3Aben?issuer=Authelia\n", "ben"),
    (uri("ben").replace("digits=6", "digits=x"), "ben"),
    (uri("ben").replace("totp/", "hotp/") , "ben"),
    (uri("ben", secret="JBSWY3DPEHPK3PXP"), "ben"),
    (uri("ben").replace("period=30", "period=3"), "ben"),
    (uri("ben") + "otpauth://totp/Authelia:ben?secret=1189!!&issuer=Authelia\n", "ben"),
]


@pytest.mark.parametrize("line, name", BROKEN, ids=["no base32", "no secret", "digits", "counted", "80 bits", "period", "broken later"])
def test_a_broken_authenticator_rejects_its_account_only(make_server, tmp_path, line, name):
    server = make_server(start=False).init()
    text = "users:\n" + user("anna") + user("ben")
    report = imported(server, *authelia(tmp_path, text, uri("anna") + line), status=1)
    assert (report["taken"], report["with_authenticator"], report["refused"]) == (1, 1, 1)
    assert set(accounts(server)) == {"anna"} and f'"{name}"' in report["said"] and "--enrol-anew" in report["said"]
    report = imported(server, *authelia(tmp_path, text, uri("anna") + line), "--enrol-anew")
    assert (report["taken"], report["enrol_anew"], report["refused"]) == (1, 1, 0)
    assert "enrols at the next sign-in" in report["said"]


@pytest.mark.parametrize("content, word", [
    (b"issuer,username,algorithm,digits,period,secret\nAuthelia,anna,SHA1,6,30,X\n", "export csv"),
    (b"totp_configurations:\n- username: anna\n", "YAML"),
    (b"\x89PNG\r\n\x1a\n", "export png"),
    (b"", "otpauth://"),
    ("otpauth://".encode("utf-16"), "UTF-16"),
], ids=["csv", "yaml", "png", "empty", "utf-16"])
def test_another_form_of_the_export_is_named(make_server, tmp_path, content, word):
    server = make_server(start=False).init()
    result = server.command("import", *authelia(tmp_path, "users:\n" + user("anna"), content))
    assert result.returncode == 1 and word in result.stderr and accounts(server) == {}, result.stderr


# Files written by editors


def test_every_file_of_an_import_may_have_a_bom_and_crlf(make_server, tmp_path):
    server = make_server(start=False).init()
    (tmp_path / "htpasswd").write_bytes(f"\ufeffA:{BCRYPT}\r\nbeth:{BCRYPT}\r\n".encode())
    (tmp_path / "map").write_bytes("\ufeffA=anna\r\n".encode())
    assert imported(server, "htpasswd", str(tmp_path / "htpasswd"), "--map", str(tmp_path / "map"))["taken"] == 2
    arguments = authelia(tmp_path, ("users:\n" + user("carl", "disabled: yes")).replace("\n", "\r\n"), encoding="utf-8-sig")
    assert imported(server, *arguments)["taken"] == 1
    assert set(accounts(server)) == {"anna", "beth", "carl"}
    (tmp_path / "htpasswd").write_bytes(f"dora:{BCRYPT}\n".encode("utf-16"))
    assert "UTF-16" in server.command("import", "htpasswd", str(tmp_path / "htpasswd")).stderr


def test_a_file_without_a_size_is_not_read_as_empty(make_server):
    result = make_server(start=False).init().command("import", "htpasswd", "/proc/self/status")
    assert result.returncode == 1 and "longer than its stated size" in result.stderr, result.stderr


def test_a_pipe_is_refused_at_once(make_server, tmp_path):
    server = make_server(start=False).init()
    os.mkfifo(tmp_path / "pipe")
    pipe = str(tmp_path / "pipe")
    for arguments in (("htpasswd", pipe), ("authelia", pipe), ("flask", f"sqlite:///{pipe}")):
        result = server.command("import", *arguments)
        assert result.returncode == 1 and "is a FIFO" in result.stderr, arguments


# The path of the tutorial's database, and the meaning of its values


def test_the_folder_instance_is_searched_too(make_server, tmp_path):
    server = make_server(start=False).init()
    (server.work / "instance").mkdir()
    flask_database(server.work / "instance" / "db.sqlite", [flask_row("reader1", "password 1")])
    for url in ("sqlite:///db.sqlite", "sqlite+pysqlite:///db.sqlite?timeout=5", f"sqlite:///{server.work}/db.sqlite"):
        assert imported(server, "flask", url)["rows"] == 1
    missing = server.command("import", "flask", "sqlite:///other.sqlite")
    assert missing.returncode == 1 and "instance/other.sqlite" in missing.stderr


def test_a_driver_in_the_address_is_dropped(make_server, postgres):
    server = make_server(start=False).init()
    url = postgres.new_database("driver")
    for driver in ("psycopg2", "psycopg", "asyncpg"):
        result = server.command("import", "flask", "-", IMPORT_URL=url.replace("postgresql://", f"postgresql+{driver}://"))
        assert result.returncode == 1 and '"users" does not exist' in result.stderr, result.stderr


@pytest.mark.parametrize("secret", ["S3cr@et", "Secr/et", "Se?cret", "S%cret", "Se:cr@et/x"])
def test_no_piece_of_a_password_is_quoted(make_server, secret):
    server = make_server(start=False).init()
    result = server.command("import", "flask", "-", IMPORT_URL=f"postgresql://u:{secret}@127.0.0.1:1/db")
    assert result.returncode == 1 and ("%40" in result.stderr or "Connection refused" in result.stderr)
    assert not [piece for piece in ("S3cr", "Secr", "et@", "cret", "Se:") if piece in result.stderr], result.stderr


@pytest.mark.parametrize("stored, zone, expected", [
    ("2023-05-01 12:34:56.789012", "UTC", 1682944496),
    ("2023-05-01 12:34:56", "Europe/Paris", 1682937296),
    ("2023-01-15 12:00:00", "Europe/Paris", 1673780400),
    ("2023-05-01T12:34:56.789012+02:00", "UTC", 1682937296),
    ("2023-05-01 12:34:56-03:30", "Europe/Paris", 1682957096),
    ("2023-05-01 12:34:56Z", "Europe/Paris", 1682944496),
])
def test_created_at_is_local_time(make_server, tmp_path, stored, zone, expected):
    name, hashed, _, enabled, secret = flask_row("reader1", "password 1")
    url = flask_database(tmp_path / "db.sqlite", [(name, hashed, stored, enabled, secret)])
    for arguments, environment in ((("--timezone", zone), {}), ((), {"TZ": zone})):
        server = make_server(start=False).init()
        imported(server, "flask", url, *arguments, **environment)
        assert server.sql("SELECT created_at_us FROM accounts") == [(expected * 10**6,)], arguments


def test_an_unknown_time_zone_is_refused(make_server, tmp_path):
    server = make_server(start=False).init()
    url = flask_database(tmp_path / "db.sqlite", [flask_row("reader1", "password 1")])
    for zone in ("Europe/Pariss", "../../../etc/passwd", "/etc/localtime", "Europe", ""):
        result = server.command("import", "flask", url, "--timezone", zone)
        assert result.returncode == 1 and "time zone" in result.stderr, zone
    assert server.command("import", "htpasswd", "x", "--timezone", "UTC").returncode == 2


def test_an_invalid_boolean_of_the_tutorial_is_refused(make_server, tmp_path):
    server = make_server(start=False).init()
    words = {"reader1": "yes", "reader2": 2, "reader3": "maybe", "reader4": "true", "reader5": "0", "reader6": -1}
    rows = [(name, flask_bcrypt.generate_password_hash("x", 4), CREATED, word, pyotp.random_base32()) for name, word in words.items()]
    report = imported(server, "flask", flask_database(tmp_path / "db.sqlite", rows), status=1)
    assert set(accounts(server)) == {"reader4", "reader5"} and report["with_authenticator"] == 1
    assert report["said"].count("neither true nor false") == 4


def test_weak_secrets_of_the_tutorial_can_be_enrolled_anew(make_server, tmp_path):
    server = make_server()
    url = flask_database(tmp_path / "db.sqlite", [flask_row("weak", "password 1", secret="JBSWY3DPEHPK3PXP"), flask_row("good", "password 2")])
    report = imported(server, "flask", url, status=1)
    assert (report["taken"], report["refused"]) == (1, 1) and "--enrol-anew" in report["said"]
    report = imported(server, "flask", url, "--enrol-anew")
    assert (report["taken"], report["with_authenticator"], report["enrol_anew"]) == (1, 0, 1) and '"weak"' in report["said"]
    weak = Person(server, name="weak", password="password 1")
    assert weak.give_password().location.startswith("/setup-2fa")


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id, 'reader' || i AS username, 'x' AS password, " \
          "'2023-05-01 12:34:56' AS created_at, 0 AS is_two_factor_authentication_enabled, NULL AS secret_token FROM n"


@pytest.mark.parametrize("end, word", [pytest.param(" ORDER BY username", "endless view", id="sorted", marks=pytest.mark.whole),
                                       pytest.param(" WHERE i < 0", "endless view", id="no row")])
def test_an_endless_view_is_abandoned(make_server, tmp_path, end, word):
    server = make_server(start=False).init()
    with sqlite3.connect(tmp_path / "db.sqlite") as db:
        db.execute("CREATE VIEW users AS " + ENDLESS + end)
    result = subprocess.run([server.program, "import", "flask", f"sqlite:///{tmp_path}/db.sqlite"], cwd=server.work, env=server.environment,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert result.returncode == 1 and word in result.stderr, result.stderr


@pytest.mark.whole
def test_an_endless_view_is_abandoned_at_two_million_rows(make_server, tmp_path):
    server = make_server(start=False).init()
    with sqlite3.connect(tmp_path / "db.sqlite") as db:
        db.execute("CREATE VIEW users AS " + ENDLESS)
    result = subprocess.run([server.program, "import", "flask", f"sqlite:///{tmp_path}/db.sqlite"], cwd=server.work, env=server.environment,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert result.returncode == 1 and "more than 2000000 rows" in result.stderr and accounts(server) == {}, result.stderr


def test_a_value_as_large_as_memory_is_not_read(make_server, tmp_path):
    server = make_server(start=False).init()
    with sqlite3.connect(tmp_path / "db.sqlite") as db:
        db.execute("CREATE VIEW users AS SELECT 1 AS id, hex(zeroblob(400000000)) AS username, 'x' AS password, 1 AS created_at, "
                   "0 AS is_two_factor_authentication_enabled, NULL AS secret_token")
    result = server.command("import", "flask", f"sqlite:///{tmp_path}/db.sqlite")
    assert result.returncode == 1 and "too big" in result.stderr, result.stderr


def test_the_hash_of_authelias_manual_is_accepted(make_server, tmp_path):
    server = make_server()
    tag = ctypes.create_string_buffer(32)
    assert ctypes.CDLL("libargon2.so.1").argon2id_hash_raw(2, 64, 1, b"password of anna", ctypes.c_size_t(16), b"0123456789ab", ctypes.c_size_t(12),
                                                           tag, ctypes.c_size_t(32)) == 0
    hashed = "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFi$" + base64.b64encode(tag.raw).decode().rstrip("=")
    assert imported(server, *authelia(tmp_path, "users:\n" + user("anna", password=hashed)))["taken"] == 1
    anna = Person(server, name="anna", password="password of anna")
    assert anna.give_password().location.startswith("/setup-2fa")
    (rehashed,), = server.sql("SELECT password_hash FROM accounts")
    assert rehashed != hashed and rehashed.startswith("$argon2id$")
    for other in ("$pbkdf2-sha512$310000$x$y", "$scrypt$ln=16,r=8,p=1$x$y", hashed.replace("argon2id", "argon2i")):
        report = imported(server, *authelia(tmp_path, "users:\n" + user("ben", password=other)), status=1)
        assert "which is not supported" in report["said"]
