"""A home page and a check at the gate with a million accounts, factors and sessions in the database, compared with a
thousand; and the time until each server answers.
"""

import socket
import time

from bench.testbed import get
from bench.measure import Limit, rates
from bench.fixtures import checks, fill, homes

FEW, MANY = 1_000, 1_000_000
ACTIVE = {FEW: range(1, FEW + 1), MANY: range(1, MANY, MANY // FEW)}  # a thousand users in both


def start_ms(server):
    """Return the milliseconds from the start of the program to its first answer."""
    server.end()
    began = time.perf_counter()
    server.spawn()
    while True:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", server.port)) == 0:
                client.sendall(get("/healthz").encode())
                answer = client.recv(65536)
                break
        time.sleep(0.0005)
    took = time.perf_counter() - began
    assert answer.startswith(b"HTTP/1.1 200")
    return took * 1000


def comparisons(testbed):
    few, many, empty = testbed.server("few"), testbed.server("many"), testbed.server("empty")
    fill(few, FEW)
    fill(many, MANY)
    for what, made in (("home", homes), ("check", checks)):
        yield rates(f"{what}, 1,000,000 people", "with 1,000", testbed.rate(many.port, *made(ACTIVE[MANY])), testbed.rate(few.port, *made(ACTIVE[FEW])), 0.8)
    yield Limit("start to first answer", lambda: start_ms(empty), "ms", 50, rounds=9)
    yield Limit("start with 1,000,000", lambda: start_ms(many), "ms", 100, rounds=9)
