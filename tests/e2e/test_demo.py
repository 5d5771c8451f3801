"""doubletour setup --demo: the server, Caddy and a sample application, in one folder of one user."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import types

import pytest
import requests

from harness import PROGRAM, Person
from harness.server import Clock, free_port, wait_until

pytestmark = pytest.mark.without_postgres

PORTS = 3


def free_ports():
    """Return the first of three free ports."""
    while True:
        first = free_port()
        taken = [socket.socket() for _ in range(PORTS)]
        try:
            for offset, one in enumerate(taken):
                one.bind(("127.0.0.1", first + offset))
            return first
        except OSError:
            continue
        finally:
            for one in taken:
                one.close()


class Demo:
    """The command in an empty folder.  Settings in the environment belong to another server."""

    def __init__(self, home):
        self.home, self.folder = home, home / "work" / "doubletour-demo"
        (home / "work").mkdir()
        (home / "empty").mkdir()
        self.clock = Clock(home / "clock")
        self.port = free_ports()
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(home / "empty"), "DATABASE_URL": "sqlite:////no/such/folder/x.sqlite",
                            "PUBLIC_URL": "https://login.example.org", "DOUBLETOUR_TEST_CLOCK": str(self.clock.path)}
        self.process = None

    def run(self, *options):
        return subprocess.run([PROGRAM, "setup", *options], cwd=self.home / "work", env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)

    def start_process(self):
        with open(self.home / "said", "w") as said:
            self.process = subprocess.Popen([PROGRAM, "setup", "--demo", "--port", str(self.port)], cwd=self.home / "work",
                                            env=self.environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def start(self):
        self.start_process()
        wait_until(lambda: "Ctrl-C stops everything." in self.said() or self.process.poll() is not None, "the demo is ready")
        assert self.process.poll() is None, self.said()
        return self

    def said(self):
        return (self.home / "said").read_text()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def link(self):
        found = re.search(rf"^https://login\.doubletour\.localhost:{self.port}(/set-password\?link=\S+)$", self.said(), re.M)
        return found and found.group(1)

    def caddy(self):
        """Return the process id of Caddy, a child of the command."""
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                facts = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
                if facts["Name"] == "caddy" and int(facts["PPid"]) == self.process.pid:
                    return int(facts["Pid"])
        raise AssertionError("Caddy does not run")

    def nothing_listens(self):
        for offset in range(PORTS):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port + offset)) == 0:
                    return False
        return True


@pytest.fixture
def demo(tmp_path):
    one = Demo(tmp_path)
    yield one
    if one.process is not None and one.process.poll() is None:
        one.stop()


@pytest.fixture
def localhost_names(monkeypatch):
    """Resolve names below localhost to this machine, as browsers do."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *more, **named))


def test_the_demo_leads_from_one_command_to_the_application(demo, localhost_names):
    demo.start()
    authority = str(demo.folder / "caddy/pki/authorities/local/root.crt")
    login, app = (f"https://{name}.doubletour.localhost:{demo.port}" for name in ("login", "wiki"))
    person = Person(types.SimpleNamespace(origin=login, clock=demo.clock), "demo")
    person.http.verify = authority

    def open_app(**headers):
        return requests.get(app + "/", headers={"Accept": "text/html", "Remote-User": "forged", **headers}, verify=authority, allow_redirects=False, timeout=60)

    link = demo.link()
    assert person.send(link, {"password": person.password, "confirm": person.password}).status == 303
    assert person.confirm().status == 303
    person.forget().sign_in()
    (tile,) = person.follow().dom.all("a", class_="tile")
    assert (tile.one("b").text, tile["href"]) == ("Wiki", app + "/")
    refused = open_app()
    assert refused.status_code == 302 and refused.headers["Location"].startswith(login + "/gate?rd=")
    passed = person.visit(refused.headers["Location"].removeprefix(login))
    assert passed.dom.all("meta", http_equiv="refresh")[0]["content"].endswith("url=" + app + "/")
    shown = open_app(Cookie=f"__Secure-gate={person.cookies['__Secure-gate']}")
    assert shown.status_code == 200
    for name, value in {"Remote-User": "demo", "Remote-Groups": "staff", "Remote-Name": "Demo", "Remote-Email": "demo@example.org"}.items():
        assert f"<th>{name}</th><td>{value}</td>" in shown.text
    assert f'href="{login}/"' in shown.text and "forged" not in shown.text

    assert demo.stop() == 0 and demo.nothing_listens()
    assert not list((demo.home / "empty").iterdir()) and [path.name for path in demo.folder.parent.iterdir()] == [demo.folder.name]
    assert demo.folder.stat().st_mode & 0o777 == 0o700

    demo.start()
    assert demo.link() is None and "The account demo already exists" in demo.said()
    assert person.forget().give_password().status == 303
    os.kill(demo.caddy(), signal.SIGKILL)
    assert demo.process.wait(60) == 1 and "Caddy has ended.  Read the end of doubletour-demo/caddy.log." in demo.said()
    assert demo.nothing_listens()


def test_a_demo_without_caddy_names_the_package(demo):
    demo.environment["PATH"] = str(demo.home)
    refused = demo.run("--demo")
    assert refused.returncode == 1 and "sudo apt install caddy" in refused.stderr
    assert not demo.folder.exists()


# Listens on the port of the Caddyfile, closes each connection, and counts them.
CADDY_WITHOUT_CERTIFICATES = """#!/usr/bin/python3
import re, socket
with open("Caddyfile") as caddyfile, socket.socket() as s, open("connections", "w") as connections:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", int(re.search(r"login.doubletour.localhost:(\\d+)", caddyfile.read()).group(1))))
    s.listen()
    while True:
        s.accept()[0].close()
        print("connection", file=connections, flush=True)
"""


def test_a_demo_waits_until_caddy_has_its_certificates(demo):
    stub = demo.home / "caddy"
    stub.write_text(CADDY_WITHOUT_CERTIFICATES)
    stub.chmod(0o700)
    demo.environment["PATH"] = f"{demo.home}:/usr/bin:/bin"
    demo.start_process()
    wait_until(lambda: (demo.folder / "connections").exists() and len((demo.folder / "connections").read_text().splitlines()) >= 6,
               "the demo asks Caddy again and again")
    assert "Everything runs." not in demo.said()


def test_a_demo_on_used_ports_changes_nothing(demo):
    with socket.socket() as s:
        s.bind(("127.0.0.1", demo.port + 1))
        s.listen()
        refused = demo.run("--demo", "--port", str(demo.port))
    assert refused.returncode == 1 and f"Port {demo.port + 1} is in use." in refused.stderr
    assert not demo.folder.exists()


def test_a_file_in_the_place_of_the_folder_stops_the_demo(demo):
    demo.folder.write_text("ours")
    refused = demo.run("--demo", "--port", str(demo.port))
    assert refused.returncode == 1 and "The folder doubletour-demo cannot be created or opened: Not a directory." in refused.stderr
    assert demo.folder.read_text() == "ours"


@pytest.mark.parametrize("options, status, said", [
    (("--demo", "--port", "443"), 1, "--port must be a number from 1024 to 65533."),
    (("--demo", "--port", "65534"), 1, "--port must be a number from 1024 to 65533."),
    (("--demo", "--admin", "anna"), 2, "with --demo, give no other option than --port."),
    (("--demo", "--settings", "x.env"), 2, "with --demo, give no other option than --port."),
    (("--port", "9443"), 2, "--port needs --demo."),
])
def test_wrong_options_of_the_demo_change_nothing(demo, options, status, said):
    refused = demo.run(*options)
    assert refused.returncode == status and said in refused.stderr
    assert not demo.folder.exists()
