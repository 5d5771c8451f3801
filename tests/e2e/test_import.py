"""Accounts from elsewhere: the tutorial's database, made with its own libraries, Apache's files, Authelia's."""

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
    """A row as the tutorial's model writes it: Flask-Bcrypt's hash is bytes."""
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
    told = json.loads(result.stdout)
    told["said"] = result.stderr
    return told


def signs_in(server, name, password, secret):
    """With PyOTP's code, as the person's own authenticator makes it."""
    person = Person(server, name=name, password=password)
    person.secret = secret
    person.give_password()
    assert person.page.status == 303 and person.page.location.startswith("/verify-2fa"), person.page.html
    person.prove(pyotp.TOTP(secret).at(int(server.clock.now())))
    assert person.page.status == 303, person.page.html
    assert person.visit("/").status == 200
    return person


def accounts(server):
    return dict(server.sql("SELECT name, created_at_us FROM accounts"))


# The tutorial


def test_people_of_the_tutorial_keep_password_and_authenticator(make_server, tmp_path):
    server = make_server()
    rows = [flask_row(f"reader{number}", f"pass word {number}") for number in range(20)]
    url = flask_database(tmp_path / "db.sqlite", rows)
    before = (tmp_path / "db.sqlite").read_bytes()
    told = imported(server, "flask", url)
    assert (told["rows"], told["taken"], told["with_authenticator"], told["refused"]) == (20, 20, 20, 0)
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


def test_the_tutorial_on_postgresql_holds_its_hashes_as_text_or_as_they_are(make_server, postgres):
    server = make_server()
    url = postgres.new_database("tutorial")
    postgres.sql("tutorial", """CREATE TABLE users (id SERIAL PRIMARY KEY, username VARCHAR NOT NULL, password VARCHAR NOT NULL,
        created_at TIMESTAMP NOT NULL, is_two_factor_authentication_enabled BOOLEAN NOT NULL, secret_token VARCHAR)""")
    rows = [flask_row("reader1", "password 1"), flask_row("reader2", "password 2")]
    for name, hashed, created, _, secret in rows:
        text = "\\x" + hashed.hex() if name == "reader1" else hashed.decode()
        postgres.sql("tutorial", f"""INSERT INTO users (username, password, created_at, is_two_factor_authentication_enabled,
            secret_token) VALUES ('{name}', '{text}', '{created}', true, '{secret}')""")
    told = imported(server, "flask", "-", IMPORT_URL=url)
    assert (told["taken"], told["with_authenticator"]) == (2, 2)
    for row in rows:
        signs_in(server, row[0], row[0].replace("reader", "password "), row[4])
    assert server.sql("SELECT DISTINCT created_at_us FROM accounts") == [(1682944496 * 10**6,)]
    result = server.command("import", "flask", postgres.url("no_such_database"))
    assert result.returncode == 1 and "does not exist" in result.stderr


def test_a_thousand_accounts_come_and_running_it_again_changes_nothing(make_server, tmp_path):
    server = make_server(start=False)
    rows = [flask_row(f"reader{n}", f"password of {n}") for n in range(1000)]
    url = flask_database(tmp_path / "db.sqlite", rows)
    assert imported(server, "flask", url, "--dry-run")["taken"] == 1000
    assert server.sql("SELECT count(*) FROM accounts") == server.sql("SELECT count(*) FROM audit") == [(0,)]
    assert imported(server, "flask", url)["taken"] == 1000
    before = hashlib.sha256("\n".join(_dump(server)).encode()).hexdigest()
    told = imported(server, "flask", url)
    assert (told["taken"], told["there_already"], told["refused"]) == (0, 1000, 0)
    assert hashlib.sha256("\n".join(_dump(server)).encode()).hexdigest() == before
    server.start()
    for number in range(0, 1000, 37):
        signs_in(server, f"reader{number}", f"password of {number}", rows[number][4])


def test_in_a_terminal_a_thousand_rows_have_a_progress_bar(make_server, tmp_path):
    server = make_server(start=False)
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
    except OSError:  # the other side is closed: it has ended
        pass
    os.close(primary)
    assert running.wait(60) == 0
    assert b"importing [" in shown and b"of 1000" in shown and shown.rstrip().endswith(b"\x1b[K")


def _dump(server):
    return [f"{table} {row}" for table in sorted(server.tables()) for row in sorted(server.sql(f"SELECT * FROM {table}"), key=repr)]


def test_what_cannot_be_taken_is_named_and_can_be_mapped(make_server, tmp_path):
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
    told = imported(server, "flask", url, status=1)
    assert (told["taken"], told["refused"]) == (1, 8)
    assert set(accounts(server)) == {"unfinished"}
    said = told["said"]
    for words in ("capital letters", "fewer than 3", "characters other than", "password hash", "128 bits", "not base32"):
        assert words in said, words
    assert "\x1b" not in said
    names = tmp_path / "names"
    names.write_text("Alice=alice\nalice =alice.two\nx=xavier\nélodie=elodie\n")
    told = imported(server, "flask", url, "--map", str(names), status=1)
    assert (told["taken"], told["there_already"], told["refused"]) == (4, 1, 4)
    signs_in(server, "alice", "password of one", rows[0][4])
    signs_in(server, "alice.two", "password of another", rows[1][4])
    signs_in(server, "elodie", "accent in the name", rows[3][4])
    late = Person(server, name="unfinished", password="never confirmed")
    late.give_password()
    assert late.page.location.startswith("/setup-2fa")


@pytest.mark.parametrize("make, words", [
    (lambda p: None, "cannot be read"),
    (lambda p: p.write_text("no database at all\n" * 100), "cannot be read"),
    (lambda p: p.touch(), "not the database"),
], ids=["missing", "text", "empty"])
def test_what_is_not_the_tutorials_database_is_refused(make_server, tmp_path, make, words):
    server = make_server(start=False)
    path = tmp_path / "other.sqlite"
    make(path)
    result = server.command("import", "flask", f"sqlite:///{path}")
    assert result.returncode == 1 and words in result.stderr, result.stderr


def test_addresses_and_options_that_mean_nothing_are_refused(make_server, tmp_path):
    server = make_server(start=False)
    for arguments, status in ((("flask",), 2), (("flask", "mysql://x"), 1), (("flsk", "x"), 2), (("flask", "-"), 2),
                              (("flask", "sqlite:///x", "--totp", "y"), 2), (("htpasswd", str(tmp_path)), 1)):
        result = server.command("import", *arguments)
        assert result.returncode == status and result.stderr, (arguments, result.stderr)
    secret = server.command("import", "flask", "-", IMPORT_URL="postgresql://u:very-secret@127.0.0.1:1/db")
    assert secret.returncode == 1 and "very-secret" not in secret.stderr


# Killed and resumed


def test_a_change_of_the_key_that_is_killed_again_and_again_loses_nothing(make_server, tmp_path):
    server = make_server(start=False)
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
    assert kills > 10, "it was never killed on its way"
    result = server.command("rotate-key", "--json")
    assert result.returncode == 0, result.stderr
    result = server.command("check", "--json")
    assert result.returncode == 0 and json.loads(result.stdout)["unreadable"] == 0
    assert json.loads(result.stdout)["authenticators"] == 3000
    server.start()
    for number in (0, 1499, 2999):
        signs_in(server, f"reader{number}", "the same for all", rows[number][4])


# Apache and Authelia


def test_htpasswd_files_with_bcrypt_and_sha_crypt(make_server, tmp_path):
    server = make_server()
    crypted = {
        "beth": flask_bcrypt.generate_password_hash("password of beth", 4).decode().replace("$2b$", "$2y$"),
        "sam": _openssl("-6", "password of sam"),
        "sue": _openssl("-5", "password of sue"),
        "max": _openssl("-apr1", "password of max"),
    }
    file = tmp_path / "htpasswd"
    file.write_text("# people\n\n" + "".join(f"{name}:{text}\n" for name, text in crypted.items()) + "nobody\n")
    told = imported(server, "htpasswd", str(file), status=1)
    assert (told["taken"], told["refused"]) == (3, 2)
    assert "line 6" in told["said"] and "line 7" in told["said"]
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


def test_authelias_users_with_their_authenticators(make_server, tmp_path):
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
    told = imported(server, "authelia", str(users), "--totp", str(totp), status=1)
    assert (told["taken"], told["with_authenticator"], told["refused"]) == (2, 1, 1)
    assert "carl" in told["said"]
    anna = Person(server, name="anna", password="password of anna")
    assert anna.give_password().location.startswith("/verify-2fa")
    assert anna.prove(pyotp.TOTP(secret, digits=8, digest=hashlib.sha512, interval=60).at(int(server.clock.now()))).status == 303
    assert Person(server, name="ben", password="password of ben").give_password().status == 422
    users.write_text("users: [this, is, no, mapping\n")
    result = server.command("import", "authelia", str(users))
    assert result.returncode == 1 and "line" in result.stderr
