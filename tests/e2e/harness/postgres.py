"""The tests' own PostgreSQL: a cluster in a separate folder, on loopback and a free port.  Its creator ends it."""

import contextlib
import fcntl
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from harness.memory import memory_folder
from harness.server import free_port, wait_until

BIN = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=None, key=lambda p: int(p.parent.name))


class Postgres:
    """The only superuser is `tests`, without a password.

    Only this machine can connect, and only while the tests run.
    """

    template = None  # path of a data directory to copy, shared by all processes of a test run

    def __init__(self, home=None, settings=()):
        """settings: more server settings, as -c name=value.

        fsync is off, because tests kill processes, never the machine.
        """
        self.settings = [word for setting in settings for word in ("-c", setting)]
        self.home = pathlib.Path(home or tempfile.mkdtemp(prefix="doubletour-postgres-", dir=memory_folder()))
        self.data = self.home / "data"
        self.port = free_port()
        self.process = None
        self.databases = 0
        # PostgreSQL refuses to run as root; Debian's package has created a user for it.
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user is not None:
            owner = pwd.getpwnam(self.user)
            os.chown(self.home, owner.pw_uid, owner.pw_gid)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.end()

    def run(self, name, *arguments, check=True, **more):
        return subprocess.run([BIN / name, *arguments], cwd=self.home, user=self.user, check=check, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, **more)

    def start(self):
        if not self.data.exists():
            self.make_data()
        with open(self.home / "log", "ab") as log:
            self.process = subprocess.Popen(
                [BIN / "postgres", "-D", str(self.data), "-p", str(self.port), "-k", str(self.home),
                 "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300", "-c", "shared_buffers=32MB",
                 "-c", "fsync=off", *self.settings],
                cwd=self.home, user=self.user, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        wait_until(self.answers, "PostgreSQL answers")
        return self

    def make_data(self):
        """Run initdb for the first cluster of a run; copy its data for the others, with a tenth of the CPU time."""
        if self.template is None:
            self.run_initdb()
            return
        with open(self.template.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.template.exists():
                self.make_template()
                return
        subprocess.run(["cp", "-a", self.template, self.data], check=True)

    def run_initdb(self):
        self.run("initdb", "-D", str(self.data), "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-sync")

    def make_template(self):
        self.run_initdb()
        copy = self.template.with_suffix(".copy")
        subprocess.run(["cp", "-a", self.data, copy], check=True)
        copy.rename(self.template)

    def answers(self):
        assert self.process.poll() is None, (self.home / "log").read_text()[-2000:]
        return self.run("pg_isready", "-h", "127.0.0.1", "-p", str(self.port), check=False).returncode == 0

    def url(self, database):
        return f"postgresql://tests@127.0.0.1:{self.port}/{database}"

    def new_database(self, name=None, copy_of="template1"):
        """Create an empty database, or a copy of one without connections, and return its URL."""
        self.databases += 1
        name = name or f"test_{self.databases}"
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tests", "-T", copy_of, name)
        return self.url(name)

    def sql(self, database, text):
        done = subprocess.run([BIN / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.url(database)], input=text,
                              capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pids(self):
        """Return the server and all its child processes.

        Each has its own session, so no process group contains all of them.
        """
        own = self.process.pid
        return [own, *(int(entry) for entry in os.listdir("/proc") if entry.isdigit() and _parent_of(entry) == own)]

    def signal_all(self, number):
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self):
        """Kill all processes, as a power failure does."""
        self.signal_all(signal.SIGKILL)
        self.process.wait(30)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # disconnects all clients and exits
            self.process.wait(30)

    def restart(self):
        self.stop()
        return self.start()

    def standby(self):
        """Start a standby.  From now on each commit of this server waits for the standby."""
        other = Postgres()
        self.run("pg_basebackup", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tests", "-D", str(other.data), "-R", "-c", "fast", "--no-sync")
        other.start()
        self.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.sql("postgres", "SELECT pg_reload_conf()")
        wait_until(lambda: "sync" in self.sql("postgres", "SELECT sync_state FROM pg_stat_replication"), "the standby is followed")
        return other

    def promote(self):
        self.run("pg_ctl", "promote", "-D", str(self.data), "-w")

    def end(self):
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def _parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return int(f.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0
