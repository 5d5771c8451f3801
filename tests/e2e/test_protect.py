"""docs/start/protect-an-application.md, followed exactly; only ports and the certificate are replaced."""

import shlex
import urllib.parse

import pytest

from harness.proxies import Echo, Proxy
from harness.server import Server, free_port, wait_until
from harness.visitor import LOGIN, Visitor
from harness.walkthrough import page_blocks

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]  # a guide

PAGE = "start/protect-an-application.md"


class FromThePage(Proxy):
    """nginx with the output of the page's own command."""

    def printed(self, *more):
        (line,) = [line for text in page_blocks(PAGE, "sh") for line in text.splitlines() if line.startswith("doubletour proxy-config")]
        command, _, target = line.partition(" > ")
        assert target == "doubletour.conf"
        words = shlex.split(command.replace("127.0.0.1:8080", f"127.0.0.1:{self.echo.port}"))[1:]
        done = self.server.command(*words, "--listen", f"127.0.0.1:{self.port}", "--certificate", self.authority.certificate, "--key", self.authority.key)
        assert done.returncode == 0, done.stderr
        return done.stdout


def test_the_guide_protects_an_application(tmp_path):
    from harness.proxies import Browser

    port = free_port()
    server = Server(tmp_path)
    settings, = page_blocks(PAGE, "env")
    (server.work / ".env").write_text(settings.replace(f"https://{LOGIN}", f"https://{LOGIN}:{port}"))
    server.environment["PUBLIC_URL"] = f"https://{LOGIN}:{port}"  # the harness reads the URL here
    commands = [line for text in page_blocks(PAGE, "sh") for line in text.splitlines()]
    assert [line.split()[1] for line in commands if line.startswith("doubletour")] == ["config", "run", "user", "proxy-config", "doctor", "gate"]
    assert server.command("config", "check").returncode == 0
    with Echo() as echo, server, FromThePage("nginx", server, echo) as proxy:
        (add,) = [line for line in commands if " user add " in line]
        link = server.command(*shlex.split(add)[1:]).stdout.strip()
        anna = Visitor(server, "anna")

        answer = Browser(proxy).get("/")  # a browser is redirected to sign-in
        assert answer.status == 302
        assert Browser(proxy).get("/", accept="*/*").status == 401  # like curl
        assert Browser(proxy).get("/", accept="application/json").status == 401
        (doctor,) = [line for line in commands if line.startswith("doubletour doctor")]
        url = shlex.split(doctor)[-1].replace("example.org/", f"example.org:{port}/")
        done = server.command("doctor", url, "--ca", proxy.authority.ca, "--connect", f"127.0.0.1:{port}", timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr

        parts = urllib.parse.urlsplit(link)
        assert parts.netloc == f"{LOGIN}:{port}"
        anna.send(parts.path + "?" + parts.query, {"password": anna.password, "confirm": anna.password})
        anna.arrive(anna.page.location)
        anna.forget().give_password()
        anna.confirm()

        query = urllib.parse.urlsplit(answer.get("Location")).query
        wiki = proxy.public("wiki.example.org") + "/"
        assert anna.follow_to("/gate?" + query) == wiki
        seen = Browser(proxy, anna).get("/").seen
        assert (seen["remote-user"], seen["remote-name"], seen["remote-groups"]) == (["anna"], ["Anna"], ["staff"])

        rules, = page_blocks(PAGE, "yaml")
        (server.work / "access.conf").write_text(rules)
        server.environment["ACCESS_RULES"] = "access.conf"
        server.restart()
        assert Browser(proxy).get("/public/x").status == 200
        wait_until(lambda: Browser(proxy, anna).get("/").status == 200, "anna is in the group staff")
        (check,) = [line for line in commands if line.startswith("doubletour gate")]
        done = server.command(*shlex.split(check)[1:])
        assert done.returncode == 0 and "anna (staff) passes." in done.stdout
