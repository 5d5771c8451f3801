"""Requests of a signed-in user while 16 clients sign in without pause: rate and p99, compared with no other load."""

import contextlib
import statistics
import subprocess
import time

from bench.testbed import ROOT
from bench.measure import Limit, rates
from bench.fixtures import checks, fill, homes
from bench.signing_in import FULL_COST, posts, register

ACCOUNTS, STORMERS, WARM_SECONDS, ROUNDS = 1_000, 16, 0.3, 9


@contextlib.contextmanager
def storm(testbed, port, forms):
    """Run clients that post the sign-in form again and again, until the body ends."""
    process = subprocess.Popen(["wrk", "-t1", f"-c{STORMERS}", "-d60s", "-s", str(ROOT / "bench/load.lua"), f"http://127.0.0.1:{port}/", "--",
                                testbed.requests_file(forms)], stdout=subprocess.DEVNULL)
    try:
        time.sleep(WARM_SECONDS)
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


class Watched:
    """Measures one kind of request, without other load and in the storm; stores the p99 of each."""

    def __init__(self, testbed, port, asked, forms):
        self.testbed, self.port, self.asked, self.forms = testbed, port, asked, forms
        self.quiet_p99, self.storm_p99 = [], []

    def quiet(self):
        loaded = self.testbed.load(self.port, *self.asked)
        self.quiet_p99.append(loaded.p99_ms)
        return loaded.rate

    def in_storm(self):
        with storm(self.testbed, self.port, self.forms):
            loaded = self.testbed.load(self.port, *self.asked)
        self.storm_p99.append(loaded.p99_ms)
        return loaded.rate

    def most_ms(self):
        return max(10, 3 * statistics.median(self.quiet_p99))


def comparisons(testbed):
    server = testbed.server(**FULL_COST)
    forms = posts(server, register(server, STORMERS))
    fill(server, ACCOUNTS)
    for what, made in (("home", homes), ("check", checks)):
        watched = Watched(testbed, server.port, made(range(1, ACCOUNTS + 1)), forms)
        yield rates(f"{what}, 16 signing in", "in quiet", watched.in_storm, watched.quiet, 0.6, rounds=ROUNDS)
        yield Limit(f"{what}, 16 signing in: p99", iter(watched.storm_p99).__next__, "ms", watched.most_ms(), rounds=ROUNDS)
