"""The service manager's view: sd_notify messages, the watchdog, and the form of the log in the journal."""

import os
import re
import signal
import socket

import pytest
import requests

from harness import Person
from harness.server import TIMEOUT, wait_until

pytestmark = pytest.mark.without_postgres


class Manager:
    """The socket to which the server sends its messages, as systemd's."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.settimeout(TIMEOUT)
        self.socket.bind(address.replace("@", "\0"))

    def next(self, wanted=None):
        """Return the next message and the process that sent it; wanted: skip other messages."""
        while True:
            text, ancillary, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(12))
            if wanted is None or text.decode().startswith(wanted):
                return text.decode(), int.from_bytes(ancillary[0][2][:4], "little")

    def silent(self):
        self.socket.setblocking(False)
        try:
            return not self.socket.recv(4096)
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(TIMEOUT)


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    address = str(tmp_path / "notify") if request.param == "path" else f"@doubletour-test-{os.getpid()}"
    manager = Manager(address)
    manager.address = address
    yield manager
    manager.socket.close()


def test_server_reports_ready_reload_and_stop(make_server, manager):
    server = make_server(start=False, NOTIFY_SOCKET=manager.address).spawn()
    assert manager.next() == ("READY=1", server.keeper_pid())
    assert requests.get(server.origin + "/livez", timeout=TIMEOUT).status_code == 200, "web answers when the server is ready"
    server.signal(signal.SIGHUP)
    text, _ = manager.next()
    assert text.startswith("RELOADING=1\nMONOTONIC_USEC=") and int(text.rpartition("=")[2]) > 0
    assert manager.next() == ("READY=1", server.keeper_pid())
    assert server.stop() == 0
    assert manager.next()[0] == "STOPPING=1" and manager.silent()


def test_next_web_process_is_not_reported(make_server, manager):
    server = make_server(start=False, NOTIFY_SOCKET=manager.address).start()
    assert manager.next()[0] == "READY=1"
    old = server.web_pid()
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: server.web_pid() not in (0, old) and server.serves(), "another web process serves")
    assert server.stop() == 0
    assert manager.next()[0] == "STOPPING=1"


def test_start_that_fails_never_reports_ready(make_server, manager):
    first = make_server()
    second = make_server(start=False, PORT=first.port, NOTIFY_SOCKET=manager.address).spawn()
    assert second.wait() == 1
    assert manager.silent()


def test_watchdog_gets_pings_of_the_main_process(make_server, manager):
    server = make_server(start=False, NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="400000").start()
    for _ in range(3):
        assert manager.next("WATCHDOG=1") == ("WATCHDOG=1", server.keeper_pid())
    server.signal(signal.SIGHUP)
    manager.next("RELOADING=1")
    manager.next("WATCHDOG=1")


def test_web_process_gets_no_variable_of_the_manager(make_server, manager):
    server = make_server(start=False, NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="60000000").start()
    with open(f"/proc/{server.web_pid()}/environ", "rb") as environment:
        text = environment.read()
    assert b"NOTIFY_SOCKET" not in text and b"WATCHDOG" not in text


# The journal


@pytest.fixture
def in_journal(make_server):
    """Start a server whose standard error is the stream that JOURNAL_STREAM names."""

    def start(**settings):
        server = make_server(start=False, **settings)
        server.log_path.touch()
        status = os.stat(server.log_path)
        server.environment["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
        return server.start()

    return start


def test_journal_gets_levels_and_no_time_and_no_colour(in_journal):
    server = in_journal(LOG_FORMAT="terminal")
    Person(server).full()
    os.kill(server.web_pid(), signal.SIGKILL)
    wait_until(lambda: server.serves() and server.log().count("web.ready") == 2, "another web process serves")
    assert server.stop() == 0
    lines = server.log().splitlines()
    assert [line for line in lines if not re.fullmatch(r"<[3-7]>[a-z]+(\.[a-z-]+)?( [a-z]+=.*)?", line)] == []
    for start in ("<6>request ", "<5>register.done ", "<5>web.ready ", "<3>web.died "):  # of both processes
        assert any(line.startswith(start) for line in lines), start


def test_json_stays_json_in_the_journal(in_journal):
    server = in_journal(LOG_FORMAT="json")
    assert server.stop() == 0
    assert all(line.startswith('{"at":"2') for line in server.log().splitlines())
