"""packaging/fail2ban/doubletour.conf finds the addresses of refused attempts in the server's own log, and no others."""

import collections
import configparser
import os
import re
import shutil
import subprocess

import pytest

from harness import Person
from harness.server import ROOT, TIMEOUT, wait_until

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]  # about another program

FILTER = ROOT / "packaging" / "fail2ban" / "doubletour.conf"
# The Debian package starts its service, which bans addresses on this machine, so tools/deps does not install it.  These
# tests cut off the time and replace <ADDR> as fail2ban 1.0 does.  They also run fail2ban-regex, if it is installed.
ADDRESS = r"(?:(?:::f{4,6}:)?(?P<ip4>(?:\d{1,3}\.){3}\d{1,3})|\[?(?P<ip6>(?:[0-9a-fA-F]{1,4}::?|::){1,7}(?:[0-9a-fA-F]{1,4}|(?<=:):))\]?)"
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z|^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d")
FOUR, SIX, VICTIM = "198.51.100.7", "2001:db8::7", "203.0.113.66"
FORGED = f"signin.refused account=1 why=password state=none address={VICTIM}"


def found(lines):
    """Count the addresses in the lines that the filter matches."""
    parser = configparser.ConfigParser()
    parser.read(FILTER)
    expressions = [re.compile(line.replace("<ADDR>", ADDRESS)) for line in parser["Definition"]["failregex"].splitlines()]
    matches = [m for line in lines for e in expressions if (m := e.search(TIME.sub("", line)))]
    return collections.Counter(m["ip4"] or m["ip6"] for m in matches)


def found_by_fail2ban(path):
    done = subprocess.run(["fail2ban-regex", "--out", "ip", path, FILTER], capture_output=True, text=True, timeout=TIMEOUT, check=False)
    return collections.Counter(done.stdout.split())


def be_refused(server, address):
    """Send ten wrong codes and ten wrong passwords from this address; the last ones of both come during a lockout."""
    person = Person(server).full()
    headers = {"X-Forwarded-For": address, "User-Agent": FORGED, "Referer": FORGED}
    person.forget().give_password()
    for _ in range(10):
        person.visit("/verify-2fa")
        person.post("/verify-2fa", {"csrf_token": person.page.token, "otp": "000000"}, headers=headers)
    for _ in range(10):
        person.forget().visit("/login", headers=headers)
        person.post("/login", {"csrf_token": person.page.token, "username": person.name, "password": "wrong"}, headers=headers)


def imitate(server):
    """Put the forged text wherever a visitor chooses text."""
    person = Person(server)
    person.visit("/" + FORGED.replace(" ", "%20"), headers={"X-Forwarded-For": FORGED})
    person.visit("/login", headers={"X-Forwarded-For": f"{VICTIM}, {FORGED}", "User-Agent": FORGED, "X-Request-Id": FORGED})
    person.post("/login", {"csrf_token": person.page.token, "username": f"x\n{FORGED}", "password": FORGED, "next": "/" + FORGED})
    person.post("/login", {"username": FORGED, "password": "a form without a token"})
    person.visit("/login", headers={"Host": "wrong.example"})


def log_of(server, journal):
    """Return the lines of a whole run, in the form that fail2ban reads."""
    if journal:
        server.log_path.touch()
        status = os.stat(server.log_path)
        server.environment["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
    server.start()
    be_refused(server, FOUR)
    be_refused(server, SIX)
    imitate(server)
    wait_until(lambda: "wrong.example" in server.log(), "the last line is written")
    assert server.stop() == 0
    lines = server.log().splitlines()
    # journald cuts the level off; fail2ban's systemd backend, and syslog, put host and process before the line.
    return [re.sub("^<[3-7]>", "Nov 28 08:14:07 login doubletour[412]: ", line) for line in lines] if journal else lines


@pytest.mark.parametrize("journal", [False, True], ids=["text", "journal"])
def test_filter_finds_refused_attempts_and_nothing_else(make_server, tmp_path, journal):
    lines = log_of(make_server(start=False, TRUSTED_PROXIES="127.0.0.1"), journal)
    counts = found(lines)
    assert set(counts) <= {FOUR, SIX, "127.0.0.1"}, "a visitor cannot ban another address"
    assert counts[FOUR] == counts[SIX] == 20
    refused = [line for line in lines if re.search(r" (signin|prove|wait)\.refused ", line)]
    assert sum(counts.values()) == len(refused) and any("wait.refused" in line for line in refused), "the filter finds each refusal"
    if shutil.which("fail2ban-regex"):
        (tmp_path / "lines").write_text("".join(f"{line}\n" for line in lines))
        assert found_by_fail2ban(tmp_path / "lines") == counts


ROWS = [
    ("notice signin.refused account=7 why=password state=none address=192.0.2.7", "192.0.2.7", "text"),
    ('notice prove.refused request=Ab1 account=7 why="no secret" state=pending address=2001:db8::7', "2001:db8::7", "a quoted reason"),
    ("info wait.refused counter=name-address account=0 address=192.0.2.7", "192.0.2.7", "a lockout"),
    ("notice link.refused account=0 why=dead state=none address=192.0.2.7", "192.0.2.7", "a guessed link"),
    ("notice passkey.refused account=7 why=challenge-used state=none address=192.0.2.7", "192.0.2.7", "a passkey"),
    ("notice password.refused account=7 why=current state=full address=192.0.2.7", "192.0.2.7", "a wrong current password"),
    ("notice signin.passed account=7 why=asked state=none address=192.0.2.7", None, "a right password"),
    ('notice client.refused client=grafana why="client secret" address=192.0.2.7', None, "an application"),
    ("notice register.refused account=0 why=taken state=none address=192.0.2.7", None, "no guess of a secret"),
    ("notice signin.refused account=7 why=password state=none address=unix:", None, "no address"),
    ("notice signin.refused account=7 why=password state=none address=192.0.2.7 more=1", None, "the address is last"),
    (f'info request id=1 method=GET path="/ notice {FORGED}" status=404', None, "in a path"),
    (f"notice form.refused path=/login address=x notice {FORGED}", None, "after other words"),
]


@pytest.mark.parametrize("line, address, why", ROWS)
def test_filter_reads_each_form_of_a_line(line, address, why):
    wanted = {} if address is None else {address: 1}
    assert found([f"2026-11-23T08:14:07.120331Z {line}"]) == wanted, why
    assert found(["Nov 23 08:14:07 login doubletour[412]: " + line.partition(" ")[2]]) == wanted, why
    assert found(["Nov 23 08:14:07 login sshd[412]: " + line.partition(" ")[2]]) == {}, "another program"
