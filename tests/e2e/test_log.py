"""The log without a reader: the server answers, exits when asked, and reports the number of lost lines."""

import contextlib
import fcntl
import os
import pty
import re
import resource
import signal
import socket
import subprocess
import termios
import threading

import pytest

from harness import Person
from harness.plain import plain
from harness.server import PROGRAM, wait_until

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]  # about full pipes

ENOUGH = 700  # requests; their lines fill a pipe of 4 KiB and the queue of 64 KiB


class Reader:
    """The output of a pipe or a terminal; it is read only when a test asks."""

    def __init__(self, fd):
        self.fd = fd
        self.text = ""
        os.set_blocking(fd, False)

    def read(self):
        with contextlib.suppress(BlockingIOError, OSError):
            while chunk := os.read(self.fd, 65536):
                self.text += chunk.decode(errors="backslashreplace")
        return self.text

    def finds(self, pattern):
        return re.search(pattern, self.read(), re.M)

    def close(self):
        os.close(self.fd)


def of_a_pipe():
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    return reading, writing


def of_a_terminal():
    return pty.openpty()


def of_a_stopped_terminal():
    reading, writing = pty.openpty()
    termios.tcflow(writing, termios.TCOOFF)
    return reading, writing


def of_a_socket():

    reading, writing = socket.socketpair()
    writing.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    return reading.detach(), writing.detach()


KINDS = {
    "a full pipe": of_a_pipe,
    "a terminal whose window does not read": of_a_terminal,
    "a terminal stopped by Ctrl-S": of_a_stopped_terminal,
    "a socket, as the journal's": of_a_socket,
}


@pytest.fixture
def run_with(make_server):
    """Start a server that writes to one end; return it with a reader of the other end."""
    readers = []

    def run(ends, start=True, **settings):
        reading, writing = ends
        server = make_server(start=False, **settings)
        server.process = subprocess.Popen([server.program, "run"], cwd=server.work, env=server.environment, stdin=subprocess.DEVNULL,
                                          stdout=writing, stderr=writing, start_new_session=True)
        os.close(writing)
        readers.append(Reader(reading))
        return server.until_it_serves(), readers[-1]

    yield run
    for reader in readers:
        with contextlib.suppress(OSError):
            reader.close()


def ask(server, count):
    """Send GET /login count times; each must be answered."""
    with plain(server) as status:
        for _ in range(count):
            assert status("/login") == 200


@pytest.mark.parametrize("kind", KINDS)
def test_an_unread_log_stops_neither_answers_nor_the_end(run_with, kind):
    server, reader = run_with(KINDS[kind]())
    ask(server, ENOUGH)
    assert server.serves(), "/healthz answers too"
    assert server.stop() == 0


@pytest.mark.parametrize("format", ["text", "json"])
def test_lost_lines_are_counted_when_the_log_is_read_again(run_with, format):
    server, reader = run_with(of_a_pipe(), LOG_FORMAT=format)
    ask(server, ENOUGH)
    wait_until(lambda: reader.finds("log.dropped"), "the count is reported without a further request")
    ask(server, 1)
    wait_until(lambda: reader.read().count("/login") > 1, "lines flow again")
    assert server.stop() == 0
    text = reader.read()
    lost = sum(int(count) for count in re.findall(r'log\.dropped"?.*?count"?[=:](\d+)', text))
    written = sum("/login" in line for line in text.splitlines())
    others = len(re.findall(r"healthz", text))
    assert lost > 0 and ENOUGH + 1 <= written + lost <= ENOUGH + 1 + 200 + others, (lost, written)
    assert not [line for line in text.splitlines() if line and not re.match(r"\d{4}-|\{", line) and "is ready" not in line], "no line is cut"


def test_a_closed_log_pipe_stops_nothing(run_with):
    server, reader = run_with(of_a_pipe())
    reader.close()
    ask(server, 100)
    person = Person(server).full()
    os.kill(server.web_pid(), signal.SIGKILL)
    wait_until(server.serves, "another web process serves")
    assert person.visit("/").status == 200
    assert server.stop() == 0
    reader.fd = os.open("/dev/null", os.O_RDONLY)


def test_a_web_process_starts_while_the_log_is_full(run_with):
    server, reader = run_with(of_a_pipe())
    ask(server, ENOUGH)
    old = server.web_pid()
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: server.web_pid() not in (0, old) and server.serves(), "another web process serves")
    assert server.stop() == 0


def test_a_failing_start_ends_while_the_log_is_full(make_server):
    first = make_server()
    reading, writing = os.pipe()
    fill(writing)
    second = make_server(start=False, PORT=first.port)
    process = subprocess.Popen([second.program, "run"], cwd=second.work, env=second.environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=writing)
    assert process.wait(30) == 1
    os.close(reading)
    os.close(writing)


def fill(fd):
    """Write until the pipe is full."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(fd, b"x" * 4096)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags)


def test_the_server_leaves_the_flags_of_a_shared_pipe_alone(run_with):
    reading, writing = os.pipe()
    kept = os.dup(writing)
    server, reader = run_with((reading, writing))
    ask(server, 10)
    assert fcntl.fcntl(kept, fcntl.F_GETFL) & os.O_NONBLOCK == 0
    os.close(kept)
    assert server.stop() == 0


def test_a_reader_that_made_the_pipe_non_blocking_loses_no_line(run_with):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    server, reader = run_with((reading, writing))
    done = threading.Event()
    thread = threading.Thread(target=lambda: [reader.read() for _ in iter(lambda: done.wait(0.01), True)])
    thread.start()
    ask(server, ENOUGH)
    assert server.stop() == 0
    done.set()
    thread.join()
    assert reader.read().count("/login") >= ENOUGH and "log.dropped" not in reader.text


FILE_MAX = 8 << 20  # bytes: more than the database and its log need here


def test_a_log_file_at_its_limit_stops_nothing_and_cuts_no_line(make_server):
    """As on a full disk: a part of a line is written, then no bytes, then there is room again."""
    server = make_server(start=False)
    server.log_path.write_text("x" * (FILE_MAX - 3001) + "\n")
    with open(server.log_path, "ab") as log:
        server.process = subprocess.Popen([server.program, "run"], cwd=server.work, env=server.environment, stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, start_new_session=True, preexec_fn=lambda: limit_files(0, FILE_MAX))
    server.until_it_serves()
    wait_until(lambda: "web.ready" in server.log(), "the keeper's last line of the start")
    ask(server, 40)
    assert os.path.getsize(server.log_path) == FILE_MAX
    for pid in (server.keeper_pid(), server.web_pid()):
        limit_files(pid, resource.RLIM_INFINITY)
    ask(server, 2)
    assert server.stop() == 0
    lines = server.log()[FILE_MAX - 3000:].splitlines()
    lost = sum(int(count) for line in lines for count in re.findall(r"log\.dropped count=(\d+)", line))
    whole = sum(line.count("path=/login status=200") for line in lines if re.search(r"state=none$", line))
    assert lost > 0 and whole + lost == 42, "each line is there, or counted as lost"
    assert len([line for line in lines if line and not re.match(r"\d{4}-.*[^ ]", line)]) == 0, "each begins with its time"
    assert all(line.count("Z warning ") + line.count("Z info ") + line.count("Z notice ") <= 1 for line in lines), "and is one line"


def limit_files(pid, limit):
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


def test_a_command_prints_all_of_its_output_to_a_slow_pipe(make_server):
    server = make_server(start=False)
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    process = subprocess.Popen([PROGRAM, "config", "example"], cwd=server.work, env=server.environment, stdin=subprocess.DEVNULL, stdout=writing)
    os.close(writing)
    text = b""
    while chunk := os.read(reading, 100):
        text += chunk
    os.close(reading)
    assert process.wait(30) == 0
    assert text.decode() == server.command("config", "example").stdout and len(text) > 4096
