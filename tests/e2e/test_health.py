"""/healthz reports within seconds that writes fail, and that they work again; a failed write is not acknowledged."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess

import pytest
import requests

from harness import Person
from harness.server import wait_until

TIMEOUT = 20


def status(server, path="/healthz"):
    return requests.get(server.origin + path, timeout=30)


def becomes(server, wanted):
    """Return the reply in a list, because a reply with 503 is false in Python."""
    return wait_until(lambda: (answer := status(server)).status_code == wanted and [answer], f"/healthz answers {wanted}", TIMEOUT)[0]


# Faults of a SQLite database, each repaired at the end


@contextlib.contextmanager
def lock_held(server):
    with contextlib.closing(sqlite3.connect(server.database(), isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


def moved_away(name):
    @contextlib.contextmanager
    def moved(server):
        file = server.data / name
        file.rename(file.with_suffix(".away"))
        yield
        file.with_suffix(".away").rename(file)

    moved.__name__ = f"moved_away_{name}"
    return moved


@contextlib.contextmanager
def folder_moved_away(server):
    away = server.data.with_name("away")
    server.data.rename(away)
    yield
    away.rename(server.data)


def replaced_by(what):
    @contextlib.contextmanager
    def replaced(server):
        file, away = server.database(), server.data / "away"
        file.rename(away)
        what(away, file)
        yield
        file.unlink()
        away.rename(file)

    replaced.__name__ = f"replaced_by_{what.__name__}"
    return replaced


def a_copy(old, new):
    shutil.copy2(old, new)


def an_empty_file(old, new):
    new.touch(0o600)


def noise(old, new):
    new.write_bytes(os.urandom(65536))
    new.chmod(0o600)


@contextlib.contextmanager
def log_replaced(server):
    log = server.data / "doubletour.sqlite-wal"
    log.rename(server.data / "away")
    shutil.copy2(server.data / "away", log)
    yield
    (server.data / "away").rename(log)


FAULTS = [lock_held, moved_away("doubletour.sqlite"), moved_away("doubletour.sqlite-wal"), folder_moved_away,
          replaced_by(a_copy), replaced_by(an_empty_file), replaced_by(noise), log_replaced]


@pytest.mark.sqlite
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_health_reports_whether_writes_work(make_server, fault):
    server = make_server()
    alice = Person(server).full()
    bob = Person(server)
    with fault(server):
        answer = becomes(server, 503)
        assert answer.text == "the database cannot be written\n" and answer.headers["Retry-After"] == "2"
        assert status(server, "/readyz").status_code == 503
        assert status(server, "/livez").status_code == 200
        wait_until(lambda: "database.away" in server.log(), "the log names the fault", TIMEOUT)
        page = bob.register()
        assert page.status == 503 and page.headers["Retry-After"], "the server acknowledges no change that it cannot store"
        assert alice.visit("/").status == 200, "signed-in users are not affected"
    becomes(server, 200)
    assert "database.back" in server.log()
    assert bob.register().status == 303
    assert server.sql("SELECT count(*) FROM accounts WHERE name = ?", bob.name) == [(1,)]
    assert server.whole()


@pytest.mark.sqlite
def test_a_database_that_was_found_damaged_is_not_healthy(make_server):
    """Its write-ahead log was emptied, as `> doubletour.sqlite-wal` does: old and new pages are mixed."""
    server = make_server()
    Person(server).full()
    os.truncate(server.data / "doubletour.sqlite-wal", 0)
    wait_until(lambda: Person(server).register().status == 503 and status(server).status_code == 503, "refused, and not healthy", TIMEOUT)
    assert "is damaged" in server.log()
    assert {status(server).status_code for _ in range(30)} == {503}, "the server stays unhealthy until a repair"
    assert status(server, "/livez").status_code == 200


@pytest.mark.sqlite
def test_another_file_is_not_served_by_a_new_web_process(make_server):
    """The threads of a new process would open the file that is in the database's place now."""
    server = make_server()
    alice = Person(server).full()
    with replaced_by(a_copy)(server):
        becomes(server, 503)
        old = server.web_pid()
        os.kill(old, 9)
        wait_until(lambda: server.web_pid() not in (0, old), "a new web process starts")
        wait_until(lambda: _answers(server), "it answers")
        assert Person(server).register().status == 503
        assert alice.forget().give_password().status == 503
    becomes(server, 200)
    assert alice.forget().sign_in().location == "/"


def _answers(server):
    with contextlib.suppress(requests.RequestException):
        return status(server, "/livez").status_code == 200
    return False


@pytest.mark.whole
def test_a_keeper_that_hangs_is_not_healthy(make_server):
    """As on a disk that does not answer, the thread that watches the database stops reporting."""
    server = make_server()
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        becomes(server, 503)
        assert status(server, "/livez").status_code == 200 and server.log().count("keeper.late") == 1
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    becomes(server, 200)
    assert server.log().count("keeper.back") == 1 and server.stop() == 0


# The disk


@pytest.fixture
def disk(tmp_path):
    """A file system of a megabyte; tests that use it need the right to mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no right to mount a small file system: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def on(disk, make_server):
    server = make_server(DATA_DIR=disk / "data")
    server.data = disk / "data"
    return server


def fill(disk, left=0):
    """Fill the disk except for `left` bytes."""
    with open(disk / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    os.truncate(disk / "filler", max(0, os.path.getsize(disk / "filler") - left))
    return disk / "filler"


@pytest.mark.one_row
@pytest.mark.sqlite
@pytest.mark.parametrize("left", [0, 4096, 32768])
def test_a_full_disk_is_not_healthy_before_any_write(disk, make_server, left):
    server = on(disk, make_server)
    alice = Person(server).full()
    for _ in range(2):
        filler = fill(disk, left)
        becomes(server, 503)
        assert "is full" in server.log()
        assert alice.visit("/").status == 200
        done = server.command("user", "unlock", alice.name)
        assert (done.returncode == 0 and left > 4096) or re.search(r": Nothing was changed\.  The disk of \S+ is full\.  Remove the cause, then try again\.$|"
                                                  r"is full\.  Free space, then try again\.$", done.stderr), done.stderr
        filler.unlink()
        becomes(server, 200)
    assert alice.forget().sign_in().location == "/"


@pytest.mark.sqlite
@pytest.mark.parametrize("kind", ["write", "sync"])
def test_writes_that_fail_are_not_healthy_until_one_succeeds(make_server, kind):
    """Like a disk with errors, which its file system does not report."""
    server = make_server()
    server.faults.set(kind, 1, lasting=True)
    assert Person(server).register().status == 503
    becomes(server, 503)
    server.faults.clear(kind)
    becomes(server, 200)
    assert Person(server).register().status == 303


@pytest.mark.sqlite
def test_a_healthy_idle_server_leaves_its_disk_alone(make_server):
    server = make_server()
    Person(server).full()
    files = [server.database(), server.data / "doubletour.sqlite-wal"]
    before = [(f.stat().st_mtime_ns, f.stat().st_size) for f in files]
    with lock_held(server):  # several health checks run meanwhile
        becomes(server, 503)
    becomes(server, 200)
    assert [(f.stat().st_mtime_ns, f.stat().st_size) for f in files] == before


# PostgreSQL


@pytest.mark.parametrize("fault,mended", [
    ("BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE", "ROLLBACK"),
    ("BEGIN; LOCK TABLE audit IN SHARE MODE", "ROLLBACK"),
    ("ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()",
     "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()"),
], ids=["a table locked", "a table locked for writers", "a server that may only read"])
@pytest.mark.one_row
def test_health_reports_whether_postgresql_can_write(postgres, make_server, fault, mended):
    server = make_server(DATABASE_URL=postgres.new_database())
    alice = Person(server).full()
    administrator = subprocess.Popen(["psql", "-qX", server.database_url], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        for statement in fault.split("; "):
            print(statement + ";", file=administrator.stdin, flush=True)
        becomes(server, 503)
    finally:
        for statement in mended.split("; "):
            print(statement + ";", file=administrator.stdin, flush=True)
        administrator.stdin.close()
        administrator.wait(TIMEOUT)
    becomes(server, 200)
    assert alice.visit("/").status == 200
    assert Person(server).register().status == 303
