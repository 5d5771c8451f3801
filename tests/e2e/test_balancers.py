"""Nodes behind nginx and HAProxy with the exact configuration of docs/guides/many-nodes.md.

Only names, ports and the certificate are replaced.
"""

import os
import pathlib
import secrets
import signal
import subprocess

import pytest

from harness import Person, Server
from harness.certificates import Authority
from harness.server import free_port, wait_until
from harness.walkthrough import page_blocks

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]  # about other programs


def from_the_page(kind):
    (text,) = page_blocks("guides/many-nodes.md", kind)
    return text


class Front:
    """The nodes behind the balancer, as a browser sees them."""

    def __init__(self, port, clock, certificate):
        self.port, self.clock, self.certificate = port, clock, certificate
        self.origin = f"https://localhost:{port}"

    def person(self, **more):
        one = Person(self, **more)
        one.http.verify = str(self.certificate.ca)
        return one


@pytest.fixture
def certificate(tmp_path):
    return Authority(tmp_path, ["localhost"])


def nginx(home, certificate, port, nodes):
    text = from_the_page("nginx")
    for old, new in (("listen 443", f"listen 127.0.0.1:{port}"), ("login.example.org;", "localhost;"), ("/etc/ssl/login.example.org.pem", certificate.certificate),
                     ("/etc/ssl/login.example.org.key", certificate.key), ("node1.example.org:5000", f"127.0.0.1:{nodes[0].port}"),
                     ("node2.example.org:5000", f"127.0.0.1:{nodes[1].port}")):
        assert old in text, old
        text = text.replace(old, str(new))
    folders = "".join(f"{kind}_temp_path {home}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (home / "conf").write_text(f"daemon off; master_process off; pid {home}/pid; error_log {home}/error; events {{}}\n"
                               f"http {{ access_log off; {folders}\n{text} }}\n")
    return ["/usr/sbin/nginx", "-p", str(home), "-e", f"{home}/error", "-c", f"{home}/conf"]


def haproxy(home, certificate, port, nodes):
    text = from_the_page("haproxy")
    for old, new in (("bind :443", f"bind 127.0.0.1:{port}"), ("/etc/ssl/login.example.org.pem", certificate.both),
                     ("node1.example.org:5000", f"127.0.0.1:{nodes[0].port}"), ("node2.example.org:5000", f"127.0.0.1:{nodes[1].port}")):
        assert old in text, old
        text = text.replace(old, str(new))
    (home / "conf").write_text(text)
    return ["/usr/sbin/haproxy", "-db", "-f", f"{home}/conf"]


@pytest.mark.parametrize("balancer", [nginx, haproxy])
def test_users_notice_no_node_change_and_no_node_failure(postgres, tmp_path, certificate, balancer):
    url, key, port = postgres.new_database(), secrets.token_hex(32), free_port()
    nodes = [Server(tmp_path / f"node{n}", DATABASE_URL=url, SECRET_KEY=key, PUBLIC_URL=f"https://localhost:{port}", TRUSTED_PROXIES="127.0.0.1")
             for n in range(2)]
    home = tmp_path / "balancer"
    home.mkdir()
    nodes[1].clock = nodes[0].clock
    nodes[1].environment["DOUBLETOUR_TEST_CLOCK"] = str(nodes[0].clock.path)
    process = None
    try:
        for one in nodes:
            one.start()
        with open(home / "log", "wb") as log:
            process = subprocess.Popen(balancer(home, certificate, port, nodes), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        front = Front(port, nodes[0].clock, certificate)
        wait_until(lambda: _answers(front, process, home), "the balancer answers")
        people = [front.person() for _ in range(4)]
        for person in people:
            person.full()
            person.forget().sign_in()
            assert person.visit("/").status == 200
        served = [one.log().count("path=/verify-2fa") for one in nodes]
        assert min(served) > 0, f"both nodes served requests: {served}"
        os.kill(nodes[0].keeper_pid(), signal.SIGKILL)
        wait_until(lambda: all(_status(person) == 200 for person in people), "the other node still serves")
        late = front.person()
        wait_until(lambda: _signs_in(late), "and registers new users")
    finally:
        if process is not None:
            process.terminate()
            process.wait(30)
        for one in nodes:
            one.end()


def _answers(front, process, home):
    assert process.poll() is None, "".join(path.read_text() for path in pathlib.Path(home).iterdir() if path.name in ("log", "error"))
    return _status(front.person(), "/login") == 200


def _status(person, path="/"):
    try:
        return person.visit(path).status
    except (AssertionError, KeyError, OSError):  # the balancer's own reply, or no reply
        return 0


def _signs_in(person):
    try:
        return person.forget().full().visit("/").status == 200
    except (AssertionError, KeyError, OSError):
        person.name = "again-" + secrets.token_hex(4)
        return False
