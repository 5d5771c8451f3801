"""DATABASE_UPGRADE: a server in production backs up and upgrades an older database, or changes nothing and says why."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import psycopg2
import pytest

from harness import Person, previous
from harness.disk import fill, small_file_system
from harness.passkey_rows import kinds, with_a_passkey
from harness.passkeys import SECURITY, VERIFY, KeyHolder
from harness.relying_party import RelyingParty
from harness.server import PROGRAM, ROOT, TIMEOUT, wait_until
from harness.torture import scaled

pytestmark = pytest.mark.without_postgres  # uses its own PostgreSQL

BACKUP = "before-0006.sqlite"
NEWEST = max(int(file.name[:4]) for file in (ROOT / "migrations").glob("*.sql"))
UPGRADED = f"database.upgraded from=6 to={NEWEST}"
PRODUCTION = {"profile": "production", "REGISTRATION": "open", "DATABASE_UPGRADE": "auto"}


def done(server, *words):
    result = server.command(*words)
    assert result.returncode == 0, result.stderr
    return result.stdout


def made(make_server, **more):
    server = make_server(start=False, **{**PRODUCTION, **more})
    if "DATA_DIR" in more:
        server.data = more["DATA_DIR"]
    done(server, "db", "init")
    return server.start()


def older(server, version=6):
    """Stop the server and bring its database to an earlier migration."""
    assert server.stop() == 0
    done(server, "db", "downgrade", str(version))
    return server


def version(server):
    return int(done(server, "db", "current")[:4])


def content(server):
    """Return the bytes of all files that a refused start must not change.

    These are all files except the lock, and those that SQLite may leave on a full disk: the index of its log, and an
    empty log.
    """
    files = {p.name: p.read_bytes() for p in server.data.iterdir() if p.name != "doubletour.lock" and not p.name.endswith("-shm")}
    return {name: content for name, content in files.items() if content or not name.endswith("-wal")}


def refused(server, *words, status=1):
    """Start the server; check that it fails and changes no file.  Return its message."""
    before, seen = content(server), len(server.log())
    server.spawn()
    assert server.wait() == status, server.log()[seen:]
    said = server.log()[seen:]
    for word in words:
        assert word in said, said
    assert content(server) == before, said
    return said


@contextlib.contextmanager
def opened(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        yield db


@pytest.fixture
def old(make_server):
    """A stopped server with a database of the previous migration, and its one user, who is signed in."""
    server = made(make_server)
    server.alice = Person(server).full()
    return older(server)


def with_everything(server):
    """Return people of this server: signed in, with recovery codes, in a known browser."""
    people = [Person(server).full() for _ in range(3)]
    for person in people:
        person.recovery_codes = person.visit("/account/recovery-codes").recovery_codes
        assert len(person.recovery_codes) == 10
    return people


def check_every_way(server, people):
    """Check their sessions, passwords, codes, recovery codes and known browsers."""
    alice, bob, carol = people
    for person in people:
        assert person.visit("/").status == 200, "the session has not ended"
    spent = alice.used_code()
    alice.forget().give_password()
    assert alice.verify(spent).status == 422, "a spent code stays spent"
    assert alice.verify().location == "/" and alice.visit("/account").status == 200
    assert bob.recover(bob.recovery_codes[0]).status == 303 and bob.visit("/").status == 200
    assert bob.recover(bob.recovery_codes[0]).status == 422, "a recovery code is used once"
    carol.log_out()
    attacker = Person(server, carol.name, "not the password")
    assert [attacker.give_password().status for _ in range(6)] == [422] * 5 + [429]
    assert attacker.give_password(password=carol.password).status == 429
    assert carol.sign_in().location == "/", "a known browser is not locked out"
    assert "no errors" in done(server, "check")


# The upgrade


@pytest.mark.sqlite
@pytest.mark.parametrize("way", ["auto", pytest.param("by hand", marks=pytest.mark.whole)])
def test_every_way_to_sign_in_survives_an_upgrade(make_server, way):
    server = made(make_server)
    people = with_everything(server)
    authenticators = with_a_passkey(server)
    older(server)
    assert kinds(server) == {"totp": authenticators}, "the older schema has no passkeys"
    if way == "by hand":
        server.environment["DATABASE_UPGRADE"] = "refuse"
        done(server, "db", "upgrade")
    check_every_way(server.start(), people)


def columns(server, table):
    return {name for name, in server.sql("SELECT column_name FROM information_schema.columns WHERE table_name = ?", table)} if server.on_postgres() \
        else {name for _, name, *_ in server.sql(f"PRAGMA table_info({table})")}


@pytest.mark.parametrize("kind", [pytest.param("sqlite", marks=pytest.mark.sqlite), "postgres"])
def test_passkeys_of_migration_0009_survive_0012(make_server, request, kind):
    url = {"DATABASE_URL": request.getfixturevalue("postgres").new_database()} if kind == "postgres" else {}
    server = make_server(start=False, public_host="localhost", **url)
    done(server, "db", "init")
    alice = KeyHolder(server.start()).with_passkey().add_passkey("Second")
    moved = KeyHolder(server).full().add_passkey("Of another server")
    of_moved = "(SELECT f.id FROM factors f JOIN accounts a ON a.id = f.account_id WHERE a.name = ? AND f.kind = 'passkey')"
    server.sql(f"UPDATE passkeys SET imported = 1 WHERE factor_id IN {of_moved}", moved.name)
    server.sql("UPDATE accounts SET codes_off = 1")
    older(server, 11)
    assert [columns(server, table) & {"passkey_at_us", "account_id", "imported", "user_handle"}
            for table in ("sessions", "passkeys_removed", "passkeys")] == [{"account_id"}, set(), set()], "as 0009 was published"
    assert kinds(server) == {"totp": 1, "passkey": 2}, "the older schema has no passkeys of other servers"
    assert server.sql("SELECT count(*) FROM passkeys") == [(2,)]
    assert server.sql("SELECT codes_off FROM accounts ORDER BY name = ?", moved.name) == [(1,), (0,)], "only the code can still sign in"
    for number in range(120):  # like the earlier program, which does not record whose they were
        server.sql("INSERT INTO passkeys_removed (id, credential_hash, removed_at_us) VALUES (?, ?, ?)", number + 1, bytes([number]) * 32, int(time.time() * 1e6))
    server.start()
    assert "upgrade version=12 name=passkey_age" in server.log()
    assert alice.visit("/").status == 200, "the session has not ended"
    assert alice.forget().touch().status == 303 and alice.visit("/").status == 200
    assert alice.forget().give_password().status == 303 and alice.touch(VERIFY).status == 303
    assert server.sql("SELECT count(*), max(imported), count(user_handle) FROM passkeys") == [(2, 0, 0)]
    assert moved.forget().sign_in().location == "/"
    (another,), = moved.add_passkey("Another").server.sql(f"SELECT id FROM factors WHERE id IN {of_moved}", moved.name)
    assert moved.post("/account/authenticators/remove", {"csrf_token": moved.visit(SECURITY).token, "id": another}).status == 303
    assert [server.sql(f"SELECT count(*) FROM passkeys_removed WHERE account_id {whose} 0") for whose in ("=", "<>")] == [[(120,)], [(1,)]], "no row was trimmed"
    assert "no errors" in done(server, "check")


# Migration 0011 in its earlier form also wrote a UUID into each account.
FORMER = "6b1dc14ea74685b74689bda3862c0e63752947b4a5757e2f0c27103149ae031d"
SUBJECT = "b7d1ab3c-6a0b-4c8e-9f5e-2b1b6b2f7c11"
FORMER_0011 = ["ALTER TABLE accounts ADD COLUMN subject TEXT NOT NULL DEFAULT ''", f"UPDATE accounts SET subject = '{SUBJECT}'",
               "CREATE UNIQUE INDEX accounts_subject ON accounts (subject) WHERE subject <> ''",
               f"INSERT INTO schema_migrations (version, name, checksum, applied_at_us) VALUES (11, 'subjects', '{FORMER}', 1)"]


@pytest.mark.parametrize("kind", [pytest.param("sqlite", marks=pytest.mark.sqlite), "postgres"])
def test_a_database_with_the_former_0011_is_upgraded(make_server, request, kind):
    url = {"DATABASE_URL": request.getfixturevalue("postgres").new_database()} if kind == "postgres" else {}
    server = make_server(start=False, **url)
    done(server, "db", "init")
    alice = Person(server.start()).full()
    app = RelyingParty.add(server, "app", "--consent", "never")
    older(server, 10)
    for statement in FORMER_0011:
        server.sql(statement)
    done(server, "db", "upgrade")
    assert "no errors" in done(server, "check") and f"{NEWEST:04} (newest)" in done(server, "db", "current")
    done(server, "db", "check")
    server.start()
    assert app.sign_in(alice)["claims"]["sub"] == SUBJECT
    server.stop()
    server.sql("UPDATE schema_migrations SET checksum = ? WHERE version = 11", FORMER[::-1])
    for words in ("check", "db check", "db upgrade", "run"):
        result = server.command(*words.split())
        assert result.returncode != 0 and "Migration 0011 was applied in another form" in result.stderr, words


@pytest.mark.sqlite
@pytest.mark.whole
@pytest.mark.parametrize("way", ["auto", "by hand"])
def test_everyone_signs_in_after_the_previous_release(make_server, way):
    server = make_server(start=False, **PRODUCTION)
    today, server.program = server.program, previous.program()
    done(server, "db", "init")
    people = with_everything(server.start())
    assert server.stop() == 0 and server.database().exists()
    with opened(server.database()) as db:
        before = db.execute("SELECT count(*), max(version) FROM schema_migrations").fetchone()
    server.program = today
    if way == "by hand":
        server.environment["DATABASE_UPGRADE"] = "refuse"
        done(server, "db", "upgrade")
    server.start()
    assert len(list(server.data.glob("before*"))) == (way == "auto")
    check_every_way(server, people)
    assert before == (6, 6), "the previous release is another one: adapt docs/guides/upgrade.md too"


@pytest.mark.sqlite
def test_a_backup_is_made_before_an_automatic_upgrade(old):
    with opened(old.database()) as db:
        before = list(db.iterdump())
    old.start()
    assert old.alice.visit("/").status == 200, "her session has not ended"
    backup = old.data / BACKUP
    assert backup.stat().st_mode & 0o777 == 0o600
    with opened(backup) as db:
        assert list(db.iterdump()) == before
    assert UPGRADED in old.log() and old.stop() == 0
    assert version(old) == NEWEST
    # back to the old version, as docs/guides/upgrade.md says
    shutil.copy(backup, old.database())
    assert version(old) == 6


@pytest.mark.sqlite
@pytest.mark.whole
@pytest.mark.parametrize("way", ["restore", "downgrade"])
def test_the_previous_release_runs_after_a_downgrade(make_server, way):
    server = make_server(start=False, **PRODUCTION)
    today, server.program = server.program, previous.program()
    done(server, "db", "init")
    alice = Person(server.start()).full()
    assert server.stop() == 0
    server.program = today
    bob = Person(server.start()).full()
    assert server.stop() == 0
    if way == "downgrade":
        done(server, "db", "downgrade", "0006")
    server.program = previous.program()
    if way == "restore":
        done(server, "restore", "--replace", str(server.data / BACKUP))
    server.start()
    assert alice.forget().sign_in().location == "/"
    assert bob.forget().give_password().status == (303 if way == "downgrade" else 422), "the backup is older than bob's account"


@pytest.mark.whole
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_each_migration_runs_on_generated_rows(kind):
    """tools/torture does the same with ten million rows."""
    loaded = subprocess.run([ROOT / "tools" / "migration_load", "--rows", "2000", "--program", PROGRAM, kind], capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr
    assert re.findall(rf"^# {kind} (\d{{4}}): [\d.]+ s, cpu [\d.]+ s, \d+ MB", loaded.stdout, re.M) == [f"{number:04}" for number in range(2, NEWEST + 1)]


@pytest.mark.sqlite
def test_an_interrupted_upgrade_uses_its_backup_again(old):
    earlier = old.database().read_bytes()
    old.start()
    backup = (old.data / BACKUP).read_bytes()
    assert old.stop() == 0
    old.database().write_bytes(earlier)
    (old.data / f"{BACKUP}.unfinished").write_text("left by a killed process")
    old.start()
    assert old.stop() == 0
    assert sorted(p.name for p in old.data.glob("before*")) == [BACKUP]
    assert (old.data / BACKUP).read_bytes() == backup


@pytest.mark.sqlite
def test_a_file_with_the_name_of_the_backup_is_kept(old):
    (old.data / BACKUP).write_text("of somebody else")
    old.start()
    assert old.stop() == 0
    assert (old.data / BACKUP).read_text() == "of somebody else"
    with opened(old.data / "before-0006-2.sqlite") as db:
        assert db.execute("SELECT max(version) FROM schema_migrations").fetchall() == [(6,)]


@pytest.mark.sqlite
def test_two_starts_at_once_upgrade_once(old, make_server):
    other = make_server(start=False, **PRODUCTION, DATA_DIR=old.data)
    for server in (old, other):
        server.spawn()
    for server in (old, other):
        wait_until(server._serves_or_died, "the server answers, or has ended")
    serving = [server for server in (old, other) if server.process.poll() is None]
    for server in {old, other} - set(serving):
        assert re.search("Nothing was changed|Start the server after it has finished", server.log()), server.log()
    assert serving, "neither serves"
    assert sum(server.log().count("database.upgraded") for server in (old, other)) == 1
    assert [p.name for p in old.data.glob("before*")] == [BACKUP]
    old.alice.server = serving[0]
    assert old.alice.visit("/").status == 200


@pytest.mark.sqlite
def test_without_the_setting_an_older_database_is_refused(old):
    del old.environment["DATABASE_UPGRADE"]
    refused(old, "migration 0006", "doubletour db upgrade", status=78)
    old.environment["DATABASE_UPGRADE"] = "auto"
    result = old.command("user", "list")
    assert result.returncode == 78 and "doubletour db upgrade" in result.stderr, "only a server upgrades"


def test_a_development_server_upgrades_without_a_backup(make_server):
    server = make_server(DATABASE_UPGRADE="refuse")
    alice = Person(server).full()
    older(server).start()
    assert alice.visit("/").status == 200
    assert not list(server.data.glob("before*"))


# Failures


@pytest.mark.sqlite
def test_a_newer_database_is_refused_unchanged(old):
    done(old, "db", "upgrade")
    with opened(old.database()) as db, db:
        db.execute("INSERT INTO schema_migrations VALUES (99, 'later', 'x', 0)")
    refused(old, "newer than this program", "Use the newer doubletour", status=78)


@pytest.mark.sqlite
def test_a_database_of_another_key_is_refused_unchanged(old):
    old.environment["SECRET_KEY"] = "q7X-2mPz_9vKc4RtYb1nLw8sDf3gHj6e"
    refused(old, "nothing was changed", "key", status=78)


@pytest.mark.sqlite
def test_a_running_server_prevents_the_upgrade(make_server):
    server = made(make_server)
    other = make_server(start=False, **PRODUCTION, DATA_DIR=server.data)
    other.data = server.data
    as_the_previous_version(server)
    other.spawn()
    assert other.wait() == 1
    assert "Stop that one" in other.log() and "Nothing was changed" in other.log()
    assert not list(server.data.glob("before*"))


@pytest.mark.sqlite
def test_a_foreign_trigger_prevents_the_upgrade(old):
    with opened(old.database()) as db, db:
        db.execute("CREATE TRIGGER foreign_one AFTER UPDATE ON accounts BEGIN SELECT 1; END")
    refused(old, "foreign_one", "nothing was changed")


@pytest.mark.sqlite
@pytest.mark.sampled
@pytest.mark.parametrize("kind", ["write", "sync", "open"])
def test_a_failing_call_leaves_the_old_database(old, kind):
    nth, failures = 1, 0
    while True:
        old.faults.set(kind, nth, lasting=True)
        before, seen = content(old), len(old.log())
        old.spawn()
        wait_until(lambda: old.process.poll() is not None or "database.upgraded" in old.log()[seen:], "it upgraded or failed")
        old.faults.clear(kind)
        if "database.upgraded" in old.log()[seen:]:
            break
        assert old.process.returncode in (1, 78)
        assert content(old) == before, (nth, old.log()[seen:])
        failures += 1
        nth += scaled(max(1, nth // 2), 1, whole=1 + nth // 8)
    old.signal()
    old.wait()
    assert failures > 2 and version(old) == NEWEST
    old.start()
    assert old.alice.visit("/").status == 200


@pytest.mark.sqlite
@pytest.mark.parametrize("at", [f"{BACKUP}.unfinished", BACKUP])
def test_a_kill_during_the_upgrade_loses_nothing(old, at):
    old.spawn()
    wait_until(lambda: (old.data / at).exists() or old.process.poll() is not None or (old.data / BACKUP).exists(), f"{at} exists")
    web = old.web_pid()
    for pid in [old.process.pid, *([web] if web else [])]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    old.process.wait()
    wait_until(lambda: not old.listening(), "the killed server's port is free")
    assert 6 <= version(old) <= NEWEST, "each migration has its own transaction"
    old.start()
    assert old.alice.visit("/").status == 200
    assert [p.name for p in old.data.glob("before*")] == [BACKUP]
    assert old.whole()


@pytest.fixture
def disk(tmp_path):
    with small_file_system(tmp_path / "disk", 8192) as one:
        yield one


def with_a_large_row(server):
    """Insert an authenticator of a megabyte, which migrations 0002 and 0003 copy."""
    with opened(server.database()) as db, db:
        db.execute("INSERT INTO accounts (id, name, password_hash, created_at_us) VALUES (1, 'large', 'x', 1)")
        db.execute("INSERT INTO factors (id, account_id, kind, secret_sealed, created_at_us, confirmed_at_us) VALUES (1, 1, 'totp', zeroblob(1000000), 1, 1)")


@pytest.mark.sqlite
def test_a_full_disk_leaves_the_old_database(disk, make_server):
    server = made(make_server, DATA_DIR=disk / "data")
    alice = Person(server).full()
    older(server, 1)  # the next migrations copy the table of authenticators
    with_a_large_row(server)
    size = server.database().stat().st_size
    filler = fill(disk)
    refused(server, "The disk of the database", "is full.  Free space")
    filler.unlink()
    filler = fill(disk, leave=size // 2)
    refused(server, "before-0001.sqlite", "nothing was changed", "Remove the cause")
    filler.unlink()
    filler = fill(disk, leave=size + 300_000)
    said = refused(server, "nothing was changed", "Remove the cause")
    assert re.search("Migration 000[23]|The new schema cannot be written", said), "the disk had space for the backup"
    filler.unlink()
    server.start()
    assert [p.name for p in server.data.glob("before*")] == ["before-0001.sqlite"]
    alice.forget().sign_in()
    assert alice.visit("/").status == 200


@pytest.mark.sqlite
def test_a_half_done_upgrade_by_hand_is_continued(disk, make_server):
    server = made(make_server, DATA_DIR=disk / "data", DATABASE_UPGRADE="refuse")
    alice = Person(server).full()
    older(server, 1)
    with_a_large_row(server)
    filler = fill(disk, leave=300_000)
    result = server.command("db", "upgrade")
    assert result.returncode == 1 and "is full" in result.stderr, result.stderr
    assert "as it was before that step.  Remove the cause, then run the command again" in result.stderr, result.stderr
    filler.unlink()
    assert version(server) in (1, 2)
    refused(server, "doubletour db upgrade", status=78)
    done(server, "db", "upgrade")
    server.start()
    alice.forget().sign_in()
    assert alice.visit("/").status == 200


@pytest.mark.sqlite
def test_a_read_only_folder_leaves_the_old_database(disk, make_server):
    server = made(make_server, DATA_DIR=disk / "data")
    older(server)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    refused(server, "must be able to read and write it and its folder")
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    server.start()


# PostgreSQL


class Browser(Person):
    """A person whose requests go to one node or another; each release knows the cookies by its own names."""

    def at(self, server):
        self.server = server
        self.cookies = previous.with_names(self.cookies, previous.COOKIES if server.program == previous.program() else {})
        return self

    def opens(self, *servers):
        return [self.at(server).visit("/").status == 200 for server in servers]

    def is_gone(self, *servers):
        """Wait until the session ends: at once by a notification, or after the two seconds of the cache."""
        for server in servers:
            wait_until(lambda: self.at(server).visit("/").status == 303, "the session ended on that node")
        return True


def story(one, other):
    """Register on one node; see the session, and its end, on both."""
    alice = Browser(one).full()
    assert alice.opens(one, other, one) == [True] * 3
    token = dict(alice.cookies)
    alice.at(other).log_out()
    alice.cookies = token
    assert alice.is_gone(other, one)
    alice.at(one).forget().give_password()
    alice.at(other).verify()
    assert alice.opens(one, other) == [True] * 2, "password on one node, code on the other"
    spent = alice.used_code()
    alice.at(one).forget().give_password()
    assert alice.at(other).verify(spent).status == 422, "a code is spent on both nodes"
    alice.at(one).forget().sign_in()
    return alice


@pytest.mark.whole
def test_nodes_of_two_releases_run_side_by_side(make_server, postgres):
    first = node(make_server, postgres)
    today, first.program = first.program, previous.program()
    done(first, "db", "init")
    second = node(make_server, postgres, first)
    second.program, second.clock = first.program, first.clock
    first.start(), second.start()
    alice = story(first, second)
    # the new program upgrades the database under them
    first.program = today
    assert f"{NEWEST:04} (newest)" in done(first, "db", "upgrade", "--rolling")
    first.program = second.program
    assert alice.opens(first, second) == [True] * 2
    story(first, second)
    # docs/guides/upgrade.md: add passkeys only when all nodes have the new version
    dora = Browser(first).full()
    with_a_passkey(first, dora.name)
    assert dora.opens(first) == [True]
    assert dora.forget().give_password().status == 303 and dora.verify().status == 503
    # one node after the other
    assert second.stop() == 0
    second.program = today
    second.start()
    assert alice.opens(first, second) == [True] * 2
    bob, carol = story(first, second), story(second, first)
    # bob's account was made by the old node; an account gets its identifier for applications at the first use
    assert second.sql("SELECT subject FROM accounts WHERE name = ?", bob.name) == [("",)]
    app = RelyingParty.add(second, "app", "--consent", "never")
    assert len({app.sign_in(person.at(second))["claims"]["sub"] for person in (bob, carol, bob)}) == 2
    assert first.stop() == 0
    assert first.command("run").returncode == 78, "a node of the previous release does not start again"
    first.program = today
    first.start()
    for person in (alice, bob, carol):
        assert person.opens(first, second) == [True] * 2
    story(second, first)


def node(make_server, postgres, first=None):
    url = first.database_url if first else postgres.new_database()
    one = make_server(start=False, **PRODUCTION, DATABASE_URL=url, SECRET_KEY="q7X-2mPz_9vKc4RtYb1nLw8sDf3gHj6e")
    if first is not None:
        one.environment["DOUBLETOUR_TEST_CLOCK"] = str(first.clock.path)
    return one


def as_the_previous_version(server):
    """Remove what the migrations after 0006 have added, while the node runs."""
    server.sql("DELETE FROM schema_migrations WHERE version > 6")
    for table, column in (("audit", "actor"), ("audit", "browser"), ("audit", "client"), ("accounts", "alarm_from_us"), ("sessions", "remembered"),
                          ("sessions", "user_verified_at_us"), ("sessions", "passkey_at_us"), ("accounts", "user_handle"), ("accounts", "codes_off"),
                          ("accounts", "code_sign_in_at_us"), ("accounts", "updated_at_us"), ("accounts", "subject")):
        if column == "subject":
            server.sql("DROP INDEX accounts_subject")
        server.sql(f"ALTER TABLE {table} DROP COLUMN {column}")
    for table in ("access_tokens", "codes", "grants", "sids", "consents", "secrets", "clients", "keys"):
        server.sql(f"DROP TABLE oidc_{table}")
    server.sql("DROP INDEX audit_failed")
    server.sql("DROP TABLE closed_names")
    server.sql("DROP TABLE passkeys")
    server.sql("DROP TABLE passkeys_removed")
    if server.on_postgres():  # on SQLite, 0009 makes the table anew
        server.sql("ALTER TABLE factors ADD CONSTRAINT factors_new_kind_check CHECK (kind = 'totp')")
        server.sql("ALTER TABLE factors ADD CONSTRAINT factors_new_digits_check CHECK (digits BETWEEN 6 AND 8)")


def test_a_node_alone_upgrades_postgresql(make_server, postgres):
    one = node(make_server, postgres)
    done(one, "db", "init")
    alice = Person(one.start()).full()
    authenticators = with_a_passkey(one)
    older(one).start()
    assert kinds(one) == {"totp": authenticators}
    assert alice.visit("/").status == 200 and UPGRADED in one.log()


def test_a_second_node_leaves_the_upgrade_to_the_command(make_server, postgres):
    first = node(make_server, postgres)
    done(first, "db", "init")
    first.start()
    as_the_previous_version(first)
    second = node(make_server, postgres, first).spawn()
    assert second.wait() == 1
    assert "Another node is running.  Run `doubletour db upgrade --rolling`, then start this node." in second.log()
    assert "server is running" in first.command("db", "upgrade").stderr
    assert f"{NEWEST:04} (newest)" in done(first, "db", "upgrade", "--rolling")
    second.start()
    alice = Person(first).full()
    alice.server = second
    assert alice.visit("/").status == 200


def test_two_nodes_at_once_upgrade_postgresql_once(make_server, postgres):
    first = node(make_server, postgres)
    done(first, "db", "init")
    done(first, "db", "downgrade", "6")
    second = node(make_server, postgres, first)
    for one in (first, second):
        one.spawn()
    for one in (first, second):
        wait_until(one._serves_or_died, "the node answers, or has ended")
    for one in (first, second):
        if one.process.poll() is not None:  # systemd starts it again
            assert re.search("Nothing was changed|Start the server after it has finished", one.log()), one.log()
            one.start()
    assert sum(one.log().count("database.upgraded") for one in (first, second)) == 1


@pytest.mark.whole
def test_a_failing_query_leaves_postgresql_usable(make_server, postgres):
    one = node(make_server, postgres)
    done(one, "db", "init")
    done(one, "db", "downgrade", "6")
    failures = 0
    for nth in range(1, 1000):
        one.faults.set("query", nth, lasting=True)
        seen = len(one.log())
        one.spawn()
        wait_until(lambda: one.process.poll() is not None or "database.upgraded" in one.log()[seen:], "it upgraded or failed")
        one.faults.clear("query")
        if one.process.poll() is None or version(one) == NEWEST:
            break
        assert one.process.returncode in (1, 78) and version(one) == 6, one.log()[seen:]
        failures += 1
    if one.process.poll() is None:
        one.signal(), one.wait()
    assert version(one) == NEWEST and failures > 10
    one.start()
    Person(one).full()


def test_an_upgrade_waits_for_a_table_in_use(make_server, postgres):
    one = node(make_server, postgres)
    done(one, "db", "init")
    done(one, "db", "downgrade", "6")
    log, cancelled = postgres.home / "log", b"canceling statement due to lock timeout"
    before = log.read_bytes().count(cancelled)
    with contextlib.closing(psycopg2.connect(one.database_url)) as reader:
        reader.cursor().execute("SELECT count(*) FROM audit")  # like pg_dump, which keeps its lock until it ends
        upgrade = subprocess.Popen([one.program, "db", "upgrade", "--rolling"], cwd=one.work, env=one.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: log.read_bytes().count(cancelled) > before or upgrade.poll() is not None, "the first try has failed")
        reader.rollback()
    said, complaints = upgrade.communicate(timeout=TIMEOUT)
    assert upgrade.returncode == 0 and f"{NEWEST:04} (newest)" in said, complaints
    assert [complaints.count(f"applying 000{number}") for number in (7, 8, 9)] == [1, 1, 1]


def test_a_rolling_upgrade_needs_migrations_that_only_add(make_server, postgres):
    one = node(make_server, postgres)
    done(one, "db", "init")
    done(one, "db", "downgrade", "2")
    assert "Stop every node" in one.command("db", "upgrade", "--rolling").stderr  # 0003 drops columns
    done(one, "db", "upgrade", "3")
    done(one, "db", "upgrade", "--rolling")


@pytest.mark.sqlite
def test_a_rolling_upgrade_is_for_postgresql(old):
    result = old.command("db", "upgrade", "--rolling")
    assert result.returncode == 78 and "--rolling is for PostgreSQL" in result.stderr
    assert old.command("db", "check", "--rolling").returncode == 2
    assert version(old) == 6
