"""CPU time of OpenID Connect in the keeper: a signature compared with a code exchange, and that with a sign-in."""

from bench.measure import Answering, Comparison

ROUNDS, SIGNATURES, EXCHANGES, SIGN_INS = 7, 100, 50, 10


def comparisons(testbed):
    program = Answering([testbed.build / "bench/bench_passkey", testbed.home])

    def each_ms(what, count):
        return lambda: program.ask(f"{what} {count}") / count / 1e6

    signature, exchange = each_ms("RS256", SIGNATURES), each_ms("tokens", EXCHANGES)
    yield Comparison("an ID token of RS256: CPU time", "the whole exchange of a code", signature, exchange, unit="ms", target=1, rounds=ROUNDS)
    yield Comparison("the exchange of a code for tokens: CPU time", "password and code", exchange, each_ms("codes", SIGN_INS), unit="ms", target=1 / 20, rounds=ROUNDS)
    for algorithm in ("ES256", "EdDSA"):
        yield Comparison(f"an ID token of {algorithm}: CPU time", "RS256", each_ms(algorithm, SIGNATURES), signature, unit="ms", target=1 / 4, rounds=ROUNDS)
