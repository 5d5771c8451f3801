"""Many commands at the same first start: key and database are created once, and no command asks for a backup."""

import re
import subprocess

import pytest

from harness.torture import scaled

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]  # many starts of the same code

TIMES = scaled(1, 3, whole=3)
COMMANDS = [("db", "init"), ("user", "list"), ("user", "add", "anna%"), ("db", "init"), ("invite",), ("audit",), ("user", "list", "--json")]
NO_DATABASE = "There is no database at"
NO_TABLES = "is empty: it has no tables"  # another process has made the file, but not its tables


def at_once(server, commands):
    started = [subprocess.Popen([server.program, *words], cwd=server.work, env=server.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for words in commands]
    return [(words, *one.communicate(timeout=120), one.returncode) for words, one in zip(commands, started)]


@pytest.mark.one_row
@pytest.mark.sampled
@pytest.mark.parametrize("settings, why", [({}, "a key file"), ({"SECRET_KEY": "q7X-2mPz_9vKc4RtYb1nLw8sDf3gHj6e"}, "the key is a setting"),
                                           ({"DATABASE_URL": "sqlite:///apart.sqlite"}, "the database is in another folder")])
def test_sixty_four_commands_share_one_first_start(make_server, settings, why):
    for _ in range(TIMES):
        server = make_server(start=False, **settings)
        commands = [tuple(word.replace("%", str(n)) for word in COMMANDS[n % len(COMMANDS)]) for n in range(64)]
        for words, out, said, status in at_once(server, commands):
            assert "your backup" not in said, (why, words, said)
            assert status == 0 or (words != ("db", "init") and (NO_DATABASE in said or NO_TABLES in said)), (why, words, said)
        assert server.command("check").returncode == 0


@pytest.mark.sampled
def test_servers_and_commands_share_one_first_start(make_server):
    for _ in range(TIMES):
        server = make_server(start=False)
        server.spawn()
        for words, _, said, status in at_once(server, [("user", "list")] * 12 + [("db", "init")] * 4):
            assert "your backup" not in said, said
            assert status == 0 or (words != ("db", "init") and (NO_DATABASE in said or NO_TABLES in said)), (words, said)
        server.until_it_serves()
        assert server.stop() == 0
        assert server.command("check").returncode == 0


def test_a_first_start_that_fails_leaves_nothing(make_server):
    server = make_server(start=False, DATABASE_URL="sqlite:////no/such/folder/x.sqlite")
    if server.on_postgres():
        pytest.skip("about a file")
    for words in ("user", "list"), ("db", "init"), ("run",):
        assert server.command(*words).returncode != 0
        assert not server.data.exists()


# Only `run`, `db init`, `restore` and the target of `db copy` create a database or a key.

OTHERS = [
    ("user", "list"), ("user", "add", "anna"), ("invite",), ("audit",), ("gate", "check", "https://wiki.example.org/", "--user", "anna"),
    ("import", "htpasswd", "source"), ("backup", "copy.sqlite"), ("check",), ("rotate-key",), ("db", "upgrade"), ("db", "check"),
    ("db", "copy", "-", "sqlite:///copy.sqlite"),
]


def test_other_commands_create_no_database_and_no_key(make_server):
    server = make_server(start=False, GATE_DOMAINS="example.org", PUBLIC_URL="https://login.example.org")
    (server.work / "source").write_text("anna:$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe\n")
    (server.work / "here.env").write_text("PORT=5001\n")
    (server.work / "here.env").chmod(0o600)
    for words in OTHERS:
        if server.on_postgres() and words[0] == "backup":  # for SQLite only
            continue
        done = server.command(*words, "--settings", "here.env")
        assert (done.returncode, done.stdout) == (1, ""), (words, done.stdout, done.stderr)
        assert re.fullmatch(r"doubletour: (There is no database at \S+|The database \S+ is empty: it has no tables)\.  Settings come from the "
                            r"file here\.env \(--settings\)\.  In a new installation, run `doubletour setup` or `doubletour db init`\.  Otherwise name the server's "
                            r"settings file with --settings, or restore a backup\.\n",
                            done.stderr), (words, done.stderr)
        assert not server.data.exists() and sorted(path.name for path in server.work.iterdir()) == ["here.env", "source"], words


def test_production_creates_database_and_key_by_db_init_only(make_server):
    server = make_server(start=False, profile="production", PUBLIC_URL="https://login.example.org")
    refused = server.command("run")
    assert refused.returncode == 1 and NO_DATABASE in refused.stderr and not server.data.exists()
    done = server.init().command("db", "init")
    assert done.returncode == 0 and "already exists" in done.stderr
    key = server.key_file().read_bytes()
    server.start()
    assert server.stop() == 0
    assert server.key_file().read_bytes() == key


def test_a_missing_key_beside_a_database_changes_nothing(make_server):
    server = make_server(start=False).init()
    assert server.command("db", "downgrade").returncode == 0
    key = server.key_file()
    key.unlink()
    before = server.command("db", "history").stdout
    for words in ("run",), ("db", "init"), ("user", "list"):
        done = server.command(*words)
        assert done.returncode != 0
        if words == ("run",):  # in this profile it would upgrade the database
            assert "Nothing was changed: restore the key file from your backup, or set SECRET_KEY." in done.stderr
        assert not key.exists() and server.command("db", "history").stdout == before, words
    assert server.command("db", "upgrade").returncode == 0
    for words in ("run",), ("db", "init"), ("user", "list"), ("check",), ("rotate-key",):
        done = server.command(*words)
        assert done.returncode == 78 and done.stderr.count("Nothing was changed: restore the key file") == 1, (words, done.stderr)
        assert not key.exists(), words
