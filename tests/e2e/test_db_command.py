"""`doubletour db`: commands for the schema."""

import re
import sqlite3
import subprocess

import pytest

from harness import Person


def done(server, *arguments, status=0):
    result = server.command("db", *arguments)
    assert result.returncode == status, (result.stdout, result.stderr)
    return result


def newest(server):
    return int(re.match(r"(\d+) \(newest\)", done(server, "current").stdout)[1])


def test_a_database_is_created_downgraded_and_upgraded(make_server):
    server = make_server(start=False)
    done(server, "init")
    head = newest(server)
    assert "already" in done(server, "init").stderr
    history = done(server, "history").stdout.splitlines()
    assert history.pop(0).split() == ["REV", "APPLIED", "TITLE"]
    assert [int(line[:4]) for line in history] == list(range(1, head + 1))
    assert history[2].endswith("  attempt counters and lockouts")
    assert "intact" in done(server, "check").stdout
    for version in range(head - 1, -1, -1):
        assert done(server, "downgrade").stdout.startswith(f"{version:04d}\n")
    assert "no migration to revert" in done(server, "downgrade", status=1).stderr
    for command in ("check", "upgrade", "current", "history"):  # only `db init` creates tables
        empty = done(server, command, status=1)
        assert "is empty: it has no tables" in empty.stderr and "run `doubletour setup` or `doubletour db init`" in empty.stderr
        assert empty.stdout == ""
    assert done(server, "init").stdout == f"{head:04d} (newest)\n"
    done(server, "downgrade", "1")
    old = server.command("user", "list").stderr
    assert "run `doubletour db upgrade`" in old and server.on_postgres() == ("Make a backup" in old), "doubletour backup refuses this database"
    assert "upgrade" in done(server, "check", status=1).stderr
    assert "db upgrade" in done(server, "init", status=1).stderr
    assert done(server, "upgrade", "2").stdout == "0002\n"
    assert "downgrade" in done(server, "upgrade", "1", status=1).stderr
    assert "There is no migration" in done(server, "upgrade", "999", status=1).stderr
    assert "(newest)" in done(server, "upgrade").stdout
    done(server, "upgrade")
    with server:
        Person(server).full()


def test_accounts_survive_a_downgrade_and_upgrade(make_server):
    server = make_server()
    alice = Person(server).full()
    assert server.stop() == 0
    done(server, "downgrade")
    done(server, "upgrade")
    server.start()
    alice.forget().sign_in()
    assert alice.visit("/").status == 200


@pytest.mark.parametrize("command", ["downgrade", "upgrade"])
def test_the_schema_does_not_change_under_a_server_that_runs(make_server, command):
    server = make_server()
    alice = Person(server).full()
    if command == "upgrade":  # the schema is current: upgrade has nothing to do and succeeds
        done(server, "upgrade")
    else:
        assert "server is running" in done(server, "downgrade", status=1).stderr
        newest(server)
    assert alice.visit("/account").status == 200


@pytest.mark.parametrize("words", [["init", "x"], ["downgrade", "x"], ["downgrade", "-1"], ["upgrade", "1", "2"], ["nonsense"], ["check", "1"]])
def test_invalid_arguments_are_explained_and_change_nothing(make_server, words):
    server = make_server(start=False)
    result = done(server, *words, status=2)
    assert result.stderr.startswith("doubletour")
    assert not server.data.exists() or not list(server.data.iterdir())


def test_copy_names_the_table_that_is_not_empty(make_server):
    source, target = make_server(start=False).init(), make_server(start=False).init()
    address = target.database_url or f"sqlite:///{target.database()}"
    refused = done(source, "copy", "-", address, status=1).stderr
    assert "is not empty: its table keys holds 1 row.  Name a new one; nothing was changed." in refused


@pytest.mark.sqlite
def test_copy_onto_a_link_to_its_source_is_refused(make_server):
    server = make_server(start=False).init()
    (server.work / "link.sqlite").symlink_to(server.database())
    for words in ("-", "sqlite:///link.sqlite"), ("sqlite:///link.sqlite", "-"):
        assert "Source and target are the same database." in done(server, "copy", *words, status=1).stderr


@pytest.mark.sqlite
def test_upgrade_says_that_it_waits_and_other_commands_name_it(make_server):
    server = make_server(start=False).init()
    done(server, "downgrade")
    writer = sqlite3.connect(server.database(), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    upgrade = subprocess.Popen([server.program, "db", "upgrade"], cwd=server.work, env=server.environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert upgrade.stderr.readline() == "Another program is writing to the database.  Waiting for at most a minute ...\n"
    assert "Another command has exclusive access to the database" in done(server, "downgrade", status=1).stderr
    writer.execute("ROLLBACK")
    out, _ = upgrade.communicate(timeout=60)
    assert upgrade.returncode == 0 and "(newest)" in out


@pytest.mark.whole
@pytest.mark.sqlite
def test_command_on_a_locked_database_says_who_holds_it(make_server):
    server = make_server(start=False).init()
    other = sqlite3.connect(server.database(), isolation_level=None)
    other.execute("DELETE FROM keys")  # the command must write the key
    other.execute("BEGIN IMMEDIATE")
    refused = server.command("user", "list")
    assert refused.returncode == 1
    assert refused.stderr == (f"doubletour: Another program has locked the database {server.database()}.  Nothing was changed.  "
                              "Try again after it has finished.\n")
