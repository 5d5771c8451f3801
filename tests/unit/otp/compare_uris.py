#!/usr/bin/python3
"""Builds and parses random URIs: our results equal those of PyOTP.  Prints TAP.

    compare_uris.py PROGRAM [SEED]     PROGRAM is built from uris.c

10,000 URIs of each kind; 100,000 with TORTURE (the long campaign) in the environment.

PyOTP up to 2.9 decodes the whole URI before it splits it, so it misreads names with one of `?#&%+:`.  It can build such
URIs, but not parse them (docs/reference/otp-library.md).  PyOTP 2.10 can do both.
"""

import base64
import hashlib
import os
import random
import subprocess
import sys

import pyotp

WHOLE = bool(os.environ.get("TORTURE"))
CASES = 100_000 if WHOLE else 10_000
ALGORITHMS = [hashlib.sha1, hashlib.sha256, hashlib.sha512]
READS_ALL = pyotp.parse_uri("otpauth://totp/a%3Ab?secret=" + "A" * 32).name == "a:b"  # 2.10
MISREAD = set() if READS_ALL else set("?#&%+:")
LETTERS = "abcXYZ019 ._-@+&=?#%/!'\"<>~:éñ漢字ж🔑"


class Case:
    def __init__(self, chance, plain=False):
        self.hotp = chance.random() < 0.3
        self.algorithm = chance.randrange(3) if chance.random() < 0.5 else 0
        self.digits = chance.choice([6, 7, 8]) if chance.random() < 0.5 else 6
        self.period = chance.choice([15, 30, 60, 86400]) if chance.random() < 0.5 and not self.hotp else 30
        self.counter = chance.choice([0, 1, 2**31, 2**63]) if self.hotp else 0
        self.secret = chance.randbytes(chance.choice([16, 20, 21, 32, 64, 128]))
        letters = [letter for letter in LETTERS if not plain or letter not in MISREAD]
        self.issuer = name(chance, letters) if chance.random() < 0.8 else ""
        # Without an issuer parameter we end the issuer at a colon, as most apps do; PyOTP 2.10 keeps it in the account.
        self.account = name(chance, letters if self.issuer else [letter for letter in letters if letter != ":"])

    def numbers(self):
        return f"{int(self.hotp)} {self.algorithm} {self.digits} {self.period} {self.counter} {self.secret.hex()}"

    def names(self):
        return f"{self.issuer.encode().hex() or '-'} {self.account.encode().hex()}"

    def readable(self):
        """True when PyOTP reads the names correctly too."""
        return not MISREAD & set(self.issuer + self.account)

    def theirs(self):
        kind = dict(s=base64.b32encode(self.secret).decode(), digits=self.digits, digest=ALGORITHMS[self.algorithm],
                    name=self.account, issuer=self.issuer or None)
        if self.hotp:
            return pyotp.HOTP(**kind, initial_count=self.counter)
        return pyotp.TOTP(**kind, interval=self.period)


def name(chance, letters):
    """A random name without spaces around it, because parsing drops them."""
    text = "".join(chance.choice(letters) for _ in range(chance.randint(1, 20))).strip()
    return text or "x"


def as_line(otp):
    """PyOTP's result in the format of uris.c."""
    hotp = isinstance(otp, pyotp.HOTP)
    secret = base64.b32decode(otp.secret + "=" * (-len(otp.secret) % 8))
    algorithm = [a().name for a in ALGORITHMS].index(otp.digest().name)
    period, counter = (30, otp.initial_count) if hotp else (otp.interval, 0)
    return (f"{int(hotp)} {algorithm} {otp.digits} {period} {counter} {secret.hex()}"
            f" {(otp.issuer or '').encode().hex() or '-'} {(otp.name or '').encode().hex() or '-'}")


def ask(program, lines):
    done = subprocess.run([program], input="".join(f"{line}\n" for line in lines), capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1]


def report(number, what, wrong):
    print("not ok" if wrong else "ok", number, f"- {what}")
    for row in wrong[:5]:
        print("#", " | ".join(str(part) for part in row))


def main(program, seed=None):
    seed = int(seed) if seed else random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    cases = [Case(chance) for _ in range(CASES)]
    cases += [Case(chance, plain=True) for _ in range(CASES)]
    print("1..3")

    plain = [case for case in cases if case.readable()]
    built = ask(program, [f"B {case.numbers()} {case.names()}" for case in plain])
    wrong = [(uri, as_line(pyotp.parse_uri(uri)), f"{case.numbers()} {case.names()}") for case, uri in zip(plain, built)
             if as_line(pyotp.parse_uri(uri)) != f"{case.numbers()} {case.names()}"]
    report(1, f"PyOTP parses {len(built)} URIs of ours correctly, seed {seed}", wrong)

    theirs = [case.theirs().provisioning_uri() for case in cases]
    parsed = ask(program, [f"P {uri}" for uri in theirs])
    wrong = [(uri, ours, f"{case.numbers()} {case.names()}") for case, uri, ours in zip(cases, theirs, parsed)
             if ours != f"{case.numbers()} {case.names()}"]
    report(2, f"we parse {len(theirs)} URIs of PyOTP correctly", wrong)

    wrong = [(uri, ours, as_line(pyotp.parse_uri(uri))) for case, uri, ours in zip(cases, theirs, parsed)
             if case.readable() and ours != as_line(pyotp.parse_uri(uri))]
    report(3, f"we and PyOTP parse {len(plain)} URIs with the same results", wrong)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
