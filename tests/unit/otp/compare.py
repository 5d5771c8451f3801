#!/usr/bin/python3
"""10,000 random (secret, time) pairs: our codes are those of oathtool and of PyOTP.

Use: compare.py PROGRAM [SEED]     PROGRAM reads "hexsecret seconds" and prints codes (codes.c)

oathtool prints the codes of a whole window in one call, so 100 secrets with 100 steps each make the pairs; they reach past
2038 and 2106.
"""
import random
import subprocess
import sys
import time

import pyotp
import base64

SECRETS, STEPS = 100, 100


def ours(program, pairs):
    lines = ''.join(f'{secret.hex()} {moment}\n' for secret, moment in pairs)
    return subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout.split()


def oathtool(secret, start):
    """Codes of STEPS steps from start, which is a multiple of 30."""
    now = time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime(start))
    command = ['oathtool', '--totp', f'--now={now}', f'--window={STEPS - 1}', secret.hex()]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def main(program, seed=None):
    seed = int(seed) if seed else random.SystemRandom().randrange(2 ** 32)
    chance = random.Random(seed)
    pairs, from_oathtool = [], []
    for _ in range(SECRETS):
        secret = chance.randbytes(chance.choice([16, 20, 32, 64]))
        start = chance.randrange(0, 5 * 10 ** 9) // 30 * 30
        from_oathtool += oathtool(secret, start)
        pairs += [(secret, start + 30 * i + chance.randrange(30)) for i in range(STEPS)]
    from_pyotp = [pyotp.TOTP(base64.b32encode(secret).decode()).generate_otp(moment // 30) for secret, moment in pairs]
    mine = ours(program, pairs)
    assert len(mine) == len(pairs) == SECRETS * STEPS == len(from_oathtool), (len(mine), len(from_oathtool))
    wrong = [row for row in zip(pairs, mine, from_oathtool, from_pyotp) if not row[1] == row[2] == row[3]]
    print('1..1')
    print('not ok 1' if wrong else 'ok 1', f'{len(pairs)} codes equal oathtool and PyOTP, seed {seed}')
    for row in wrong[:5]:
        print('#', row)


main(*sys.argv[1:])
