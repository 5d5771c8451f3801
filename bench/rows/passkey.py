"""A sign-in by passkey compared with one by password and code: CPU time of the keeper at the default cost of a hash."""

from bench.measure import Answering, Comparison

ROUNDS, PASSKEYS, CODES = 7, 100, 10


def comparisons(testbed):
    program = Answering([testbed.build / "bench/bench_passkey", testbed.home])

    def each_ms(what, count):
        return lambda: program.ask(f"{what} {count}") / count / 1e6

    yield Comparison("a sign-in by passkey: CPU time", "password and code", each_ms("passkey", PASSKEYS), each_ms("codes", CODES), unit="ms", target=1 / 20, rounds=ROUNDS)
