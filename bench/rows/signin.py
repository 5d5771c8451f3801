"""A sign-in compared with its password hash, and the number of sign-ins per second when all processors hash."""

import os

from bench.measure import Answering, Comparison, rates
from bench.signing_in import FULL_COST, posts, register

ROUNDS, EACH, HASHES = 7, 20, 40


class SignIns:
    """Sign-ins by many users: each user signs in once, because a code is valid once."""

    def __init__(self, server):
        self.server = server
        self.people = iter(register(server, (ROUNDS + 1) * EACH))

    def one_ms(self):
        before = self.server.cpu_ns()
        for _ in range(EACH):
            person = next(self.people)
            person.sign_in()
            assert person.page.status == 303 and person.session, person.page.html
        return (self.server.cpu_ns() - before) / EACH / 1e6


def comparisons(testbed):
    server, cores = testbed.server(**FULL_COST), os.cpu_count()
    alone = Answering([testbed.build / "bench/bench_hash"])
    yield Comparison("a sign-in: CPU time", "its hash", SignIns(server).one_ms, lambda: alone.ask(f"cpu {HASHES}") / HASHES / 1e6, unit="ms", target=1.03, rounds=ROUNDS)
    forms = posts(server, register(server, 16))
    yield rates("sign-ins, all cores", "hashes alone", testbed.rate(server.port, *forms, connections=16, seconds=2),
                lambda: cores * HASHES / (alone.ask(f"wall {cores} {HASHES}") / 1e9), 0.95)
