"""The check of one passkey's answer, compared with the password hash that it replaces (bench/assertion.c)."""

from bench.measure import Answering, Comparison

CHECKS, HASHES = 200, 4


def comparisons(testbed):
    program, alone = Answering([testbed.build / "bench/bench_assertion"]), Answering([testbed.build / "bench/bench_hash"])

    def checked(algorithm):
        return lambda: program.ask(f"{algorithm} {CHECKS}") / CHECKS / 1e3

    for algorithm in ("ES256", "EdDSA", "RS256"):
        yield Comparison(f"a passkey, {algorithm}: CPU time", "a password hash", checked(algorithm), lambda: alone.ask(f"cpu {HASHES}") / HASHES / 1e3, unit="µs", target=0.02)
