"""The memory of both processes as proportional set size: shared memory counts once."""

import resource
import socket
import time

from bench.testbed import get
from bench.measure import Limit
from bench.fixtures import fill, homes
from bench.signing_in import FULL_COST, posts, register

LIVE, CONNECTIONS, AT_ONCE = 100_000, 10_000, 64
BURSTS, CLIENTS, BURST_SECONDS = 3, 8, 2
LOGIN_PAGE = get("/login", cookie="__Host-doubletour-form=" + "a" * 24)


def pss_kib(server):
    total = 0
    for pid in (server.keeper_pid(), server.web_pid()):
        with open(f"/proc/{pid}/smaps_rollup") as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
    return total


def at_rest_kib(testbed, server):
    """Measure after a short load."""
    testbed.load(server.port, LOGIN_PAGE)
    time.sleep(3)
    return pss_kib(server)


def after_bursts_mib(testbed, server):
    """Measure after several bursts of sign-ins: the memory must not grow from burst to burst."""
    forms = posts(server, register(server, CLIENTS))
    for _ in range(BURSTS):
        testbed.load(server.port, *forms, connections=CLIENTS, seconds=BURST_SECONDS)
        kib = at_rest_kib(testbed, server)
    return kib / 1024


def live_mib(testbed):
    """Measure the memory that a hundred thousand recently active users add."""
    server = testbed.server("live")
    fill(server, LIVE)
    server.restart()
    before = at_rest_kib(testbed, server)
    testbed.load(server.port, *homes(range(1, LIVE + 1)), seconds=6)
    return (pss_kib(server) - before) / 1024


def answered(port, n):
    """Return n open connections, each of which has received an answer."""
    made = [socket.create_connection(("127.0.0.1", port)) for _ in range(n)]
    for one in made:
        one.sendall(LOGIN_PAGE.encode())
    for one in made:
        assert one.recv(65536).startswith(b"HTTP/1.1 200")
    return made


def connection_kib(testbed, server):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, CONNECTIONS + 1024), hard))
    before, kept = at_rest_kib(testbed, server), []
    while len(kept) < CONNECTIONS:
        kept += answered(server.port, min(AT_ONCE, CONNECTIONS - len(kept)))
    time.sleep(3)
    after = pss_kib(server)
    for one in kept:
        one.close()
    return (after - before) / CONNECTIONS


def comparisons(testbed):
    server = testbed.server("idle")
    yield Limit("memory, idle", lambda: at_rest_kib(testbed, server) / 1024, "MiB", 12)
    hasher = testbed.server("hasher", **FULL_COST)
    yield Limit(f"memory, after {BURSTS} bursts", lambda: after_bursts_mib(testbed, hasher), "MiB", 16)
    yield Limit("memory, 100,000 live", lambda: live_mib(testbed), "MiB", 32)
    yield Limit("memory of a connection", lambda: connection_kib(testbed, server), "KiB", 1)
