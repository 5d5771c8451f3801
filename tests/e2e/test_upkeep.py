"""Backups made under load and restored, checks of a whole database, a change of the master key."""

import json
import sqlite3
import threading

import pytest

from harness import Person


def names(server):
    return {name for name, in server.sql("SELECT name FROM accounts")}


def well(server):
    done = server.command("check", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def done(result):
    assert result.returncode == 0, result.stderr
    return result


def refused(result, *words, status=1):
    assert result.returncode == status, (result.stdout, result.stderr)
    for word in words:
        assert word in result.stderr, result.stderr
    return result


# Backup


@pytest.mark.sqlite
def test_a_backup_under_load_holds_every_acknowledged_account(make_server, tmp_path):
    server = make_server()
    people = [Person(server).full() for _ in range(3)]
    going = threading.Event()
    going.set()
    made = []

    def keep_registering():
        while going.is_set():
            made.append(Person(server).full())

    load = [threading.Thread(target=keep_registering) for _ in range(2)]
    for thread in load:
        thread.start()
    backups = []
    for number in range(3):
        before = [*people, *made]
        file = tmp_path / f"backup-{number}.sqlite"
        done(server.command("backup", str(file)))
        backups.append((file, before))
    going.clear()
    for thread in load:
        thread.join()
    assert server.stop() == 0
    for file, before in backups:
        done(server.command("restore", "--replace", str(file)))
        server.start()
        for person in before:
            person.forget().sign_in()
            assert person.page.status == 303, person.page.html
        assert server.stop() == 0
    assert any(len(before) > 3 for _, before in backups), "no user registered while the backups were made"


@pytest.mark.sqlite
def test_a_backup_is_for_its_owner_only_and_never_written_over_a_file(make_server, tmp_path):
    server = make_server()
    Person(server).full()
    file = tmp_path / "backup.sqlite"
    report = json.loads(done(server.command("backup", "--json", str(file))).stdout)
    assert report["accounts"] == 1 and report["authenticators"] == 1 and report["file"] == str(file)
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    refused(server.command("backup", str(file)), "already")
    refused(server.command("backup", str(tmp_path / "nowhere" / "b.sqlite")), "cannot be created")
    refused(server.command("backup"), "the name of the new file", status=2)
    assert file.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("backup")] == ["backup.sqlite"]


# Restore


@pytest.mark.sqlite
def test_restoring_ends_sessions_and_sets_the_database_aside(make_server, tmp_path):
    server = make_server()
    early = Person(server).full()
    file = tmp_path / "backup.sqlite"
    done(server.command("backup", str(file)))
    content = file.read_bytes()
    late = Person(server).full()
    refused(server.command("restore", str(file)), "--replace")
    refused(server.command("restore", "--replace", str(file)), "server is running")
    assert server.stop() == 0
    report = json.loads(done(server.command("restore", "--replace", "--json", str(file))).stdout)
    assert report["accounts"] == 1 and report["sessions"] == 0
    with sqlite3.connect(report["set_aside"]) as aside:
        assert {row[0] for row in aside.execute("SELECT name FROM accounts")} == {early.name, late.name}
    assert file.read_bytes() == content
    server.start()
    assert early.visit("/").status == 303
    early.forget().sign_in()
    assert early.page.status == 303
    assert late.forget().give_password().status == 422


@pytest.mark.sqlite
def test_an_invalid_backup_replaces_no_database(make_server, tmp_path):
    server = make_server()
    alice = Person(server).full()
    good = tmp_path / "good.sqlite"
    done(server.command("backup", str(good)))
    assert server.stop() == 0
    before = server.fingerprint()
    cut = tmp_path / "cut.sqlite"
    cut.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    text = tmp_path / "text.sqlite"
    text.write_text("this is not a database\n" * 1000)
    empty = tmp_path / "empty.sqlite"
    empty.touch()
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE recipes (id INTEGER)")
    newer = tmp_path / "newer.sqlite"
    newer.write_bytes(good.read_bytes())
    with sqlite3.connect(newer) as db:
        db.execute("INSERT INTO schema_migrations VALUES (9999, 'later', 'x', 0)")
    for file in (cut, text, empty, other, newer, tmp_path / "missing.sqlite", tmp_path):
        result = server.command("restore", "--replace", str(file))
        assert result.returncode in (1, 78) and result.stderr, file
    after = server.fingerprint()
    after.pop("doubletour.lock", None)
    before.pop("doubletour.lock", None)
    assert after == before
    server.start()
    alice.forget().sign_in()
    assert alice.page.status == 303


@pytest.mark.sqlite
def test_a_backup_of_another_key_is_refused(make_server, tmp_path):
    one, other = make_server(), make_server()
    Person(one).full()
    Person(other).full()
    file = tmp_path / "backup.sqlite"
    done(one.command("backup", str(file)))
    assert other.stop() == 0
    refused(other.command("restore", "--replace", str(file)), "another master key", status=78)
    key = other.key_file()
    key.rename(tmp_path / "key")
    refused(other.command("restore", "--replace", str(file)), f"There is no key file {key}.", status=78)
    (tmp_path / "key").rename(key)
    other.start()


# Check


def test_check_names_each_error(make_server):
    server = make_server()
    alice, bob = Person(server).full(), Person(server).full()
    assert well(server)["accounts"] == 2
    server.sql("UPDATE factors SET secret_sealed = (SELECT secret_sealed FROM factors ORDER BY id LIMIT 1)")
    server.sql("UPDATE accounts SET name = 'No One' WHERE name = ?", bob.name)
    result = server.command("check", "--json")
    report = json.loads(result.stdout)
    assert result.returncode == 1
    assert not report["well"] and report["unreadable"] == 1 and report["misnamed"] == 1
    assert "cannot be decrypted" in result.stderr and "cannot" not in result.stdout


def test_check_reports_a_missing_database_or_key(make_server):
    server = make_server(start=False)
    refused(server.command("check"), "db init")
    assert not server.data.exists() or not list(server.data.iterdir())


@pytest.mark.sqlite
def test_restore_of_a_missing_file_changes_nothing(make_server):
    server = make_server(start=False)
    for exists in False, True:
        refused(server.command("restore", "missing.sqlite"), "The file missing.sqlite cannot be opened: No such file or directory.")
        assert server.data.exists() == exists
        server.init()


# A new master key


def test_a_key_rotation_keeps_every_account(make_server, tmp_path):
    server = make_server()
    people = [Person(server).full() for _ in range(4)]
    backup = tmp_path / "before.sqlite"
    if not server.on_postgres():
        done(server.command("backup", str(backup)))
    refused(server.command("rotate-key"), "server is running")
    assert server.stop() == 0
    old_key = server.key_file().read_bytes()
    report = json.loads(done(server.command("rotate-key", "--json")).stdout)
    assert report == {"resealed": 4, "unreadable": 0, "resumed": False, "take_secret_key_out": False}
    kept = [p for p in server.data.iterdir() if p.name.startswith("doubletour.key.")]
    assert len(kept) == 1 and kept[0].read_bytes() == old_key
    assert (server.data / "doubletour.key").read_bytes() != old_key
    assert (server.data / "doubletour.key").stat().st_mode & 0o777 == 0o600
    assert well(server)["unreadable"] == 0
    server.start()
    for person in people:
        person.forget().sign_in()
        assert person.page.status == 303
    assert server.stop() == 0
    # the old key opens only the old backup
    if not server.on_postgres():
        refused(server.command("restore", "--replace", str(backup)), "another master key", status=78)
    (server.data / "doubletour.key").write_bytes(old_key)
    refused(server.command("check"), "not the key of this database", status=78)


def test_a_key_that_was_a_setting_becomes_a_file(make_server):
    server = make_server(SECRET_KEY="7c1f9a0b53e24d6f8a9be0c1d2f3a4b596877869a5b4c3d2e1f00f1e2d3c4b5a")
    alice = Person(server).full()
    assert server.stop() == 0
    report = json.loads(done(server.command("rotate-key", "--json")).stdout)
    assert report["take_secret_key_out"]
    refused(server.command("run"), "not the key of this database", status=78)
    del server.environment["SECRET_KEY"]
    server.start()
    alice.forget().sign_in()
    assert alice.page.status == 303


def test_an_unfinished_key_rotation_blocks_the_server_start(make_server):
    server = make_server()
    alice = Person(server).full()
    assert server.stop() == 0
    (server.data / "doubletour.key.new").write_text("0123456789abcdef" * 3 + "fedcba9876543210\n")
    (server.data / "doubletour.key.new").chmod(0o600)
    refused(server.command("run"), "rotate-key", status=78)
    report = json.loads(done(server.command("rotate-key", "--json")).stdout)
    assert report["resumed"] and report["resealed"] == 1
    server.start()
    alice.forget().sign_in()
    assert alice.page.status == 303


@pytest.mark.parametrize("command", ["backup", "restore", "check", "rotate-key"])
def test_each_command_has_help_and_refuses_unknown_arguments(make_server, command):
    server = make_server(start=False)
    assert "Exit status" in done(server.command(command, "--help")).stdout
    refused(server.command(command, "--nonsense"), "--help", status=2)
    refused(server.command(command, "a", "b", "c"), "were given", status=2)
