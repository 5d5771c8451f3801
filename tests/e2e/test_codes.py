"""The tests' codes are those of a real authenticator."""

import random
import subprocess

import pyotp
import pytest

from harness.codes import code_at

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]  # tests the tests' own program

VECTORS = [(59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"), (2000000000, "69279037"), (20000000000, "65353130")]


def test_codes_are_those_of_rfc_6238_appendix_b():
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # 12345678901234567890
    for timestamp, eight_digits in VECTORS:
        assert code_at(secret, timestamp) == eight_digits[2:]


def test_codes_are_those_of_oathtool_and_pyotp():
    draw = random.Random(20)
    for _ in range(20):
        secret = "".join(draw.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(32))
        timestamp = draw.randrange(2**33)
        shown = subprocess.run(["oathtool", "--totp", "-b", "--now", f"@{timestamp}", secret], capture_output=True, text=True, check=True)
        assert code_at(secret, timestamp) == shown.stdout.strip() == pyotp.TOTP(secret).at(timestamp)
