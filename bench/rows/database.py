"""A node's questions to PostgreSQL compared with the same questions to SQLite, both with the disk's real syncs."""

from bench.measure import Answering, Comparison
from harness.postgres import Postgres


def comparisons(testbed):
    cluster = Postgres().start()
    testbed.callback(cluster.end)
    program = testbed.build / "bench/bench_database"
    on = {"postgres": Answering([program, cluster.new_database("bench"), testbed.home]),
          "sqlite": Answering([program, f"sqlite:///{testbed.home}/bench.sqlite", testbed.home])}

    def timed(where, what, threads, count):
        return lambda: on[where].ask(f"{what} {threads} {count}") / count / 1000

    # One round trip to PostgreSQL takes longer than SQLite's whole answer; bench/rows/check.py compares them over HTTP.
    for what, threads, count, target in (("session", 1, 2000, 12.0), ("session", 4, 4000, 16.0), ("register", 1, 40, 5.0), ("register", 4, 160, 5.0)):
        yield Comparison(f"{what}, {threads} thread{'s' if threads > 1 else ''}", "SQLite", timed("postgres", what, threads, count),
                         timed("sqlite", what, threads, count), unit="µs", target=target)
