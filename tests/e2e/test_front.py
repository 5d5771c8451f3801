"""The server under attack: millions of mutated requests, thousands of slow clients, floods from unknown clients."""

import contextlib
import multiprocessing
import os
import random
import re
import resource
import selectors
import socket
import statistics
import time

import pytest

from harness import Person
from harness.server import SANITIZED, wait_until
from harness.together import Together, form_bytes
from harness.torture import LONG, SEED, evidence, scaled

REQUESTS = scaled(20_000, 1_000_000)
AT_ONCE, SILENCE = 100, 0.5
SLOW = scaled(1_000, 10_000)
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"

# Valid requests, and forms that proxies and servers have interpreted differently.
BASES = [
    "GET /login HTTP/1.1\r\nHost: {host}\r\nCookie: doubletour={token}; doubletour-form={token}; doubletour-device={token}\r\nAccept-Language: fr\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: 198.51.100.1, 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\n\r\n",
    "POST /login HTTP/1.1\r\nHost: {host}\r\n" + FORM + "Content-Length: 31\r\n\r\nusername=a&password=b&next=%2Fx",
    "POST /verify-2fa HTTP/1.1\r\nHost: {host}\r\n" + FORM + "Content-Length: 10\r\n\r\notp=123456",
    "POST /login HTTP/1.1\r\nHost: {host}\r\n" + FORM + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    "POST /login HTTP/1.1\r\nHost: {host}\r\n" + FORM + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    "POST /login HTTP/1.1\r\nHost: {host}\r\n" + FORM + "Content-Length: 6\r\nContent-Length: 5\r\n\r\na=1234",
    "POST /login HTTP/1.1\r\nHost: {host}\r\n" + FORM + "Content-Length : 6\r\n\r\na=1234GET / HTTP/1.1\r\n\r\n",
    "POST /login HTTP/1.1\r\nHost: {host}\r\n" + FORM + "Content-Length: 1\r\n 0\r\n\r\na=12345678",
    "GET http://{host}/login HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "GET /login?next=%2e%2e%2f%00&a=%zz HTTP/1.1\r\nHost: {host}\r\nIf-None-Match: *\r\nRange: bytes=0-\r\n\r\n",
    "HEAD /static/../login HTTP/1.1\r\nHost: {host}\r\nExpect: 100-continue\r\n\r\n",
    "GET /static/app.css HTTP/1.0\r\nHost: {host}\r\nConnection: keep-alive\r\nUpgrade: h2c\r\n\r\n",
    "GET /language/en?next=/register HTTP/1.1\r\nHost: {host}\r\nCookie: a=b; ; =; doubletour=\"{token}\"; doubletour=x\r\n\r\n",
    "PRI * HTTP/1.1\r\nHost: {host}\r\n\r\nSM\r\n\r\n",
]
PIECES = [
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b",", b"=", b"&", b"%", b"%00", b"%ff", b"%C0%AF", b"\x80", b"\xff", b"\xe2\x80\xae",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding:\x0bchunked\r\n", b"Content-Length: 0\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 18446744073709551616\r\n", b"Host: other.example\r\n", b"Host: [::1]:80\r\n", b"Host:\r\n", b"Connection: close\r\n",
    b"Cookie: doubletour=" + b"A" * 43 + b"\r\n", b"X-Forwarded-For: 127.0.0.1\r\n", b"X-Forwarded-For: " + b"1," * 200 + b"\r\n",
    b"Forwarded: for=127.0.0.1\r\n", b"Accept-Language: " + b"fr;q=0.5," * 100 + b"\r\n", b"A" * 300, b"username=" + b"u" * 500, b"HTTP/1.1", b"GET / HTTP/1.1\r\n",
]


def mutated(dice, host):
    """Return one to four requests in a row with random changes; the last one asks to close."""
    text = b""
    for _ in range(dice.randint(1, 4)):
        token = "".join(dice.choice("ABCabc019-_") for _ in range(43))
        request = bytearray(dice.choice(BASES).format(host=host, token=token).encode())
        for _ in range(dice.choice((0, 1, 1, 1, 2, 3, 8))):
            at = dice.randrange(len(request) + 1)
            how = dice.random()
            if how < 0.35:
                request[at:at] = dice.choice(PIECES)
            elif how < 0.6:
                request[at:at + 1] = bytes([dice.randrange(256)])
            elif how < 0.8:
                del request[at:at + dice.randint(1, 8)]
            elif how < 0.9:
                request[at:at] = request[at:at + dice.randint(1, 60)]
            else:
                del request[at:]
        text += request
    return text


class Flight:
    """One connection: the bytes still to send, and the bytes received."""

    def __init__(self, port, text, dice):
        self.text, self.received, self.last = text, b"", time.monotonic()
        cut = dice.randrange(len(text) + 1) if dice.random() < 0.3 else len(text)
        self.parts = [part for part in (text[:cut], text[cut:]) if part]
        self.socket = socket.socket()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", port))

    def move(self, events):
        """Send and receive; return False at the end of the connection."""
        self.last = time.monotonic()
        try:
            if events & selectors.EVENT_WRITE and self.parts:
                sent = self.socket.send(self.parts[0])
                self.parts[0] = self.parts[0][sent:]
                self.parts = [p for p in self.parts if p]
            if events & selectors.EVENT_READ:
                more = self.socket.recv(65536)
                self.received += more
                return more != b""
        except OSError:
            return False  # refused before all bytes were sent
        return True


def bombard(port, count, seed, results):
    """Send that many requests over some connections at once; give up connections that stay silent for a short time."""
    dice = random.Random(seed)
    statuses, sent, strange = {}, 0, []
    waiting = selectors.DefaultSelector()

    def land(flight):
        waiting.unregister(flight.socket)
        flight.socket.close()
        for status in STATUS.findall(flight.received):
            statuses[status] = statuses.get(status, 0) + 1
            if status >= b"500" and len(strange) < 5:
                strange.append((flight.text, status))

    while sent < count or waiting.get_map():
        while sent < count and len(waiting.get_map()) < AT_ONCE:
            flight = Flight(port, mutated(dice, f"127.0.0.1:{port}"), dice)
            sent += max(1, flight.text.count(b" HTTP/1"))
            waiting.register(flight.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, flight)
        for key, events in waiting.select(0.05):
            flight = key.data
            if not flight.move(events):
                land(flight)
            elif not flight.parts and key.events & selectors.EVENT_WRITE:
                waiting.modify(flight.socket, selectors.EVENT_READ, flight)
        now = time.monotonic()
        for key in [k for k in waiting.get_map().values() if now - k.data.last > SILENCE]:
            land(key.data)
    results.put((sent, statuses, strange))


def memory(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])


def bombard_with(server, count, seed):
    results = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=bombard, args=(server.port, count // 2, seed + n, results)) for n in range(2)]
    for w in workers:
        w.start()
    total, statuses, strange = 0, {}, []
    for _ in workers:
        sent, some, odd = results.get(timeout=3600)
        total += sent
        strange += odd
        for status, n in some.items():
            statuses[status.decode()] = statuses.get(status.decode(), 0) + n
    for w in workers:
        w.join()
    return total, dict(sorted(statuses.items())), strange


@pytest.mark.without_postgres
def test_mutated_requests_get_no_5xx_no_crash_and_no_growth(make_server):
    server = make_server()
    # The first load allocates the memory that the server always needs.
    warm, _, _ = bombard_with(server, 4_000, SEED)
    pids, before = (server.keeper_pid(), server.web_pid()), (memory(server.keeper_pid()), memory(server.web_pid()))
    total, statuses, strange = bombard_with(server, REQUESTS, SEED + 1000)
    assert strange == [], f"TORTURE_SEED={SEED}"
    assert pids == (server.keeper_pid(), server.web_pid()), "neither process died"
    after = (memory(server.keeper_pid()), memory(server.web_pid()))
    grown = [a - b for a, b in zip(after, before)]
    if not SANITIZED:  # sanitizers keep freed memory for a while
        assert max(grown) < 6 * 1024, f"grown by {grown} KiB"
    assert Person(server).full().visit("/").status == 200
    evidence("mutated requests", requests=total, answers=statuses, keeper_grown_KiB=grown[0], web_grown_KiB=grown[1])


@pytest.mark.without_postgres
def test_a_request_may_be_cut_at_every_byte(server):
    """Cut two requests at each byte: the replies are the same as without a cut."""
    host = f"127.0.0.1:{server.port}"
    text = (f"GET /robots.txt HTTP/1.1\r\nHost: {host}\r\n\r\n"
            f"POST /verify-2fa HTTP/1.1\r\nHost: {host}\r\n{FORM}Content-Length: 10\r\nConnection: close\r\n\r\notp=123456").encode()
    wanted = [b"200", b"303"]
    for cut in range(len(text) + 1):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.sendall(text[:cut])
            if cut % 16 == 0:
                time.sleep(0.002)  # lets the server read the first part alone
            s.sendall(text[cut:])
            received = b""
            while more := s.recv(65536):
                received += more
        assert STATUS.findall(received) == wanted, f"cut at {cut}"


def seconds_to_sign_in(person):
    """Measure one sign-in and the next page."""
    person.server.clock.advance(90)
    began = time.monotonic()
    assert person.forget().sign_in().location == "/"
    assert person.visit("/").status == 200
    return time.monotonic() - began


@pytest.mark.without_postgres
def test_sign_in_works_beside_thousands_of_slow_clients(make_server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    slow = min(SLOW, hard - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, slow + 500), hard))
    server = make_server()
    alice = Person(server).full()
    quiet = statistics.median(seconds_to_sign_in(alice) for _ in range(10))
    dawdlers = []
    try:
        for n in range(slow):
            s = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            s.sendall((b"GET /login HTTP/1.1\r\nHost: local", b"POST /login HTTP/1.1\r\nContent-Length: 9000\r\n\r\na=", b"G", b"")[n % 4])
            dawdlers.append(s)
        busy = []
        for n in range(scaled(20, 200)):
            busy.append(seconds_to_sign_in(alice))
            for s in dawdlers[n % 50::50]:
                try:
                    s.sendall(b"x")
                except OSError:
                    pass
        assert statistics.median(busy) < 5 * quiet, f"{statistics.median(busy):.3f} s, and without them {quiet:.3f} s"

        def cut():
            """Return the number of clients whose connections were closed."""
            return sum(_is_closed(s) for s in dawdlers)

        if LONG:  # test_http_limits.py tests one such client
            wait_until(lambda: cut() == slow, "the server closes all of them", 60)
        evidence("slow clients", connections=slow, sign_ins_meanwhile=len(busy), times_as_long=round(statistics.median(busy) / quiet, 2), closed_by_the_server=cut())
    finally:
        for s in dawdlers:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _is_closed(s):
    try:
        s.setblocking(False)
        while data := s.recv(4096):
            pass
        return data == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


# One client that uses all resources

GREEDY, OTHERS = "127.0.0.2", ["127.0.0.3", "127.0.0.4", "127.0.0.5"]
ASKED = scaled(81, 2_000)
WANTS = {
    "says nothing": "",
    "begins a request": "GET /login HTTP/1.1\r\nHost: local",
    "begins a form": "POST /login HTTP/1.1\r\nHost: {host}\r\n" + FORM + "Content-Length: 9000\r\n\r\nusername=",
    "keeps what was answered": "GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "takes no answer": "GET /login HTTP/1.1\r\nHost: {host}\r\n\r\n" * 200,
}


def connect_from(address, port):
    s = socket.socket()
    s.setblocking(False)
    s.bind((address, 0))
    s.connect_ex(("127.0.0.1", port))
    return s


def take_everything(port, count, text, reads, ready, over):
    """Keep that many connections from one address open until `over` is set; reopen each one that closes."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    waiting = selectors.DefaultSelector()

    def open_one():
        waiting.register(connect_from(GREEDY, port), selectors.EVENT_WRITE)

    def close_one(s):
        waiting.unregister(s)
        s.close()

    def move(key, events):
        """Send and receive; return False when the connection has closed."""
        try:
            if events & selectors.EVENT_WRITE:
                key.fileobj.send(text)
                waiting.modify(key.fileobj, selectors.EVENT_READ)
            return not (events & selectors.EVENT_READ and reads) or key.fileobj.recv(65536) != b""
        except OSError:
            return False

    for _ in range(count):
        open_one()
    rounds = 0
    while not over.is_set():
        for key, events in waiting.select(0.05):
            if not move(key, events):
                close_one(key.fileobj)
                open_one()
        rounds += 1
        if rounds == 5:
            ready.set()
    for key in list(waiting.get_map().values()):
        close_one(key.fileobj)


def ask_from(address, server, path="/healthz"):
    """Return the status of one request on a new connection; None without a reply."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30, source_address=(address, 0)) as s:
        try:
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n".encode())
            status = STATUS.match(s.recv(65536))
        except OSError:
            return None
    return status and int(status[1])


@contextlib.contextmanager
def everything_taken(server, count, what):
    ready, over = multiprocessing.Event(), multiprocessing.Event()
    text = WANTS[what].format(host=f"127.0.0.1:{server.port}").encode()
    greedy = multiprocessing.Process(target=take_everything, args=(server.port, count, text, what != "takes no answer", ready, over))
    greedy.start()
    try:
        assert ready.wait(120), "the greedy client has its connections"
        yield
    finally:
        over.set()
        greedy.join()


def with_descriptors(server, limit):
    """Start the server with a limit of descriptors, as a shell does."""
    wrapper = server.home / "few-descriptors"
    wrapper.write_text(f'#!/bin/sh\nulimit -n {limit}\nexec {server.program} "$@"\n')
    wrapper.chmod(0o755)
    server.program = str(wrapper)
    return server.start()


def everybody_is_answered(server, connections, what):
    alice = Person(server).full()
    with everything_taken(server, connections, what):
        statuses = [ask_from(OTHERS[n % len(OTHERS)], server) for n in range(ASKED)]
        signed_in = [alice.visit("/").status for _ in range(10)]
    assert statuses == [200] * ASKED
    assert signed_in == [200] * 10
    return statuses


@pytest.mark.without_postgres
@pytest.mark.parametrize("what", [pytest.param(what, marks=pytest.mark.whole if what == "takes no answer" else ()) for what in WANTS])
def test_few_descriptors_are_shared_beside_a_greedy_address(make_server, what):
    server = with_descriptors(make_server(start=False), 900)
    wait_until(lambda: re.search(r"web\.connections.*\b8\d\d\b", server.log()), "the log has the number of connections")
    everybody_is_answered(server, 1_100, what)


@pytest.mark.without_postgres
@pytest.mark.skipif(not LONG, reason="tools/torture front")
@pytest.mark.parametrize("what", WANTS)
def test_all_connections_are_shared_beside_a_greedy_address(make_server, what):
    answers = everybody_is_answered(make_server(), 12_600, what)
    evidence(f"one address that {what} on 12,600 connections", asked=len(answers), answered=answers.count(200))


def test_anonymous_requests_write_no_row(server):
    tables = server.tables()

    def rows():
        return {t: server.sql(f"SELECT count(*) FROM {t}") for t in tables}

    before = rows()
    anonymous = Person(server)
    for n in range(scaled(300, 20_000)):
        anonymous.cookies = {"doubletour": os.urandom(32).hex()[:43], "doubletour-form": os.urandom(20).hex(), "doubletour-device": os.urandom(32).hex()[:43]}
        anonymous.visit(("/login", "/register", "/", "/verify-2fa", "/setup-2fa", "/set-password?link=x", "/logout", "/account")[n % 8])
    for path in ("/login", "/register", "/verify-2fa", "/logout"):
        anonymous.post(path, {"csrf_token": "forged", "username": "a", "password": "b"})
    assert rows() == before


@pytest.mark.without_postgres
def test_one_flooding_address_does_not_block_others(make_server):
    server = make_server(TRUSTED_PROXIES="127.0.0.1", HASH_THREADS=1, PASSWORD_SCHEME="bcrypt", BCRYPT_LOG_ROUNDS=10)
    greedy, alice = Person(server), Person(server).full()
    greedy.register()
    alice.forget()
    token = greedy.forget().visit("/login").token
    form = form_bytes(server, "/login", {"csrf_token": token, "username": greedy.name, "password": greedy.password}, greedy.cookies,
                      {"X-Forwarded-For": "198.51.100.1"})
    her = {"csrf_token": alice.visit("/login").token, "username": alice.name, "password": alice.password}
    flight = Together(server, [form] * 60).send()
    page = alice.post("/login", her, headers={"X-Forwarded-For": "203.0.113.9"})
    statuses = [a.status for a in flight.wait()]
    assert page.status == 303, "the sign-in waits for the floods of others, and succeeds"
    assert statuses.count(503) > 30 and set(statuses) <= {303, 503}, statuses
