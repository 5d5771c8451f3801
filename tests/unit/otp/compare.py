#!/usr/bin/python3
"""Compares our codes with those of oathtool and PyOTP for random (secret, time) pairs.  Prints TAP.

    compare.py PROGRAM [SEED]     PROGRAM is built from codes.c

oathtool prints the codes of a whole window in one call, so each secret gets 100 steps.  `make test` uses 100 secrets.
With TORTURE (the long campaign) it is 1,000.  The times reach past 2038 and 2106.
The first half has the server's parameters (SHA-1, 6 digits, 30 seconds); the rest has random parameters.
"""

import base64
import hashlib
import os
import random
import subprocess
import sys
import time

import pyotp

WHOLE = bool(os.environ.get("TORTURE"))
SECRETS, STEPS = 1000 if WHOLE else 100, 100
ALGORITHMS = ["sha1", "sha256", "sha512"]


class Kind:
    """A secret and the parameters of its codes."""

    def __init__(self, chance, usual):
        self.secret = chance.randbytes(chance.choice([16, 20, 21, 32, 63, 64, 65, 127, 128]))
        self.algorithm = "sha1" if usual else chance.choice(ALGORITHMS)
        self.digits = 6 if usual else chance.choice([6, 7, 8])
        self.period = 30 if usual else chance.choice([1, 15, 30, 60, 86400])
        self.start = chance.randrange(0, 5 * 10**9) // self.period * self.period

    def timestamps(self, chance):
        return [self.start + self.period * i + chance.randrange(self.period) for i in range(STEPS)]

    def line(self, timestamp):
        """A line for codes.c."""
        return f"{ALGORITHMS.index(self.algorithm)} {self.digits} {self.period} {self.secret.hex()} {timestamp}\n"

    def oathtool(self):
        now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.start))
        command = ["oathtool", f"--totp={self.algorithm}", f"--digits={self.digits}", f"--time-step-size={self.period}s",
                   f"--now={now}", f"--window={STEPS - 1}", self.secret.hex()]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    def pyotp(self, timestamp):
        text = base64.b32encode(self.secret).decode()
        totp = pyotp.TOTP(text, digits=self.digits, digest=getattr(hashlib, self.algorithm), interval=self.period)
        return totp.generate_otp(timestamp // self.period)


def main(program, seed=None):
    seed = int(seed) if seed else random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    kinds = [Kind(chance, usual=i < SECRETS // 2) for i in range(SECRETS)]
    pairs = [(kind, timestamp) for kind in kinds for timestamp in kind.timestamps(chance)]
    given = "".join(kind.line(timestamp) for kind, timestamp in pairs)
    ours = subprocess.run([program], input=given, capture_output=True, text=True, check=True).stdout.split()
    oathtool = [code for kind in kinds for code in kind.oathtool()]
    assert len(ours) == len(oathtool) == len(pairs) == SECRETS * STEPS, (len(ours), len(oathtool), len(pairs))

    print("1..2")
    for number, (name, theirs) in enumerate(
        [("oathtool", oathtool), ("PyOTP", [kind.pyotp(timestamp) for kind, timestamp in pairs])], 1
    ):
        wrong = [row for row in zip(pairs, ours, theirs) if row[1] != row[2]]
        print("not ok" if wrong else "ok", number, f"- {len(pairs)} codes equal those of {name}, seed {seed}")
        for (kind, timestamp), our, their in wrong[:5]:
            print(f"# {kind.line(timestamp).strip()}: ours {our}, theirs {their}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
