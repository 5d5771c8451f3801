"""The sandbox from outside: the web process's system calls, and the access of other processes of the same user."""

import ctypes
import errno
import os
import pathlib
import re
import resource
import shutil
import signal
import stat
import subprocess
import tempfile

import pytest

from harness import PROGRAM, Person
from harness.kernel import without_landlock
from harness.raw import raw
from harness.server import ROOT, SANITIZED, wait_until

pytestmark = pytest.mark.without_postgres

TABLE = pathlib.Path(PROGRAM).parent / "tests" / "unit" / "wall" / "wall_table"  # built with the program
NOBODY = 65534
# another group would be a refused call too
AS_NOBODY = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
PTRACE_ATTACH, PTRACE_DETACH = 16, 17


# The table of allowed calls


class Row:
    def __init__(self, line):
        line, self.why = line.split(" # ")
        self.name, self.phase, self.need, *conditions = line.split()
        self.conditions = [[int(part, 16) for part in condition.split(":")] for condition in conditions]

    def allows(self, name, arguments):
        return name == self.name and all(index < len(arguments) and arguments[index] & mask == value
                                         for index, mask, value in self.conditions)

    def __repr__(self):
        return f"{self.name} {self.conditions or ''}"


def table():
    return [Row(line) for line in subprocess.run([TABLE], capture_output=True, text=True, check=True).stdout.splitlines()]


def can_trace():
    return shutil.which("strace") and subprocess.run(["strace", "-o", "/dev/null", "true"], stderr=subprocess.DEVNULL).returncode == 0


@pytest.fixture
def traced(make_server, tmp_path):
    """Start a server with strace; the tracer is not a parent of its processes."""
    if SANITIZED or not can_trace():
        pytest.skip("strace is missing or may not trace, or a sanitizer's runtime makes additional calls")

    def start(**settings):
        server = make_server(start=False, **settings)
        wrapper = server.home / "traced"
        tracer = f"strace -D -f -qq -s 0 -e raw=all -e signal=none -o {server.home}/calls"
        wrapper.write_text(f'#!/bin/sh\nexec {tracer} {server.program} "$@"\n')
        wrapper.chmod(0o755)
        server.program = str(wrapper)
        return server.start()

    return start


CALL = re.compile(r"^(\d+) +(\w+)\(([^)<]*)(?:\) += (\S+)| <unfinished)")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>.*\) += (\S+)")


def number(text):
    return int(text, 0) if text and re.fullmatch(r"-?(0x)?[0-9a-f]+", text) else None


class Trace:
    """Parse strace's output: the calls of all threads of web processes, from the sandbox on."""

    def __init__(self, path):
        self.lines = path.read_text().splitlines()
        self.webs = {m[1] for line in self.lines if (m := CALL.match(line)) and m[2] == "landlock_restrict_self"}
        self.threads = {str(result) for line in self.lines for tid, name, result in self.results(line) if tid in self.webs and name == "clone"}

    @staticmethod
    def results(line):
        if found := CALL.match(line):
            yield found[1], found[2], number(found[4])
        elif found := RESUMED.match(line):
            yield found[1], found[2], number(found[3])

    def calls(self):
        """Yield (is it after the seal?, name, arguments) of each call."""
        filters = dict.fromkeys(self.webs, 0)
        for line in self.lines:
            if not (found := CALL.match(line)):
                continue
            tid, name, arguments = found[1], found[2], [number(a) for a in found[3].strip().split(", ") if number(a) is not None]
            if filters.get(tid, 0) >= 3 or tid in self.threads:
                yield filters.get(tid, 0) >= 4, name, arguments
            # libseccomp probes the kernel without a filter
            if tid in filters and name == "seccomp" and arguments[0] == 1 and arguments[2] != 0:
                filters[tid] += 1


def everything_that_web_does(server):
    """Use pages, forms, static files, refusals, slow and broken clients."""
    person = Person(server).full()
    for path in ("/", "/login", "/static/app.css", "/healthz", "/nothing", "/account/devices", "/account/recovery-codes"):
        person.visit(path)
    host = f"Host: localhost:{server.port}\r\n".encode()
    raw(server, b"POST /login HTTP/1.1\r\n" + host + b"Content-Length: 999999\r\n\r\n" + b"x" * 100000)
    raw(server, b"GET /login HTTP/1.0\r\n" + host + b"\r\n")
    raw(server, b"\x00\x01\x02\r\n\r\n")
    person.http.close()  # a traced server is slow: the open connection may be past its deadline
    person.log_out()


def test_every_allowed_call_is_made_or_has_its_reason(traced):
    server = traced()
    everything_that_web_does(server)
    pid = server.process.pid
    assert server.stop() == 0
    calls = server.home / "calls"
    # The tracer is a separate process; it may write its last lines after the server has ended.
    wait_until(lambda: re.search(rf"^{pid} +exit_group", calls.read_text(), re.M), "the trace is complete")
    trace = Trace(calls)
    made = list(trace.calls())
    rows = table()
    unmade = [row for row in rows if row.need == "seen" and not any(row.allows(name, arguments) for _, name, arguments in made)]
    assert not unmade, "allowed, but made in no run: remove it from src/web/core/sandbox_calls.c, or mark it RARE and give the reason"
    late = [row for row in rows if row.phase == "start" and any(after and row.allows(name, arguments) for after, name, arguments in made)]
    assert not late, "allowed only before the seal, but made after it"
    assert all(row.why for row in rows)


def test_the_threat_model_names_the_allowed_calls():
    text = (ROOT / "docs" / "explain/threat-model.md").read_text()
    named = re.search(r"^Allowed after the seal\b[^:]*:\n\n(.*?)\n\n", text, re.M | re.S)
    assert named, "docs/explain/threat-model.md has no line `Allowed after the seal`"
    assert set(re.findall(r"`(\w+)`", named[1])) == {row.name for row in table() if row.phase == "always"}


# Kernels without Landlock

WEAK = "warning wall.weak kind=seccomp"


def filters_of(pid):
    return int(re.search(r"^Seccomp_filters:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1])


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM])
def test_full_wall_is_refused_without_landlock(make_server, error):
    server = without_landlock(make_server(start=False), error)
    done = server.command("run")
    assert done.returncode == 78 and done.stderr.count("\n") == 1
    assert "The kernel has no Landlock" in done.stderr and "or set WALL=seccomp for a weaker sandbox." in done.stderr
    assert not server.data.exists(), "nothing was made"


@pytest.mark.sqlite
def test_seccomp_wall_serves_without_landlock_and_warns(make_server):
    server = without_landlock(make_server(start=False, WALL="seccomp"), errno.ENOSYS).start()
    Person(server).full()
    assert filters_of(server.web_pid()) == filters_of(server.keeper_pid()) + 4
    for starts in (1, 2):
        assert server.log().count(f'{WEAK} why="WALL=seccomp: web runs without Landlock, because this kernel has none."') == starts
        server.restart()
    assert server.stop() == 0


@pytest.mark.sqlite
def test_seccomp_wall_is_not_silent_where_landlock_exists(make_server):
    server = make_server(WALL="seccomp")
    assert f'{WEAK} why="WALL=seccomp: web runs without Landlock, which this kernel has.  Set WALL=full."' in server.log()
    assert server.restart().stop() == 0
    del server.environment["WALL"]
    server.log_path.unlink()
    assert "wall.weak" not in server.start().log()


@pytest.mark.parametrize("wall", ["none", "off", "0", "landlock"])
def test_server_without_any_wall_cannot_be_configured(make_server, wall):
    done = make_server(start=False, WALL=wall).command("run")
    assert done.returncode == 78 and f'WALL (environment) must be full or seccomp, not "{wall}".' in done.stderr


# Access of other processes of the same user


@pytest.fixture
def hardened(make_server):
    """A server as it is released; in other tests the processes may be inspected.

    If the test runs as root, which passes every permission check, the server runs as the user `nobody`.
    """
    homes = []

    def start(**how):
        server = make_server(start=False)
        del server.environment["DOUBLETOUR_TEST_DUMPABLE"]
        if os.geteuid() == 0:
            homes.append(tempfile.TemporaryDirectory())
            server.data.mkdir()
            server.move_to(homes[-1].name, NOBODY)
            how.update(AS_NOBODY)
        with open(server.log_path, "wb") as log:
            how = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "start_new_session": True, **how}
            server.process = subprocess.Popen([server.program, "run"], cwd=server.work, env=server.environment, **how)
        return server.until_it_serves()

    yield start
    for home in homes:
        home.cleanup()


def as_the_servers_user(act):
    """Return the result of act() in a child process with the server's user."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        result = b"child"
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            result = act().encode()
        finally:
            os.write(writing, result)
            os._exit(0)
    os.close(writing)
    result = os.read(reading, 1000).decode()
    os.close(reading)
    os.waitpid(pid, 0)
    return result


def opened(path):
    try:
        with open(path, "rb"):
            return "opened"
    except PermissionError:
        return "refused"


def attached(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_ATTACH, pid, 0, 0) == 0:
        os.waitpid(pid, 0)
        libc.ptrace(PTRACE_DETACH, pid, 0, 0)
        return "attached"
    return "refused"


def processes(server):
    return {"keeper": server.keeper_pid(), "web": wait_until(server.web_pid, "there is a web process")}


@pytest.mark.parametrize("file", ["mem", "maps", "environ", "auxv"])
def test_no_other_process_of_the_user_reads_memory(hardened, file):
    server = hardened()
    for name, pid in processes(server).items():
        assert as_the_servers_user(lambda pid=pid: opened(f"/proc/{pid}/{file}")) == "refused", name


def test_no_other_process_of_the_user_attaches(hardened):
    server = hardened()
    for name, pid in processes(server).items():
        assert as_the_servers_user(lambda pid=pid: attached(pid)) == "refused", name


def test_a_web_process_that_was_replaced_is_hardened_too(hardened):
    server = hardened()
    old = server.web_pid()
    os.kill(old, signal.SIGKILL)
    web = wait_until(lambda: server.web_pid() not in (0, old) and server.web_pid(), "another web process")
    wait_until(server.serves, "it serves")
    assert as_the_servers_user(lambda: opened(f"/proc/{web}/mem")) == "refused"


def test_an_unhardened_process_can_be_read_as_a_control():
    """Shows that the tests above can fail: another process of that user is accessible."""
    how = AS_NOBODY if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "60"], **how) as sleeper:
        try:
            assert as_the_servers_user(lambda: opened(f"/proc/{sleeper.pid}/environ")) == "opened"
        finally:
            sleeper.kill()


def test_no_core_file_is_written(hardened):
    unlimited = resource.getrlimit(resource.RLIMIT_CORE)[1]
    server = hardened(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (unlimited, unlimited)))
    for name, pid in processes(server).items():
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"^Max core file size +0 +0 ", limits, re.M), name


def test_a_command_that_holds_keys_writes_no_core_file_either(make_server, tmp_path):
    """Every command is hardened before it does anything; here one that waits for its input."""
    server = make_server(start=False)
    del server.environment["DOUBLETOUR_TEST_DUMPABLE"]
    with subprocess.Popen([server.program, "otp", "generate"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env=server.environment) as process:
        wait_until(lambda: re.search(r"^Max core file size +0 +0 ", pathlib.Path(f"/proc/{process.pid}/limits").read_text(), re.M)
                   or process.poll() is not None, "it has begun")
        assert process.poll() is None, "it reads its standard input"
        process.stdin.close()


# Inherited descriptors and settings


def descriptors(pid):
    return {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}


def test_neither_process_has_the_standard_input_of_the_shell(make_server):
    server = make_server(start=False)
    reading, writing = os.pipe()
    start_by_hand(server, stdin=reading)
    for name, pid in processes(server).items():
        assert descriptors(pid)[0] == "/dev/null", name
    assert server.stop() == 0


def test_neither_process_has_a_descriptor_that_leaked(make_server):
    server = make_server(start=False)
    with open(server.home / "leaked", "w+") as leaked:
        os.set_inheritable(leaked.fileno(), True)
        start_by_hand(server, pass_fds=[leaked.fileno()])
        for name, pid in processes(server).items():
            assert str(server.home / "leaked") not in descriptors(pid).values(), name
        assert server.stop() == 0


def start_by_hand(server, **how):
    with open(server.log_path, "wb") as log:
        how = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "start_new_session": True, **how}
        server.process = subprocess.Popen([server.program, "run"], cwd=server.work, env=server.environment, **how)
    return server.until_it_serves()


def test_a_log_that_is_a_file_is_appended_to(make_server):
    server = make_server(start=False)
    start_by_hand(server)
    for name, pid in processes(server).items():
        for fd in (1, 2):
            flags = re.search(r"flags:\s+(\d+)", pathlib.Path(f"/proc/{pid}/fdinfo/{fd}").read_text())[1]
            assert int(flags, 8) & os.O_APPEND, f"{name}, descriptor {fd}"
    os.truncate(server.log_path, 0)  # like logrotate's copytruncate
    Person(server).visit("/login")
    wait_until(lambda: "/login" in server.log(), "the line is there")
    assert "\0" not in server.log(), "no gap before it"
    assert server.stop() == 0


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_a_closed_descriptor_never_becomes_the_database(make_server, closed):
    server = make_server(start=False)
    redirections = " ".join(f"{fd}>&-" for fd in closed)
    server.process = subprocess.Popen(["/bin/sh", "-c", f'exec "$0" run {redirections}', server.program], cwd=server.work, env=server.environment,
                                      start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server.until_it_serves()
    Person(server).full()
    for name, pid in processes(server).items():
        for fd in (0, 1, 2):
            assert stat.S_ISCHR(os.stat(f"/proc/{pid}/fd/{fd}").st_mode), f"{name}, descriptor {fd}"
    assert server.stop() == 0
    assert server.whole()
