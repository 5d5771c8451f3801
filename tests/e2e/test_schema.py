"""A schema that was changed by hand: `check` names the differences, `restore` refuses it and changes nothing."""

import contextlib
import json
import re
import shutil
import sqlite3

import pytest

from harness import Person
from harness.torture import scaled

TRIGGER = ("CREATE TRIGGER {name} AFTER UPDATE ON accounts BEGIN "
           "UPDATE accounts SET group_names = 'admins' WHERE id = new.id; END")
EDIT = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, {old}, {new}) WHERE name = '{name}'; PRAGMA writable_schema = RESET"

# statements, names in the report, why
CHANGES = [
    (TRIGGER.format(name="promote"), 'trigger "promote" on table "accounts"', "a trigger"),
    (TRIGGER.format(name='"a\x1b[2J\u202eb"'), 'trigger "a\\u001b[2J\\u202eb"', "a trigger whose name controls a terminal"),
    (TRIGGER.format(name='"it''s ""quoted"""'), "trigger ", "a trigger whose name has quotes"),
    ("CREATE TRIGGER later AFTER INSERT ON schema_migrations BEGIN DELETE FROM audit; END", 'trigger "later"', "a trigger that a migration would run"),
    ("CREATE VIEW recent AS SELECT * FROM sessions", 'view "recent"', "a view"),
    ("CREATE TABLE spare (id INTEGER)", 'table "spare"', "a table"),
    ("CREATE VIRTUAL TABLE words USING fts5(w)", 'table "words"', "a virtual table with its shadows"),
    ("CREATE INDEX extra ON accounts (name || 'x')", 'index "extra" on table "accounts"', "an index over an expression"),
    ("ALTER TABLE accounts ADD COLUMN shadow TEXT", 'table "accounts": Doubletour creates it in another form', "a column"),
    ("ALTER TABLE accounts ADD COLUMN g TEXT AS (upper(name)) VIRTUAL", 'table "accounts"', "a generated column"),
    ("DROP INDEX sessions_seen", 'index "sessions_seen" on table "sessions": it is missing', "an index that is gone"),
    ("DROP INDEX sessions_seen; CREATE INDEX sessions_seen ON sessions (agent)", 'index "sessions_seen"', "an index of the same name"),
    (EDIT.format(old="'REFERENCES accounts (id) ON DELETE CASCADE'", new="''", name="devices"), 'table "devices"', "a missing reference"),
    (EDIT.format(old="'NOT NULL'", new="''", name="links"), 'table "links"', "a missing constraint"),
]


def change(path, statements):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, False) if hasattr(db, "setconfig") else None
        before = db.execute("SELECT group_concat(sql) FROM sqlite_schema").fetchone()
        db.executescript(statements)
        return db.execute("SELECT group_concat(sql) FROM sqlite_schema").fetchone() != before


@pytest.fixture(scope="module")
def backup(tmp_path_factory):
    from harness import Server

    folder = tmp_path_factory.mktemp("backup")
    with Server(folder / "server") as server:
        Person(server).full()
        assert server.command("backup", str(folder / "good.sqlite")).returncode == 0
        assert server.stop() == 0
        yield server, folder / "good.sqlite"


@pytest.mark.sqlite
@pytest.mark.parametrize("statements, word, why", CHANGES, ids=[why for _, _, why in CHANGES])
def test_a_changed_schema_is_named_and_not_restored(backup, tmp_path, statements, word, why):
    server, good = backup
    file = tmp_path / "changed.sqlite"
    shutil.copy(good, file)
    if not change(file, statements):
        pytest.skip("this SQLite forbids changes of its schema")
    before = server.fingerprint()
    refused = server.command("restore", "--replace", str(file))
    assert refused.returncode != 0 and word in refused.stderr and str(file) in refused.stderr, refused.stderr
    assert server.fingerprint() == before
    checked = server.command("check", "--json", DATABASE_URL=f"sqlite:///{file}")
    assert checked.returncode == 1 and word in checked.stderr, checked.stderr
    if checked.stdout:
        assert json.loads(checked.stdout)["unknown_objects"] >= 1
    warned = server.command("backup", str(tmp_path / "again.sqlite"), DATABASE_URL=f"sqlite:///{file}")
    assert "Doubletour does not make" in warned.stdout or warned.returncode != 0


@pytest.mark.sqlite
def test_a_trigger_in_an_older_backup_does_not_run(backup, tmp_path):
    """`restore` checks the schema of the backup, before any migration runs."""
    server, good = backup
    file = tmp_path / "older.sqlite"
    shutil.copy(good, file)
    older = {"DATABASE_URL": f"sqlite:///{file}"}
    for _ in range(3):
        assert server.command("db", "downgrade", **older).returncode == 0
    change(file, TRIGGER.format(name="promote").replace("group_names = 'admins'", "name = name"))
    assert 'trigger "promote"' in server.command("restore", "--replace", str(file)).stderr


@pytest.mark.sqlite
def test_sqlites_own_objects_leave_the_schema_unchanged(backup, tmp_path):
    server, good = backup
    file = tmp_path / "analysed.sqlite"
    shutil.copy(good, file)
    change(file, "ANALYZE; VACUUM; REINDEX")
    assert server.command("check", DATABASE_URL=f"sqlite:///{file}").returncode == 0
    assert server.command("restore", "--replace", str(file)).returncode == 0


def test_a_schema_restored_by_migrations_is_unchanged(make_server):
    server = make_server(start=False)
    assert server.command("db", "init").returncode == 0
    head = int(server.command("db", "current").stdout.split()[0])
    for version in range(head - 1, -1, -1):
        assert server.command("db", "downgrade", str(version)).returncode == 0
        assert server.command("db", "upgrade" if version > 0 else "init").returncode == 0
        if version == head - 1:
            server.start()
            assert server.stop() == 0
        checked = server.command("check")
        assert "does not make" not in checked.stderr and "otherwise" not in checked.stderr and "missing" not in checked.stderr, (version, checked.stderr)


POSTGRES = [
    ("CREATE FUNCTION promote() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; "
     "CREATE TRIGGER promote BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION promote()",
     ['trigger "promote" on table "accounts"', 'function "promote"'], "a trigger and its function"),
    ("CREATE RULE quiet AS ON DELETE TO sessions DO INSTEAD NOTHING", ['rule "quiet" on table "sessions"'], "a rule"),
    ("CREATE VIEW recent AS SELECT * FROM sessions", ['view "recent"'], "a view"),
    ("CREATE MATERIALIZED VIEW kept AS SELECT * FROM accounts", ['materialized view "kept"'], "a materialized view"),
    ("CREATE TABLE spare (id bigint)", ['table "spare"'], "a table"),
    ("ALTER TABLE accounts ADD COLUMN shadow text", ['column "accounts.shadow"'], "a column"),
    ("CREATE INDEX extra ON accounts (lower(name))", ['index "extra"'], "an index"),
    ("DROP INDEX sessions_seen", ['index "sessions_seen" on table "sessions": it is missing'], "an index that is gone"),
    ("CREATE POLICY nobody ON sessions USING (false)", ['policy "nobody" on table "sessions"'], "a policy"),
    ("CREATE SCHEMA elsewhere; CREATE FUNCTION elsewhere.fits(text) RETURNS boolean LANGUAGE sql AS 'SELECT true'; "
     "ALTER TABLE accounts ADD CONSTRAINT fits CHECK (elsewhere.fits(password_hash))", ['function "elsewhere.fits(text)"'], "a function that a constraint calls"),
]


def test_check_names_foreign_objects_in_postgresql(make_server, postgres):
    server = make_server(start=False, DATABASE_URL=postgres.new_database()).init()
    assert server.start().stop() == 0
    clean = server.command("check")
    assert clean.returncode == 0, clean.stderr
    original = server.database_url.rsplit("/", 1)[1]
    for statements, words, why in POSTGRES:
        server.environment["DATABASE_URL"] = postgres.new_database(copy_of=original)
        name = server.database_url.rsplit("/", 1)[1]
        postgres.sql(name, statements + ";")
        checked = server.command("check", "--json")
        assert checked.returncode == 1, (why, checked.stderr)
        assert not checked.stdout or json.loads(checked.stdout)["unknown_objects"] >= len(words), (why, checked.stderr)
        for word in words:
            assert word in checked.stderr, (why, checked.stderr)


@pytest.mark.sqlite
@pytest.mark.parametrize("make, why", [
    (lambda path: path.write_text("root:x:0:0:root:/root:/bin/bash\n"), "a text"),
    (lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(5000)), "the beginning of a database"),
    (lambda path: path.write_bytes(b""), "nothing"),
    (lambda path: sqlite3.connect(path).execute("CREATE TABLE recipes (id INTEGER)"), "another program's database"),
    (lambda path: sqlite3.connect(path).executescript("PRAGMA encoding = 'UTF-16'; CREATE TABLE schema_migrations (version INTEGER)"), "text in UTF-16"),
])
def test_restore_reports_the_named_file(backup, tmp_path, make, why):
    server, _ = backup
    file = tmp_path / "named.sqlite"
    make(file)
    before = server.fingerprint()
    refused = server.command("restore", "--replace", str(file))
    assert refused.returncode != 0 and str(file) in refused.stderr, why
    assert ("UTF-16" in why) == ("UTF-16" in refused.stderr), refused.stderr
    assert not re.search(r"sqlite\.\d+", refused.stderr) and "DATABASE_URL" not in refused.stderr, refused.stderr
    assert server.fingerprint() == before


@pytest.mark.sqlite
@pytest.mark.sampled
def test_messages_name_no_temporary_file(backup, tmp_path):
    server, good = backup
    (tmp_path / "folder").mkdir()
    (tmp_path / "b\x1b").mkdir()
    for kind, most in (("open", 12), ("read", 12), ("write", 40), ("sync", 12), ("query", 60)):
        for nth in range(1, most, scaled(4, 1, whole=1) if most < 20 else scaled(12, 4, whole=4)):
            for arguments in (("backup", str(tmp_path / "b\x1b" / f"{kind}{nth}")), ("restore", "--replace", str(good))):
                server.faults.set(kind, nth)
                said = server.command(*arguments).stderr
                server.faults.clear(kind)
                assert not re.search(r"(sqlite|[a-z]\d+)\.\d{2,}", said), said
