"""A refused sign-in looks the same for every reason, and costs the same work."""

import itertools
import math
import re
import socket
import statistics
import time

import pytest

from harness import Person, Server
from harness.together import form_bytes
from harness.torture import evidence, scaled

pytestmark = pytest.mark.without_asan  # measures time

SETTINGS = {"PASSWORD_SCHEME": "bcrypt", "BCRYPT_LOG_ROUNDS": "8"}  # measurable work: about 15 ms
WRONG = "a password of no account"
KNOWN, UNKNOWN = "known.person", "other.person"  # of equal length, so that only the names differ

REASONS = {
    "wrong password": {"username": KNOWN, "password": WRONG},
    "unknown name": {"username": UNKNOWN, "password": WRONG},
    "right password, unknown name": {"username": UNKNOWN, "password": "{right}"},
    "known name, password over 1,024 bytes": {"username": KNOWN, "password": "x" * 1500},
    "unknown name, password over 1,024 bytes": {"username": UNKNOWN, "password": "x" * 1500},
    "known name, password over 72 bytes": {"username": KNOWN, "password": "x" * 100},
    "known name, NUL in the password": {"username": KNOWN, "password": "{right}\0"},
    "unknown name, NUL in the password": {"username": UNKNOWN, "password": "a\0b"},
    "known name, only a NUL": {"username": KNOWN, "password": "\0"},
    "a name that no account can have": {"username": "-" * 12, "password": WRONG},
    "an over-long name": {"username": "n" * 2000, "password": WRONG},
    "known name in other letters": {"username": KNOWN.upper(), "password": WRONG},
    "a known name that is not enrolled": {"username": "half.persons", "password": WRONG},
}


@pytest.fixture(scope="module")
def known(server):
    person = Person(server, KNOWN, "trombone ivre 1741")
    person.full().forget()
    half = Person(server, "half.persons", "trombone ivre 1742")
    half.enrolling()
    return person


def refuse(person, fields):
    """Return the reply to one refused sign-in, from a browser with only the form's cookie, and its cost."""
    fields = {k: v.replace("{right}", person.password) if isinstance(v, str) else v for k, v in fields.items()}
    person.forget().server.delete_attempts()
    token = person.visit("/login").token
    began = person.server.cpu_ns()
    page = person.post("/login", {"csrf_token": token, **fields})
    return page, token, person.server.cpu_ns() - began, fields["username"]


def comparable(page, token, typed):
    """Return a reply without the parts that must differ: form token, challenge, typed name, timestamp, request id."""
    headers = {n.lower(): v for n, v in page.headers.items() if n.lower() not in ("date", "content-length", "x-request-id")}
    body = re.sub(r'data-challenge="[\w-]{75}"', "", page.html.replace(page.token, "TOKEN").replace(token, "TOKEN"))
    shown = page.field("username").get("value") or ""
    assert typed.startswith(shown) and len(shown) >= min(len(typed), 40), "the typed name stays, or as much of it as a name can have"
    return page.status, headers, body.replace(f'value="{shown}"', 'value="NAME"')


@pytest.mark.parametrize("reason", list(REASONS))
def test_every_refusal_has_the_same_status_headers_and_bytes(known, reason):
    expected = comparable(*(refuse(known, REASONS["wrong password"])[i] for i in (0, 1, 3)))
    page, token, _, typed = refuse(known, REASONS[reason])
    assert page.status == 422
    assert comparable(page, token, typed) == expected
    assert known.session is None


def test_invalid_utf8_is_refused_alike_for_every_name(known):
    """Refused before the account is looked up, so it need not cost a hash."""
    answers = [refuse(known, {"username": name, "password": b"\xff\xfe\xfd"})[0] for name in (KNOWN, UNKNOWN)]
    known_page, unknown_page = (re.sub(r"\b[0-9a-f]{16}\b", "ID", a.html.replace(a.token, "TOKEN") if "csrf_token" in a.html else a.html) for a in answers)
    assert answers[0].status == answers[1].status and 400 <= answers[0].status < 500
    assert known_page.replace(KNOWN, "NAME") == unknown_page.replace(UNKNOWN, "NAME")


def test_the_reply_length_reveals_nothing(known):
    lengths = {len(refuse(known, REASONS[r])[0].bytes) for r in ("wrong password", "unknown name", "known name, password over 1,024 bytes")}
    assert len(lengths) == 1


def test_the_right_password_is_accepted_as_a_control(known):
    known.forget().server.delete_attempts()
    known.give_password()
    assert known.page.location == "/verify-2fa"


@pytest.mark.parametrize("reason", [r for r in REASONS if r != "wrong password"])
def test_every_refusal_costs_the_work_of_a_hash(known, reason):
    """Compare medians of interleaved attempts: omitted work would make one a tenth of the other."""
    times = {"wrong password": [], reason: []}
    for _ in range(9):
        for which, taken in times.items():
            taken.append(refuse(known, REASONS[which])[2])
    usual, this = (statistics.median(t) for t in times.values())
    assert usual / 2 < this < usual * 2, f"{this / 1e6:.1f} ms of CPU time against {usual / 1e6:.1f} ms"


# The time of a reply: measured in pairs, one after the other, so that other load on the machine affects both.

PAIRS = scaled(150, 10_000)
TIMED = {
    "unknown name": {"username": UNKNOWN, "password": WRONG},
    "disabled account": {"username": "gone.personn", "password": WRONG},
    "disabled account, right password": {"username": "gone.personn", "password": "trombone ivre 1743"},
    "account that is not enrolled": {"username": "half.persons", "password": WRONG},
}


def timed(server, fields, token, cookies, path="/login"):
    request = form_bytes(server, path, {"csrf_token": token, **fields}, cookies)
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(request[:-1])
        began = time.perf_counter()
        s.sendall(request[-1:])
        received = s.recv(65536)
        return time.perf_counter() - began, received[9:12]


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A server with the lowest hash cost: the remaining time is the part that could reveal something."""
    with Server(tmp_path_factory.mktemp("quick")) as server:
        for name, password in ((KNOWN, "trombone ivre 1741"), ("half.persons", "trombone ivre 1742"), ("gone.personn", "trombone ivre 1743")):
            person = Person(server, name, password).enrolling()
            if name != "half.persons":
                person.confirm()
        server.sql("UPDATE accounts SET disabled_at_us = 1 WHERE name = 'gone.personn'")
        yield server


def apart_ms(what, longer):
    """Return the median of the differences.

    A busy machine spreads them: more are taken until chance alone can hardly make a millisecond.
    """
    taken, error_ms = [], math.inf
    while len(taken) < PAIRS or (error_ms > 0.25 and len(taken) < 10 * PAIRS):
        taken += itertools.islice(longer, PAIRS)
        apart = statistics.median(taken)
        # the standard deviation, if the differences have a normal distribution
        spread = 1.4826 * statistics.median(abs(d - apart) for d in taken)
        error_ms = 1000 * 1.2533 * spread / math.sqrt(len(taken))  # standard error of the median
    evidence(f"time, {what}", pairs=len(taken), median_apart_ms=round(1000 * apart, 4), standard_error_ms=round(error_ms, 4))
    return 1000 * apart


def differences(server, one, other):
    """Yield how much longer `other` takes, in seconds; no attempt is in a lockout."""
    person = Person(server)
    token = person.visit("/login").token
    cookies = {"doubletour-form": person.cookies["doubletour-form"]}
    for n in itertools.count():
        if n % 2 == 0:
            server.delete_attempts()
        order = (one, other) if n % 4 < 2 else (other, one)
        times = [timed(server, fields, token, cookies) for fields in order]
        assert {status for _, status in times} <= {b"422", b"429"} and len({status for _, status in times}) == 1
        yield (times[1][0] - times[0][0]) * (1 if order[0] is one else -1)


@pytest.mark.parametrize("other", list(TIMED))
def test_known_and_other_names_take_the_same_time(quick, other):
    apart = apart_ms(f"known name against {other}", differences(quick, {"username": KNOWN, "password": WRONG}, TIMED[other]))
    assert abs(apart) < 1, f"{apart:.3f} ms"


def differences_in_a_lockout(server):
    """Yield how much longer the unknown name takes, in seconds."""
    person = Person(server)
    names = (KNOWN, UNKNOWN)
    for n in itertools.count():
        if n % 100 == 0:  # a lockout lasts half a minute: begin another one
            server.delete_attempts()
            for name in names:
                for _ in range(6):
                    person.give_password(username=name, password=WRONG)
                assert person.page.status == 429
            token = person.visit("/login").token
        order = names if n % 2 == 0 else names[::-1]
        times = [timed(server, {"username": name, "password": WRONG}, token, {"doubletour-form": person.cookies["doubletour-form"]}) for name in order]
        assert {status for _, status in times} == {b"429"}
        yield (times[1][0] - times[0][0]) * (1 if order == names else -1)


def test_locked_names_take_the_same_time(quick):
    apart = apart_ms("known against unknown name during a lockout", differences_in_a_lockout(quick))
    assert abs(apart) < 1, f"{apart:.3f} ms"
