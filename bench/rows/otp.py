"""One code from a prepared key, compared with liboath, which prepares it for each code (bench/otp.c)."""

from bench.measure import Comparison, Answering

CODES = 50_000


def comparisons(testbed):
    program = Answering([testbed.build / "bench/bench_otp"])

    def timed(name):
        return lambda: program.ask(f"{name} {CODES}") / CODES

    yield Comparison("code, TOTP SHA-1", "liboath", timed("our-totp"), timed("their-totp"), unit="ns", target=0.7)
    yield Comparison("code, HOTP SHA-1", "liboath", timed("our-hotp"), timed("their-hotp"), unit="ns", target=0.7)
