"""The real program in a separate folder, on a free port, with a clock that a test can set."""

import contextlib
import hashlib
import http.client
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import time

from harness.plain import plain
from harness.rows import postgres_rows

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = os.path.abspath(os.environ.get("DOUBLETOUR", ROOT / "build" / "test" / "doubletour"))
# Was the program built with a sanitizer?  .ci/run sets the sanitizers' options for all variants, so they do not show
# it.
SANITIZED = any(name in pathlib.Path(PROGRAM).read_bytes() for name in (b"__asan_init", b"__tsan_init")) if os.path.exists(PROGRAM) else False
FAILED = ROOT / "build" / "failed"
TIMEOUT = 300  # seconds, for a busy machine with sanitizers; a test waits that long only when it fails
PASSED_ON = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH")


last_seen = {}  # the last command, page and health check: why a poll did not end


def wait_until(happens, what, seconds=TIMEOUT):
    """Poll until happens() returns a true value; return that value.  A failure names what the poll saw last."""
    deadline = time.monotonic() + seconds
    last_seen.clear()
    while True:
        result = happens()
        if result:
            return result
        assert time.monotonic() < deadline, "; ".join([f"not within {seconds} s: {what}", *last_seen.values()])
        time.sleep(0.01)


def free_port():
    """Return a port below the range for clients, so that the connections of other tests do not occupy it."""
    first_of_clients = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(1000):
        port = random.randrange(min(10_000, first_of_clients - 1000), first_of_clients)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


class Clock:
    """The server's clock: the machine's clock plus an offset that the test build reads from a file."""

    def __init__(self, path):
        self.path = path
        self.set(0)

    def set(self, offset_seconds):
        self.offset_us = round(offset_seconds * 1e6)
        mode = "r+b" if self.path.exists() else "wb"
        with open(self.path, mode, buffering=0) as f:
            f.write(struct.pack("=q", self.offset_us))

    @property
    def offset(self):
        return self.offset_us / 1e6

    def now(self):
        return time.time() + self.offset

    def advance(self, seconds):
        self.set(self.offset + seconds)

    def to_step(self, step):
        """Set the clock to one second after the beginning of a 30-second step: 29 seconds are left for the test."""
        self.advance(step * 30 + 1 - self.now())

    def next_step(self):
        step = int(self.now()) // 30 + 1
        self.to_step(step)
        return step


class Faults:
    """Injected failures (base/fault.h) in both processes, through a file that the test build maps."""

    KINDS = ("memory", "random", "clock", "open", "read", "write", "sync", "send", "receive", "query", "crypto")
    STATE = struct.Struct("=qqq")  # countdown, lasting, failed

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(self.STATE.size * len(self.KINDS)))

    def _write(self, kind, *state):
        with open(self.path, "r+b", buffering=0) as f:
            f.seek(self.STATE.size * self.KINDS.index(kind))
            f.write(self.STATE.pack(*state))

    def set(self, kind, nth, lasting=False):
        """Let the nth call from now fail; if lasting, all later ones too."""
        self._write(kind, nth, int(lasting), 0)

    def clear(self, kind):
        """Stop the failures; return the number of calls that failed."""
        failed = self.failed(kind)
        self._write(kind, 0, 0, 0)
        return failed

    def failed(self, kind):
        data = self.path.read_bytes()
        return self.STATE.unpack_from(data, self.STATE.size * self.KINDS.index(kind))[2]


class Server:
    adapter = None  # the adapter for `requests`; None: HOST and PORT
    cluster = None  # the PostgreSQL with one database for each server; None: SQLite files

    def __init__(self, home=None, profile="testing", clock=True, public_host=None, **settings):
        """public_host: users open this host of this machine.  Passkeys need `localhost`."""
        self.home = pathlib.Path(home or tempfile.mkdtemp(prefix="doubletour-"))
        self.home.mkdir(parents=True, exist_ok=True)
        self.work = self.home / "work"
        self.work.mkdir(exist_ok=True)
        self.data = self.home / "data"
        self.port = free_port()
        self.public_host = public_host or "127.0.0.1"
        self.clock = Clock(self.home / "clock")
        self.faults = Faults(self.home / "faults")
        self.process = None
        self.program = PROGRAM
        self.log_path = self.home / "log"
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "APP_SETTINGS": profile,
            "DATA_DIR": str(self.data),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DOUBLETOUR_TEST_CLOCK": str(self.clock.path),
            "DOUBLETOUR_TEST_FAULTS": str(self.faults.path),
            "EPHEMERAL": "1",  # the tests may run in a container without a volume
            "DOUBLETOUR_TEST_QUICK_KEYS": "1",  # a real RSA key takes 0.2 s
            "DOUBLETOUR_TEST_DUMPABLE": "1",  # tests without root read its /proc
            **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
            **{name: str(value) for name, value in settings.items()},
        }
        if public_host is not None:
            self.environment["PUBLIC_URL"] = self.origin
        if self.cluster is not None and "DATABASE_URL" not in self.environment:
            self.environment["DATABASE_URL"] = self.cluster.new_database()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        self.end()
        if kind is not None:
            self.keep()

    # Running

    @property
    def origin(self):
        return f"http://{self.public_host}:{self.port}"

    def spawn(self, *arguments):
        """Start without waiting until it serves."""
        assert self.process is None or self.process.poll() is not None
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, *(arguments or ["run"])], cwd=self.work, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        return self

    def start(self):
        return self.spawn().until_it_serves()

    def init(self):
        """Create the database and the key, without starting the server: only `run` and `db init` create them."""
        done = self.command("db", "init")
        assert done.returncode == 0, done.stderr
        return self

    def until_it_serves(self, seconds=TIMEOUT):
        try:
            wait_until(self._serves_or_died, "the server answers /healthz", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()[-4000:]}") from None
        assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.log()}"
        return self

    def _serves_or_died(self):
        return self.process.poll() is not None or self.serves()

    def serves(self):
        try:
            with plain(self, timeout=5) as status:
                found = status("/healthz")
        except (OSError, http.client.HTTPException) as error:
            found = repr(error)
        last_seen["health"] = f"/healthz: {found}"
        return found == 200

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(TIMEOUT)

    def stop(self):
        self.signal()
        return self.wait()

    def restart(self):
        assert self.stop() == 0
        return self.start()

    def end(self):
        """End the server in any state, so that no process is left."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.stop()
        wait_until(lambda: not self.listening(), "the port is free again")

    def keep(self):
        """Keep the folder of a failed test for inspection."""
        FAILED.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.home, FAILED / self.home.name, dirs_exist_ok=True)

    # Inspection

    def log(self):
        return self.log_path.read_text(errors="backslashreplace") if self.log_path.exists() else ""

    def listening(self):
        with socket.socket() as s:
            s.settimeout(5)
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def keeper_pid(self):
        return self.process.pid

    def web_pid(self):
        """Return the keeper's child process; 0 while there is none."""
        for entry in os.listdir("/proc"):
            if entry.isdigit() and _parent_of(entry) == self.process.pid:
                return int(entry)
        return 0

    def cpu_ns(self):
        """Return the CPU time of all threads of both processes, which other load on the machine hardly changes."""
        tasks = (path for pid in (self.keeper_pid(), self.web_pid()) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"))
        return sum(int(path.read_text().split()[0]) for path in tasks)

    def command(self, *arguments, user=None, timeout=TIMEOUT, **more):
        """Run a command with the server's settings and these; user: run it as another user, which needs root."""
        environment = {**self.environment, **{k: str(v) for k, v in more.items()}}
        done = subprocess.run([self.program, *arguments], cwd=self.work, env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout, user=user)
        last_seen["command"] = f"{' '.join(map(str, arguments))} ended with {done.returncode}: {(done.stderr or done.stdout)[-500:].strip()}"
        return done

    def move_to(self, home, owner):
        """Copy the data of a stopped server and the program, and give both to another user."""
        self.program = shutil.copy(PROGRAM, home)
        self.data = pathlib.Path(shutil.copytree(self.data, pathlib.Path(home) / "data"))
        self.work, self.environment["DATA_DIR"] = pathlib.Path(home), str(self.data)
        for path in (pathlib.Path(home), *pathlib.Path(home).rglob("*")):
            os.chown(path, owner, owner)

    @property
    def database_url(self):
        return self.environment.get("DATABASE_URL", "")

    def on_postgres(self):
        return self.database_url.startswith("postgres")

    def database(self):
        return self.data / "doubletour.sqlite"

    def sql(self, statement, *values):
        """Execute a statement on the database directly, with ? for the values; return the rows."""
        if self.on_postgres():
            return postgres_rows(self.database_url, statement, values)
        with contextlib.closing(sqlite3.connect(self.database(), timeout=TIMEOUT)) as db, db:
            return db.execute(statement, values).fetchall()

    def whole(self):
        """Does the database's own check pass?"""
        if self.on_postgres():  # PostgreSQL enforces references and unique names; `db check` reads all rows
            done = self.command("db", "check")
            return done.returncode == 0
        return self.sql("PRAGMA integrity_check") == [("ok",)] and self.sql("PRAGMA foreign_key_check") == []

    def tables(self):
        if self.on_postgres():
            return [name for name, in self.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return [name for name, in self.sql("SELECT name FROM sqlite_schema WHERE type = 'table'")]

    def delete_attempts(self):
        """Delete all failed attempts."""
        self.sql("DELETE FROM throttle")

    def key_file(self):
        """Return the one file in the data folder that does not belong to the database."""
        found = [p for p in self.data.iterdir() if not p.name.startswith(("doubletour.sqlite", "doubletour.lock"))]
        assert len(found) == 1, f"one key file was expected: {found}"
        return found[0]

    def fingerprint(self):
        """Return name, mode, age and digest of everything in the data folder."""
        return {str(p.relative_to(self.data)): (p.stat().st_mode, p.stat().st_mtime_ns, _digest(p)) for p in sorted(self.data.rglob("*"))}


def _digest(path):
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    except PermissionError:
        return "not to be read"


def _parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
        return 0 if fields[0] in "ZX" else int(fields[1])
    except OSError:
        return 0
