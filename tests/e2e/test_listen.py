"""Unix sockets, and sockets from another program: LISTEN_FDS has precedence over LISTEN, LISTEN over HOST and PORT."""

import contextlib
import grp
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import sys
import textwrap

import pytest

from harness import Person
from harness.proxies import LOGIN, RULES, Browser, Echo, Proxy, enter, redirect_query
from harness.server import TIMEOUT, ROOT, Server, free_port, wait_until
from harness.unix import UnixServer
from harness.visitor import Visitor, ask

pytestmark = [pytest.mark.sqlite, pytest.mark.without_postgres]
GATE = {"GATE_DOMAINS": "example.org,example.net", "ACCESS_RULES": "access.conf"}


@pytest.fixture
def make_unix(tmp_path):
    with contextlib.ExitStack() as stack:
        def make(name="server", path=None, **settings):
            server = UnixServer(tmp_path / name, path, **settings)
            stack.callback(server.end)
            return server
        yield make


def curl(server, path, *more):
    """Return status, location and body of one request, sent by curl over the server's socket."""
    done = subprocess.run(
        ["curl", "--silent", "--include", "--unix-socket", server.path, "--cookie-jar", server.home / "jar", "--cookie", server.home / "jar",
         "--header", "Accept: text/html", f"http://localhost:{server.port}{path}", *more], capture_output=True, text=True, timeout=TIMEOUT, check=True)
    head, _, body = done.stdout.partition("\n\n")
    location = re.search(r"(?im)^location: (\S+)", head)
    return int(head.split()[1]), location and location[1], body


def kill_web(server):
    """Kill the web process and wait until it is gone; its successor may not have started yet."""
    old = server.web_pid()
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{old}"), "the web process is gone")


def logs(server, words):
    """Wait for a line of the log: it is written after the event that it reports."""
    wait_until(lambda: words in server.log(), f"the log has {words}")


def token(body):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', body)[1]


# A Unix socket


def test_curl_signs_in_over_a_unix_socket(make_unix):
    server = make_unix().start()
    person = Person(server).full()
    status, _, body = curl(server, "/login")
    assert status == 200
    status, location, _ = curl(server, "/login", "--data-urlencode", f"csrf_token={token(body)}", "--data-urlencode", f"username={person.name}",
                               "--data-urlencode", f"password={person.password}")
    assert (status, location) == (303, "/verify-2fa")
    _, _, body = curl(server, location)
    status, location, _ = curl(server, "/verify-2fa", "--data-urlencode", f"csrf_token={token(body)}", "--data-urlencode", f"otp={person.fresh_code()}")
    assert status == 303 and location == "/"
    status, _, body = curl(server, "/")
    assert status == 200 and person.name in body
    logs(server, "address=unix:")


def test_unix_socket_has_mode_0660_until_the_server_ends(make_unix):
    server = make_unix().start()
    assert stat.filemode(os.stat(server.path).st_mode) == "srw-rw----"
    assert not Server.listening(server), "HOST and PORT do not count beside LISTEN"
    logs(server, f"listening=unix:{server.path}")
    assert server.stop() == 0
    assert not os.path.lexists(server.path) and not os.path.lexists(f"{server.path}.lock")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder to any group")
def test_unix_socket_belongs_to_the_group_of_a_setgid_folder(make_unix, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    os.chown(folder, -1, grp.getgrnam("www-data").gr_gid)
    folder.chmod(0o2750)
    server = make_unix(path=folder / "web.sock").start()
    assert grp.getgrgid(os.stat(server.path).st_gid).gr_name == "www-data"


def test_stale_socket_file_of_a_killed_server_is_replaced(make_unix):
    server = make_unix().start()
    os.kill(server.keeper_pid(), signal.SIGKILL)
    server.wait()
    assert stat.S_ISSOCK(os.lstat(server.path).st_mode), "nobody removed it"
    wait_until(lambda: not server.listening(), "the web process has ended too")
    server.start()
    assert Person(server).full()


def test_second_server_on_the_socket_is_refused(make_unix):
    first = make_unix().start()
    second = make_unix("second", first.path)
    second.spawn()
    assert second.wait() == 1 and "Another server listens on the Unix socket" in second.log()
    assert first.serves() and first.stop() == 0


@pytest.mark.parametrize("kind", ["file", "link"])
def test_other_files_than_sockets_stay(make_unix, kind):
    server = make_unix()
    target = server.home / "important"
    target.write_text("important")
    if kind == "file":
        target.rename(server.path)
    else:
        server.path.symlink_to(target)
    server.spawn()
    assert server.wait() == 1 and "is not a socket and was not changed" in server.log()
    assert server.path.read_text() == "important"


def test_unix_socket_in_a_missing_folder_is_refused(make_unix):
    server = make_unix()
    server.environment["LISTEN"] = f"unix:{server.home}/missing/web.sock"
    server.spawn()
    assert server.wait() == 1 and f"There is no folder {server.home}/missing" in server.log()


def test_unix_socket_outlives_the_web_process(make_unix):
    server = make_unix().start()
    person = Person(server).full()
    before = os.stat(server.path).st_ino
    for _ in range(3):
        kill_web(server)
        assert person.visit("/").status == 200, "a connection waits for the next web process"
    assert os.stat(server.path).st_ino == before
    assert server.stop() == 0


# The owner of a request


def test_peer_of_a_unix_socket_is_trusted_as_a_proxy(make_unix):
    server = make_unix(PUBLIC_URL=f"https://{LOGIN}", **GATE)
    (server.work / "access.conf").write_text(RULES)
    server.start()
    person = Visitor(server, address="192.0.2.77").full()
    assert person.visit("/account/devices").html.count("192.0.2.77") >= 1
    assert ask(server, "https://wiki.example.org/", http=person.http).status_code == 401
    assert "gate.stranger" not in server.log()


@pytest.mark.parametrize("forwarded", [None, "unix:", "not an address"])
def test_requests_without_an_address_are_served(make_unix, forwarded):
    server = make_unix(PUBLIC_URL=f"https://{LOGIN}", **GATE)
    (server.work / "access.conf").write_text(RULES)
    server.start()
    person = Visitor(server)
    person.address = forwarded
    person.full()
    assert person.visit("/account/devices").status == 200 and person.visit("/account/devices").status == 200
    assert ask(server, "https://wiki.example.org/", address=forwarded, http=person.http).status_code == 401
    assert '"address":"unix:"' in server.command("audit", "--json").stdout.replace(": ", ":")


def test_requests_without_an_address_lock_no_account(make_unix):
    server = make_unix(PUBLIC_URL=f"https://{LOGIN}").start()
    person, attacker = Visitor(server), Visitor(server)
    person.address = attacker.address = None
    person.full()
    for _ in range(10):
        assert attacker.send("/login", {"username": person.name, "password": "wrong"}).status == 422
    assert person.forget().give_password().status == 303


@pytest.mark.parametrize("kind", ["nginx", "caddy", "haproxy"])
def test_gate_works_behind_a_proxy_that_uses_the_socket(make_unix, kind):
    server = make_unix(PUBLIC_URL=f"https://{LOGIN}:{free_port()}", **GATE)
    (server.work / "access.conf").write_text(RULES)
    server.start()
    with Echo() as echo, Proxy(kind, server, echo) as proxy:
        assert str(server.path) in proxy.printed(), "the printed configuration names the socket"
        answer = Browser(proxy).get("/page?x=1")
        assert answer.status == 302 and redirect_query(proxy, answer)["rd"] == proxy.public("wiki.example.org") + "/page?x=1"
        answer = Browser(proxy).get("/login", host=LOGIN)
        assert answer.status == 200 and "csrf_token" in answer.body.decode()
        browser = enter(proxy)
        answer = browser.get("/page")
        assert answer.status == 200 and answer.seen["remote-user"] == [browser.person.name]
    logs(server, "address=127.0.0.1")  # the proxy sends the browser's address


def test_traefik_is_refused_a_unix_socket(make_unix):
    server = make_unix(PUBLIC_URL=f"https://{LOGIN}", **GATE)
    done = server.command("proxy-config", "traefik", "wiki.example.org=127.0.0.1:8080")
    assert done.returncode == 78 and "traefik does not support Unix sockets" in done.stderr


# Sockets that another program has opened


LAUNCHER = textwrap.dedent("""\
    import os, socket, sys
    kind, place, count, pid, program = sys.argv[1:]
    s = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
    os.umask(0o117)
    s.bind(place if kind == "unix" else ("127.0.0.1", int(place)))
    s.listen(16)
    if s.fileno() == 3:
        os.set_inheritable(3, True)
    else:
        os.dup2(s.fileno(), 3)
    os.environ.update(LISTEN_FDS=count, LISTEN_FDNAMES="web", LISTEN_PID=pid or str(os.getpid()))
    os.execv(program, [program, "run"])
    """)


def launch(server, kind, place, count="1", pid=""):
    """Start like systemd: descriptor 3 is the socket, and environment variables announce it."""
    with open(server.log_path, "ab") as log:
        server.process = subprocess.Popen([sys.executable, "-c", LAUNCHER, kind, str(place), count, pid, server.program], cwd=server.work,
                                          env=server.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    return server


def test_inherited_unix_socket_takes_precedence_over_listen(make_unix):
    server = make_unix()
    server.environment["LISTEN"] = f"unix:{server.home}/unused.sock"
    launch(server, "unix", server.path).until_it_serves()
    logs(server, f"listening=unix:{server.path}")
    assert not (server.home / "unused.sock").exists()
    person = Person(server).full()
    kill_web(server)
    assert person.visit("/").status == 200
    assert b"LISTEN_PID" not in pathlib.Path(f"/proc/{server.web_pid()}/environ").read_bytes()
    assert server.stop() == 0
    assert stat.S_ISSOCK(os.lstat(server.path).st_mode), "the file belongs to the program that made it"


def test_inherited_tcp_socket_takes_precedence_over_host(tmp_path):
    server = Server(tmp_path)
    port, server.port = server.port, free_port()
    try:
        launch(server, "tcp", server.port).until_it_serves()
        logs(server, f"listening=http://127.0.0.1:{server.port}")
        person = Person(server).full()
        kill_web(server)
        assert person.visit("/").status == 200
        with socket.socket() as s:
            assert s.connect_ex(("127.0.0.1", port)) != 0, "PORT does not count"
    finally:
        server.end()


@pytest.mark.parametrize("count, pid, status, words", [("2", "", 78, "2 sockets were passed"), ("many", "", 78, "LISTEN_FDS must be")])
def test_inherited_sockets_that_cannot_be_used_are_refused(make_unix, count, pid, status, words):
    server = launch(make_unix(), "unix", make_unix().home / "inherited.sock", count, pid)
    assert server.wait() == status and words in server.log()


def test_inherited_sockets_of_another_process_are_ignored(make_unix):
    server = make_unix()
    launch(server, "unix", server.home / "inherited.sock", pid="1").until_it_serves()
    logs(server, f"listening=unix:{server.path}")


# systemd


@pytest.mark.skipif(not os.path.exists("/usr/bin/systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_accepts_the_units(tmp_path):
    for name in ("doubletour.service", "doubletour.socket"):
        text = (ROOT / "packaging" / name).read_text().replace("@BINDIR@/doubletour", "/bin/true")
        (tmp_path / name).write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", tmp_path / "doubletour.socket", tmp_path / "doubletour.service"],
                          capture_output=True, text=True, timeout=TIMEOUT, env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"})
    assert done.returncode == 0 and "doubletour" not in done.stderr, done.stderr
