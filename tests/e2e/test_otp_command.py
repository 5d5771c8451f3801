"""doubletour otp: codes, secrets, URIs and QR codes, compared with oathtool, PyOTP and zbarimg."""

import base64
import collections
import fcntl
import hashlib
import hmac
import io
import json
import os
import pathlib
import pty
import random
import re
import select
import signal
import stat
import struct
import subprocess
import termios
import time
import urllib.parse

import pyotp
import pytest
from PIL import Image

from harness import PROGRAM

pytestmark = pytest.mark.without_postgres

ROOT = pathlib.Path(__file__).resolve().parents[2]
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # 12345678901234567890
RFC_HOTP = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split()  # RFC 4226, appendix D
COMMANDS = ("generate", "verify", "secret", "uri", "parse", "qr", "migration")
READERS = ("generate", "verify", "uri", "parse", "qr", "migration")
KEPT = ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")
ENVIRONMENT = {name: os.environ[name] for name in KEPT if name in os.environ}
# Required arguments of a command.
NEEDED = {"verify": ("123456",), "uri": ("--account", "ann")}

Done = collections.namedtuple("Done", "code out err")


@pytest.fixture
def otp(tmp_path):
    """Run `doubletour otp` in an empty folder: otp(["generate"], "SECRET")."""

    def run(arguments, text="", binary=False):
        given = text if isinstance(text, bytes) else text.encode()
        done = subprocess.run(
            [PROGRAM, "otp", *arguments], input=given, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, timeout=60
        )
        return Done(done.returncode, done.stdout if binary else done.stdout.decode(), done.stderr.decode())

    return run


def lines_of(done):
    assert done.code == 0, done.err
    assert done.err == ""
    return done.out.splitlines()


def line_of(done):
    (line,) = lines_of(done)
    return line


def json_of(done):
    return json.loads(line_of(done))


def is_refused(done, code, sentence=""):
    """Check the status, the empty standard output and the one sentence on standard error."""
    assert done.code == code, done
    assert done.out == ""
    assert len(done.err.splitlines()) == 1, done.err
    assert done.err.startswith("doubletour: ")
    assert sentence in done.err


def base32(secret):
    return base64.b32encode(secret).decode().rstrip("=")


# --- generate ---------------------------------------------------------------------------------------------------------

SEED = b"1234567890" * 7
RFC_TOTP = [  # RFC 6238, appendix B
    (59, "94287082 46119246 90693936"),
    (1111111109, "07081804 68084774 25091201"),
    (1111111111, "14050471 67062674 99943326"),
    (1234567890, "89005924 91819424 93441116"),
    (2000000000, "69279037 90698825 38618901"),
    (20000000000, "65353130 77737706 47863826"),
]


@pytest.mark.parametrize("moment, codes", RFC_TOTP)
def test_codes_are_those_of_rfc_6238(otp, moment, codes):
    for algorithm, size, code in zip(("SHA1", "SHA256", "sha-512"), (20, 32, 64), codes.split()):
        options = ["--hex", "--digits", "8", "--algorithm", algorithm, "--time", f"@{moment}"]
        assert line_of(otp(["generate", *options], SEED[:size].hex())) == code


def test_counted_codes_are_those_of_rfc_4226(otp):
    assert lines_of(otp(["generate", "--hotp", "--counter", "0", "--count", "10"], RFC_SECRET)) == RFC_HOTP


def test_codes_in_time_are_those_of_oathtool_and_pyotp(otp):
    draw = random.Random(4226)
    for _ in range(40):
        name, digits, period = draw.choice(["sha1", "sha256", "sha512"]), draw.randrange(6, 9), draw.choice([30, 60, 7])
        secret, moment = base32(draw.randbytes(draw.randrange(16, 65))), draw.randrange(2**34)
        options = ["--algorithm", name, "--digits", str(digits), "--period", str(period), "--time", f"@{moment}"]
        shown = line_of(otp(["generate", *options], secret))
        other = ["oathtool", f"--totp={name}", "-b", "-d", str(digits), "-s", str(period), "--now", f"@{moment}", secret]
        assert shown == subprocess.run(other, capture_output=True, text=True, check=True).stdout.strip()
        assert shown == pyotp.TOTP(secret, digits, getattr(hashlib, name), interval=period).at(moment)


def test_counted_codes_are_those_of_oathtool_and_pyotp(otp):
    draw = random.Random(6238)
    for _ in range(20):
        digits, counter, secret = draw.randrange(6, 9), draw.randrange(2**63), base32(draw.randbytes(20))
        options = ["--hotp", "--counter", str(counter), "--digits", str(digits)]
        shown = line_of(otp(["generate", *options], secret))
        other = ["oathtool", "--hotp", "-b", "-c", str(counter), "-d", str(digits), secret]
        assert shown == subprocess.run(other, capture_output=True, text=True, check=True).stdout.strip()
        assert shown == pyotp.HOTP(secret, digits).at(counter)


@pytest.mark.parametrize(
    "typed, options",
    [
        (RFC_SECRET.lower(), ()),
        ("GEZD GNBV-GY3T QOJQ GEZD GNBV GY3T QOJQ\r\n", ()),
        ("\n  " + RFC_SECRET + "\n\n", ()),
        ("3132333435363738393031323334353637383930", ("--hex",)),
        ("31:32:33:34:35:36:37:38:39:30 3132333435 3637383930", ("--hex",)),
    ],
)
def test_a_secret_may_contain_spaces_and_lower_case(otp, typed, options):
    assert line_of(otp(["generate", "--time", "@59", *options], typed)) == "287082"


def test_uri_parameters_override_the_defaults(otp):
    secret = pyotp.random_base32()
    totp = pyotp.TOTP(secret, 8, hashlib.sha256, name="ann", issuer="Shop", interval=45)
    hotp = pyotp.HOTP(secret, 7, name="ann", issuer="Shop")
    assert line_of(otp(["generate", "--time", "@1700000000"], totp.provisioning_uri())) == totp.at(1700000000)
    assert line_of(otp(["generate"], hotp.provisioning_uri(initial_count=5))) == hotp.at(5)
    assert line_of(otp(["generate", "--counter", "9"], hotp.provisioning_uri(initial_count=5))) == hotp.at(9)


@pytest.mark.parametrize("option", ["--hex", "--hotp", "--steam", "--algorithm=SHA1", "--digits=6", "--period=30"])
def test_an_option_beside_a_uri_that_says_the_same_is_refused(otp, option):
    uri = pyotp.TOTP(RFC_SECRET, name="ann").provisioning_uri()
    is_refused(otp(["generate", option], uri), 2, option.split("=")[0])


@pytest.mark.parametrize(
    "typed, moment",
    [
        ("@0", 0),
        ("1970-01-01T00:00:59Z", 59),
        ("2033-05-18T03:33:20Z", 2000000000),
        ("2033-05-18t03:33:20.999z", 2000000000),
        ("2033-05-18 05:33:20+02:00", 2000000000),
        ("2033-05-17T22:03:20-05:30", 2000000000),
        ("2024-02-29T12:00:00Z", 1709208000),
        ("2016-12-31T23:59:60Z", 1483228800),
        ("2106-02-07T06:28:16Z", 2**32),
        ("9999-12-31T23:59:59Z", 253402300799),
    ],
)
def test_a_time_is_rfc_3339_or_seconds(otp, typed, moment):
    shown = json_of(otp(["generate", "--json", "--period", "1", "--time", typed], RFC_SECRET))
    assert shown["step"] == moment
    assert shown["code"] == pyotp.TOTP(RFC_SECRET, interval=1).at(moment)


@pytest.mark.parametrize(
    "typed",
    ["", "now", "@", "@x", "@1.5", "@9999999999999999999", "2030-01-31", "2030-01-31T12:00:00", "2030-02-30T12:00:00Z"]
    + ["2030-02-30T23:59:60Z", "2030-13-01T00:00:00Z", "2030-1-31T12:00:00Z", "2030-01-31T24:00:00Z"]
    + ["2030-01-31T12:00:00.Z", "2030-01-31T12:00:00+0100", "2030-01-31T12:00:00Zulu", "2030-01-31T12:60:00Z"],
)
def test_another_time_is_refused(otp, typed):
    is_refused(otp(["generate", "--time", typed], RFC_SECRET), 2, "--time takes a time such as")


def test_the_current_code_follows_the_clock(otp):
    before = int(time.time())
    shown = line_of(otp(["generate"], RFC_SECRET))
    steps = range(before // 30, int(time.time()) // 30 + 1)
    assert shown in [pyotp.HOTP(RFC_SECRET).at(step) for step in steps]


def test_offset_start_and_count_choose_the_step(otp):
    codes = [pyotp.HOTP(RFC_SECRET).at(step) for step in range(10)]
    at_step_5 = ["generate", "--time", "@1150", "--start", "@1000"]
    assert line_of(otp(at_step_5, RFC_SECRET)) == codes[5]
    assert line_of(otp([*at_step_5, "--offset", "-5"], RFC_SECRET)) == codes[0]
    assert lines_of(otp([*at_step_5, "--offset", "-1", "--count", "4"], RFC_SECRET)) == codes[4:8]
    is_refused(otp([*at_step_5, "--offset", "-6"], RFC_SECRET), 1, "before the start")
    is_refused(otp(["generate", "--time", "@999", "--start", "@1000"], RFC_SECRET), 1, "before the start")


def test_verbose_and_json_print_step_and_remaining_time(otp):
    options = ["generate", "--time", "@1781490013", "--count", "2"]
    first, second = lines_of(otp([*options, "--verbose"], RFC_SECRET))
    assert first[6:] == "  step 59383000, from 2026-06-15T02:20:00Z, 17 s left"
    assert second[6:] == "  step 59383001, from 2026-06-15T02:20:30Z"
    now, then = [json.loads(line) for line in lines_of(otp([*options, "--json"], RFC_SECRET))]
    assert now == {
        "code": pyotp.TOTP(RFC_SECRET).at(1781490013), "step": 59383000, "from": "2026-06-15T02:20:00Z",
        "until": "2026-06-15T02:20:30Z", "seconds_left": 17,
    }
    assert then["step"] == 59383001 and "seconds_left" not in then
    counted = ["generate", "--hotp", "--counter", "3"]
    assert line_of(otp([*counted, "--verbose"], RFC_SECRET)) == "969429  counter 3"
    assert json_of(otp([*counted, "--json"], RFC_SECRET)) == {"code": "969429", "counter": 3}


def test_counters_go_to_the_end_of_64_bits(otp):
    last = ["generate", "--json", "--hotp", "--counter", str(2**64 - 1)]
    shown = json_of(otp(last, RFC_SECRET))
    assert shown == {"code": pyotp.HOTP(RFC_SECRET).at(2**64 - 1), "counter": str(2**64 - 1)}
    beyond = otp([*last, "--count", "2"], RFC_SECRET)
    assert beyond.code == 1 and "The counters end" in beyond.err


def steam_code(secret, step):
    """Steam's codes: a second implementation."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    (number,) = struct.unpack(">I", digest[digest[-1] & 15 :][:4])
    number &= 0x7FFFFFFF
    code = ""
    for _ in range(5):
        number, at = divmod(number, 26)
        code += "23456789BCDFGHJKMNPQRTVWXY"[at]
    return code


def test_steams_codes_are_those_that_pyotp_tests_for(otp):
    assert [steam_code("BASE32SECRET3232", step) for step in (0, 1)] == ["2TC8B", "YKKK4"]  # PyOTP 2.8, test.py
    options = ["generate", "--steam", "--allow-short", "--time", "@0", "--count", "2"]
    assert lines_of(otp(options, "BASE32SECRET3232")) == ["2TC8B", "YKKK4"]
    is_refused(otp(["generate", "--steam", "--time", "@30", "--offset", "-2"], RFC_SECRET), 1, "before the start")
    for step in (0, 7, 59383000, 2**33):
        shown = line_of(otp(["generate", "--steam", "--time", f"@{step * 30 + 29}"], RFC_SECRET))
        assert shown == steam_code(RFC_SECRET, step)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("--hotp",), "add --counter N"),
        (("--counter", "1"), "add --hotp"),
        (("--hotp", "--counter", "1", "--time", "@5"), "--time is not for HOTP"),
        (("--hotp", "--counter", "1", "--period", "5"), "--period is not for HOTP"),
        (("--steam", "--digits", "7"), "--digits is not for Steam"),
        (("--steam", "--hotp", "--counter", "1"), "exclude each other"),
        (("--digits", "5"), "--digits takes a number from 6 to 10"),
        (("--digits", "11"), "--digits takes a number from 6 to 10"),
        (("--digits", "-6"), "--digits takes a number from 6 to 10"),
        (("--digits", "6", "--digits", "7"), "--digits is given twice"),
        (("--digits",), "--digits needs a value"),
        (("--json=yes",), "--json takes no value"),
        (("--period", "0"), "--period takes a number from 1 to"),
        (("--count", "0"), "--count takes a number from 1 to"),
        (("--counter", "18446744073709551616"), "--counter takes a number from 0 to 18446744073709551615"),
        (("--offset", "1000001"), "--offset takes a number from -1000000 to 1000000"),
        (("--algorithm", "MD5"), "SHA1, SHA256 or SHA512"),
        (("--verbos=1",), "--verbose takes no value"),
        (("--jsno",), 'Did you mean "--json"?'),
        (("-x",), "there is no option -x"),
        (("--file", "F", "-xyz"), "there is no option -x"),
        (("--window", "1"), "there is no option"),
    ],
)
def test_wrong_options_end_with_2_and_a_sentence(otp, arguments, sentence):
    is_refused(otp(["generate", *arguments], RFC_SECRET), 2, sentence)


# --- verify -----------------------------------------------------------------------------------------------------------

STEP = 59383000
NOW = ("--time", f"@{STEP * 30 + 13}")


def code_at(step):
    return pyotp.HOTP(RFC_SECRET).at(step)


@pytest.mark.parametrize(
    "arguments, answer",
    [
        ((code_at(STEP),), f"right: step {STEP}, offset 0"),
        ((code_at(STEP - 1),), f"right: step {STEP - 1}, offset -1"),
        ((code_at(STEP + 1),), f"right: step {STEP + 1}, offset 1"),
        ((code_at(STEP)[:3] + " " + code_at(STEP)[3:],), f"right: step {STEP}, offset 0"),
        ((code_at(STEP - 2),), "wrong: no code in the window matches"),
        ((code_at(STEP - 2), "--window", "2"), f"right: step {STEP - 2}, offset -2"),
        ((code_at(STEP + 100), "--window", "100"), f"right: step {STEP + 100}, offset 100"),
        ((code_at(STEP + 1), "--window", "0"), "wrong: no code in the window matches"),
        ((code_at(STEP + 50), "--offset", "50"), f"right: step {STEP + 50}, offset 0"),
        ((code_at(STEP), "--after", str(STEP - 1)), f"right: step {STEP}, offset 0"),
        ((code_at(STEP), "--after", str(STEP)), "wrong: its step was already used"),
        ((code_at(STEP - 1), "--after", str(STEP)), "wrong: its step was already used"),
        (("12345",), "wrong: it does not have the form of a code"),
        (("",), "wrong: it does not have the form of a code"),
        (("１２３４５６",), "wrong: it does not have the form of a code"),
        ((code_at(STEP - 8), "--drift", code_at(STEP - 7)), f"right: step {STEP - 7}, offset -7"),
        ((code_at(STEP + 499), "--drift", code_at(STEP + 500), "--window", "500"), f"right: step {STEP + 500}, offset 500"),
        ((code_at(STEP - 8), "--drift", code_at(STEP - 6)), "wrong: no code in the window matches"),
        ((code_at(STEP - 8), "--drift", "12"), "wrong: it does not have the form of a code"),
    ],
)
def test_a_code_in_time_is_right_or_wrong(otp, arguments, answer):
    done = otp(["verify", *NOW, *arguments], RFC_SECRET)
    assert (done.out, done.err) == (answer + "\n", "")
    assert done.code == (0 if answer.startswith("right") else 1)


@pytest.mark.parametrize(
    "arguments, answer",
    [
        ((RFC_HOTP[0], "--counter", "0"), "right: counter 0, next 1"),
        ((RFC_HOTP[1], "--counter", "0"), "right: counter 1, next 2"),
        ((RFC_HOTP[2], "--counter", "0"), "wrong: no code in the window matches"),
        ((RFC_HOTP[2], "--counter", "0", "--window", "2"), "right: counter 2, next 3"),
        ((RFC_HOTP[2], "--counter", "3", "--window", "9"), "wrong: no code in the window matches"),
        ((RFC_HOTP[7], "--counter", "0", "--resync", RFC_HOTP[8]), "right: counter 8, next 9"),
        ((RFC_HOTP[7], "--counter", "0", "--resync", RFC_HOTP[9]), "wrong: no code in the window matches"),
        ((RFC_HOTP[7], "--counter", "0", "--resync", RFC_HOTP[8], "--window", "3"), "wrong: no code in the window matches"),
    ],
)
def test_a_counted_code_is_right_or_wrong(otp, arguments, answer):
    done = otp(["verify", "--hotp", *arguments], RFC_SECRET)
    assert (done.out, done.err) == (answer + "\n", "")
    assert done.code == (0 if answer.startswith("right") else 1)


def test_steams_codes_are_right_or_wrong(otp):
    code = steam_code(RFC_SECRET, STEP)
    for typed in (code, code.lower(), f" {code} ", f"{code[:2]}-{code[2:]}", f"\ufeff{code[:2]}\u00a0{code[2:]}\u200b\n"):
        assert line_of(otp(["verify", "--steam", *NOW, typed], RFC_SECRET)) == f"right: step {STEP}, offset 0"
    assert otp(["verify", "--steam", *NOW, steam_code(RFC_SECRET, STEP + 2)], RFC_SECRET).code == 1
    assert otp(["verify", "--steam", *NOW, code, "--after", str(STEP)], RFC_SECRET).out == "wrong: its step was already used\n"
    for typed in ("AAAAA", code[:4], code + "2", f"{code[:2]}.{code[2:]}"):
        assert otp(["verify", "--steam", *NOW, typed], RFC_SECRET).out == "wrong: it does not have the form of a code\n"


@pytest.mark.parametrize("spelled", ["{}\u00a0{}", "\t{}{}", "{}{}\r\n", "\u200b{}{}", "\ufeff{} {}", "{}\u2013{}", "{}\u202f{}"], ids=ascii)
def test_a_pasted_code_may_contain_spaces_and_dashes(otp, spelled, tmp_path):
    code = RFC_HOTP[7]
    typed = spelled.format(code[:3], code[3:])
    assert otp(["verify", "--hotp", "--counter", "7", typed], RFC_SECRET).code == 0
    (tmp_path / "secret").write_text(spelled.format(RFC_SECRET[:8], RFC_SECRET[8:]))
    assert line_of(otp(["generate", "--hotp", "--counter", "7", "--file", str(tmp_path / "secret")])) == code


def test_verify_answers_in_json(otp):
    def answer(*arguments):
        done = otp(["verify", "--json", *arguments], RFC_SECRET)
        assert done.err == ""
        return done.code, json.loads(done.out)

    assert answer(*NOW, code_at(STEP + 1)) == (0, {"right": True, "step": STEP + 1, "offset": 1})
    assert answer(*NOW, code_at(STEP + 3)) == (1, {"right": False, "reason": "code"})
    assert answer(*NOW, code_at(STEP), "--after", str(STEP)) == (1, {"right": False, "reason": "used"})
    assert answer(*NOW, "x") == (1, {"right": False, "reason": "form"})
    assert answer("--hotp", "--counter", "3", RFC_HOTP[4]) == (0, {"right": True, "counter": 4, "next": 5})


def test_a_code_is_read_from_a_file(otp, tmp_path):
    (tmp_path / "code").write_text(code_at(STEP) + "\n")
    (tmp_path / "secret").write_text(RFC_SECRET + "\n")
    right = f"right: step {STEP}, offset 0"
    assert line_of(otp(["verify", *NOW, "--code-file", "code"], RFC_SECRET)) == right
    assert line_of(otp(["verify", *NOW, "--code-file", "-", "--file", "secret"], code_at(STEP))) == right
    is_refused(otp(["verify", *NOW, "--code-file", "-"], code_at(STEP)), 2, "name a file for the other")
    is_refused(otp(["verify", *NOW, "--code-file", "code", "123456"], RFC_SECRET), 2, "Give one code")


@pytest.mark.parametrize(
    "arguments, secret, sentence",
    [
        ((), RFC_SECRET, "Give one code"),
        (("123456", "123456"), RFC_SECRET, "one argument, the code"),
        (("123456",), "GEZDGNBVGY3TQOJ1", "look at its character 16"),
        (("123456",), "", "The secret or URI is missing"),
        (("123456", "--file", "nowhere"), "", "The file nowhere cannot be opened: No such file"),
        (("123456", "--window", "101"), RFC_SECRET, "--window takes 100 at most"),
        (("123456", "--resync", "123456"), RFC_SECRET, "--resync is not for TOTP"),
        (("123456", "--hotp", "--counter", "1", "--drift", "123456"), RFC_SECRET, "--drift is not for HOTP"),
        (("123456", "--hotp", "--counter", "1", "--after", "1"), RFC_SECRET, "--after is not for HOTP"),
        (("123456", "--drift", "123456", "--resync", "123456"), RFC_SECRET, "give one of them"),
        (("123456", "--time", "@5", "--start", "@100"), RFC_SECRET, "before the start"),
    ],
)
def test_unusable_input_exits_with_2_and_never_as_a_verdict(otp, arguments, secret, sentence):
    is_refused(otp(["verify", *arguments], secret), 2, sentence)


# --- secret -----------------------------------------------------------------------------------------------------------


def test_secrets_are_random_and_as_long_as_asked_for(otp):
    made = [line_of(otp(["secret"])) for _ in range(20)]
    assert len(set(made)) == 20
    assert {len(base64.b32decode(secret)) for secret in made} == {20}
    for size in (16, 17, 32, 128):
        assert len(bytes.fromhex(line_of(otp(["secret", "--hex", "--bytes", str(size)])))) == size
        shown = json_of(otp(["secret", "--json", "--bytes", str(size)]))
        assert shown["bytes"] == size
        assert base32(bytes.fromhex(shown["hex"])) == shown["base32"]


@pytest.mark.parametrize("size", ["0", "15", "129", "-20", "x", ""])
def test_a_secret_of_another_length_is_refused(otp, size):
    is_refused(otp(["secret", "--bytes", size]), 2, "--bytes takes a number from 16 to 128")


# --- uri --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("issuer, account", [("Shop", "ann"), ("Crédit", "ann@example.org"), ("日本", "a b/c"), ("", "ann")])
def test_pyotp_reads_a_built_uri(otp, issuer, account):
    options = ["--issuer", issuer] if issuer else []
    timed = line_of(otp(["uri", *options, "--account", account, "--digits", "8", "--period", "60", "--algorithm", "sha256"], RFC_SECRET))
    read = pyotp.parse_uri(timed)
    assert isinstance(read, pyotp.TOTP)
    assert (read.issuer or "", read.name, read.secret) == (issuer, account, RFC_SECRET)
    assert (read.digits, read.interval, read.digest) == (8, 60, hashlib.sha256)
    counted = line_of(otp(["uri", *options, "--account", account, "--hotp", "--counter", "7"], RFC_SECRET))
    assert pyotp.parse_uri(counted).initial_count == 7
    assert line_of(otp(["generate"], counted)) == RFC_HOTP[7]


@pytest.mark.parametrize("name", ["a&b=c", "a?b#c", "100%25", "a+b c", 'q"<>\\', "e\u0301", "\U0001f511", "host:8443", "Text: More", "::1", "a:"])
def test_names_that_pyotp_2_9_decodes_too_early_are_kept(otp, name):
    """PyOTP up to 2.9 decodes the whole URI before it splits it, so '&' in a name ends a parameter there."""
    uri = line_of(otp(["uri", "--issuer", name, "--account", name], RFC_SECRET))
    parts = urllib.parse.urlsplit(uri)
    assert [urllib.parse.unquote(part) for part in parts.path[1:].split(":")] == [name, name]
    assert urllib.parse.parse_qs(parts.query)["issuer"] == [name]
    shown = json_of(otp(["parse", "--json"], uri))
    assert (shown["issuer"], shown["account"], shown["secret"]) == (name, name, RFC_SECRET)


def test_an_account_with_a_colon_needs_no_issuer(otp):
    uri = line_of(otp(["uri", "--account", "host:8443"], RFC_SECRET))
    assert uri.startswith("otpauth://totp/:host%3A8443?")
    shown = json_of(otp(["parse", "--json"], uri))
    assert (shown["issuer"], shown["account"], shown["notes"]) == ("", "host:8443", [])


def test_default_parameters_are_left_out_on_request(otp):
    whole = line_of(otp(["uri", "--issuer", "Shop", "--account", "ann"], RFC_SECRET))
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(whole).query)
    assert query == {"secret": [RFC_SECRET], "issuer": ["Shop"], "algorithm": ["SHA1"], "digits": ["6"], "period": ["30"]}
    short = line_of(otp(["uri", "--issuer", "Shop", "--account", "ann", "--leave-defaults"], RFC_SECRET))
    assert set(urllib.parse.parse_qs(urllib.parse.urlsplit(short).query)) == {"secret", "issuer"}


def test_a_uri_may_bring_its_own_secret(otp):
    made = [json_of(otp(["uri", "--account", "ann", "--new", "--json"]))["uri"] for _ in range(5)]
    secrets = {pyotp.parse_uri(uri).secret for uri in made}
    assert len(secrets) == 5
    assert {len(base64.b32decode(secret)) for secret in secrets} == {20}
    long = line_of(otp(["uri", "--account", "ann", "--new", "--bytes", "64"]))
    assert len(pyotp.parse_uri(long).byte_secret()) == 64


def test_a_uri_may_be_long(otp):
    names = ["--issuer", "é" * 127, "--account", "ü" * 127, "--image", "https://example.org/" + "x" * 1000]
    uri = line_of(otp(["uri", *names], RFC_SECRET))
    assert len(uri) > 3000
    assert json_of(otp(["uri", "--json", *names], RFC_SECRET))["uri"] == uri
    shown = json_of(otp(["parse", "--json"], uri))
    assert [shown["issuer"], shown["account"], shown["image"]] == names[1::2]
    assert lines_of(otp(["parse"], uri))[7] == "image      " + names[5]


def test_a_steam_uri_gives_steams_codes(otp):
    uri = line_of(otp(["uri", "--issuer", "Steam", "--account", "ann", "--steam"], RFC_SECRET))
    assert line_of(otp(["generate", *NOW], uri)) == steam_code(RFC_SECRET, STEP)
    shown = json_of(otp(["parse", "--json"], uri))
    assert (shown["type"], shown["digits"], shown["period"]) == ("steam", 5, 30)


@pytest.mark.parametrize(
    "arguments, code, sentence",
    [
        ((), 2, "add --account NAME"),
        (("--account", ""), 2, "add --account NAME"),
        (("--account", "  "), 1, "account must not be blank"),
        (("--account", "a\nb"), 1, "without control characters"),
        (("--account", "ann", "--issuer", "a\x1bb"), 1, "without control characters"),
        (("--account", "x" * 256), 2, "--account takes 255 bytes at most"),
        (("--account", "ann", "--new", "--hex"), 2, "--new makes the secret"),
        (("--account", "ann", "--bytes", "20"), 2, "--bytes goes with --new"),
        (("--account", "ann", "--counter", "1"), 2, "add --hotp"),
    ],
)
def test_values_that_fit_no_uri_are_refused(otp, arguments, code, sentence):
    is_refused(otp(["uri", *arguments], RFC_SECRET), code, sentence)


def test_a_uri_is_refused_as_a_secret(otp):
    is_refused(otp(["uri", "--account", "ann"], "otpauth://totp/a?secret=" + RFC_SECRET), 1, "a URI already")


# --- parse ------------------------------------------------------------------------------------------------------------


def test_parse_prints_every_part_of_a_uri(otp):
    uri = pyotp.TOTP(RFC_SECRET, 8, hashlib.sha512, "ann@example.org", "Crédit & Fils", 60).provisioning_uri()
    fields = dict(line.split(None, 1) for line in lines_of(otp(["parse"], uri)))
    fields.pop("note", None)
    assert fields == {
        "type": "totp", "issuer": "Crédit & Fils", "account": "ann@example.org", "secret": RFC_SECRET,
        "algorithm": "SHA512", "digits": "8", "period": "60",
    }
    shown = json_of(otp(["parse", "--json"], uri))
    assert shown["digits"] == 8 and shown["period"] == 60 and isinstance(shown.pop("notes"), list)
    assert shown["issuer"] == "Crédit & Fils" and shown["secret"] == RFC_SECRET and "counter" not in shown
    counted = json_of(otp(["parse", "--json"], pyotp.HOTP(RFC_SECRET, name="ann").provisioning_uri(initial_count=9)))
    assert counted["type"] == "hotp" and counted["counter"] == 9 and counted["issuer"] == "" and "period" not in counted


def test_parse_can_hide_the_secret(otp):
    uri = pyotp.TOTP(RFC_SECRET, name="ann").provisioning_uri()
    for options in ((), ("--json",)):
        done = otp(["parse", "--no-secret", *options], uri)
        assert done.code == 0
        assert "ann" in done.out
        assert RFC_SECRET not in done.out + done.err


def test_parse_explains_unusual_parameters(otp):
    uri = f"otpauth://totp/Shop:ann?issuer=Other&secret={RFC_SECRET}&colour=red"
    done = otp(["parse"], uri)
    notes = [line[4:].strip() for line in lines_of(done) if line.startswith("note ")]
    assert notes == json_of(otp(["parse", "--json"], uri))["notes"]
    assert len(notes) == 2
    assert any("different issuers" in note for note in notes)


@pytest.mark.parametrize(
    "uri",
    ["https://example.org/", "otpauth://", "otpauth://totp/ann", "otpauth://totp/ann?secret=", "otpauth://totp/?secret=" + RFC_SECRET]
    + ["otpauth://motp/ann?secret=" + RFC_SECRET, "otpauth://totp/a%zz?secret=" + RFC_SECRET, "otpauth://totp/ann?secret=0189"]
    + [f"otpauth://totp/ann?secret={RFC_SECRET}&digits=5", f"otpauth://totp/ann?secret={RFC_SECRET}&algorithm=MD5"]
    + ["otpauth://totp/ann?secret=" + RFC_SECRET * 100],
    ids=lambda uri: uri[:60],
)
def test_a_broken_uri_is_refused_without_repeating_the_secret(otp, uri):
    for command in ("parse", "generate"):
        done = otp([command], uri)
        is_refused(done, 1)
        assert RFC_SECRET not in done.err


@pytest.mark.parametrize("command", ["parse", "generate"])
def test_a_short_secret_needs_an_option(otp, command):
    uri = "otpauth://totp/ann?secret=JBSWY3DPEHPK3PXP"
    is_refused(otp([command], uri), 1, "--allow-short accepts it")
    assert otp([command, "--allow-short"], uri).code == 0
    is_refused(otp(["generate"], "JBSWY3DPEHPK3PXP"), 1, "The secret has 80 bits")
    assert line_of(otp(["generate", "--allow-short", "--time", "@0"], "JBSWY3DPEHPK3PXP")) == pyotp.TOTP("JBSWY3DPEHPK3PXP").at(0)


# --- qr ---------------------------------------------------------------------------------------------------------------

SHOP = "otpauth://totp/Shop:ann?secret=" + RFC_SECRET + "&issuer=Shop&algorithm=SHA1&digits=6&period=30"


def scanned(image):
    """Return zbarimg's reading of a picture."""
    png = io.BytesIO()
    image.convert("L").save(png, "PNG")
    done = subprocess.run(["zbarimg", "-q", "--raw", "--oneshot", "-Sbinary", "PNG:-"], input=png.getvalue(), capture_output=True, check=True)
    return done.stdout.decode().rstrip("\n")


def blocks_as_image(text, on_light):
    """A terminal with square modules: 4 pixels each."""
    lines = text.splitlines()
    image = Image.new("L", (len(lines[0]), 2 * len(lines)), 255)
    for row, line in enumerate(lines):
        for column, block in enumerate(line):
            for half, drawn in enumerate((block in "▀█", block in "▄█")):
                image.putpixel((column, 2 * row + half), 255 if drawn != on_light else 0)
    return image.resize((image.width * 4, image.height * 4), Image.NEAREST)


def svg_as_image(svg):
    """Return the bars of its path: each is a row high and begins at a row."""
    side = int(re.search(r'viewBox="0 0 (\d+) ', svg).group(1))
    image = Image.new("L", (side, side), 255)
    path = re.search(r'stroke="#000" d="([^"]*)"', svg).group(1)
    for x, y, run in re.findall(r"M(\d+) (\d+)\.5h(\d+)", path):
        for column in range(int(x), int(x) + int(run)):
            image.putpixel((column, int(y)), 0)
    return image.resize((side * 4, side * 4), Image.NEAREST)


@pytest.mark.parametrize("text", [SHOP, "otpauth://totp/é?secret=" + RFC_SECRET, "WIFI:S:hôtel;;", "x" * 1500])
def test_every_form_of_a_qr_code_is_read_back(otp, tmp_path, text):
    assert scanned(blocks_as_image(otp(["qr"], text + "\n").out, False)) == text
    assert scanned(blocks_as_image(otp(["qr", "--light"], text).out, True)) == text
    assert otp(["qr", "--png", "a.png", "--svg", "a.svg"], text) == (0, "", "")
    assert scanned(Image.open(tmp_path / "a.png")) == text
    assert scanned(svg_as_image((tmp_path / "a.svg").read_text())) == text


def test_images_may_go_to_standard_output(otp):
    png = otp(["qr", "--png", "-"], SHOP, binary=True)
    assert scanned(Image.open(io.BytesIO(png.out))) == SHOP
    assert scanned(svg_as_image(otp(["qr", "--svg", "-"], SHOP).out)) == SHOP
    is_refused(otp(["qr", "--svg", "-", "--png", "-"], SHOP), 2, "one image")


def test_qr_answers_in_json(otp, tmp_path):
    png = json_of(otp(["qr", "--json", "--png", "-"], SHOP))
    assert scanned(Image.open(io.BytesIO(base64.b64decode(png["base64"])))) == SHOP
    assert scanned(svg_as_image(json_of(otp(["qr", "--json", "--svg", "-"], SHOP))["text"])) == SHOP
    assert scanned(blocks_as_image(json_of(otp(["qr", "--json"], SHOP))["text"], False)) == SHOP
    named = json_of(otp(["qr", "--json", "--png", "a.png"], SHOP))
    assert named == {"format": "png", "file": "a.png", "bytes": (tmp_path / "a.png").stat().st_size}


def test_json_is_utf_8_whatever_a_file_is_called(tmp_path):
    for name, shown in ((b"\xffa\xc3\xa9.png", "\ufffda\xe9.png"), (b"a\xe2\x82.png", "a\ufffd\ufffd.png"), (b'q"\n\x01', 'q"\n\x01')):
        arguments = [PROGRAM, "otp", "qr", "--json", "--png", name]
        done = subprocess.run(arguments, input=SHOP.encode(), cwd=tmp_path, env=ENVIRONMENT, capture_output=True, check=True)
        assert done.stdout.count(b"\n") == 1
        assert json.loads(done.stdout.decode("utf-8", "strict"))["file"] == shown


def test_the_scale_is_pixels_a_module(otp):
    sides = [Image.open(io.BytesIO(otp(["qr", "--png", "-", "--scale", n], SHOP, binary=True).out)).width for n in "148"]
    assert sides[1] == 4 * sides[0] and sides[2] == 8 * sides[0]


def test_files_are_private_and_replaced_only_on_request(otp, tmp_path):
    old_mask = os.umask(0)
    try:
        for option, name in (("--png", "a.png"), ("--svg", "a.svg")):
            path = tmp_path / name
            assert otp(["qr", option, name], SHOP).code == 0
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            first = path.read_bytes()
            is_refused(otp(["qr", option, name], "another"), 1, f"{name} already exists. --force replaces it")
            assert path.read_bytes() == first
            path.chmod(0o644)
            assert otp(["qr", option, name, "--force"], "another").code == 0
            assert path.read_bytes() != first
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(old_mask)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "a.svg"]


def test_a_link_or_a_device_is_not_written_to(otp, tmp_path):
    (tmp_path / "target").write_text("kept")
    (tmp_path / "link").symlink_to("target")
    is_refused(otp(["qr", "--svg", "link"], SHOP), 1)
    is_refused(otp(["qr", "--svg", "link", "--force"], SHOP), 1, "not a regular file")
    is_refused(otp(["qr", "--png", "/dev/null", "--force"], SHOP), 1, "not a regular file")
    is_refused(otp(["qr", "--png", "nowhere/a.png"], SHOP), 1, "nowhere/a.png cannot be written")
    assert (tmp_path / "target").read_text() == "kept"


@pytest.mark.parametrize(
    "arguments, code, text, sentence",
    [
        ((), 1, "x" * 2049, "at most 2048 bytes"),
        (("--scale", "4"), 2, SHOP, "--scale goes with --png"),
        (("--scale", "65", "--png", "a"), 2, SHOP, "--scale takes a number from 1 to 64"),
        (("--light", "--png", "a"), 2, SHOP, "--light is for the terminal"),
        (("--force",), 2, SHOP, "--force goes with"),
    ],
)
def test_text_that_is_too_long_gets_no_qr_code(otp, tmp_path, arguments, code, text, sentence):
    is_refused(otp(["qr", *arguments], text), code, sentence)
    assert list(tmp_path.iterdir()) == []


# --- migration --------------------------------------------------------------------------------------------------------


def number(n):
    """Encode a varint of Protocol Buffers."""
    out = b""
    while n >= 128:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(tag, value):
    if isinstance(value, int):
        return number(tag << 3) + number(value)
    value = value if isinstance(value, bytes) else value.encode()
    return number(tag << 3 | 2) + number(len(value)) + value


def exported(*accounts, size=1, index=0, batch=12345, more=b""):
    """Encode an account as Google Authenticator does: secret, name, issuer, algorithm, digits, type, counter."""
    body = b""
    for account in accounts:
        body += field(1, b"".join(field(tag, value) for tag, value in enumerate(account, 1) if value is not None))
    body += field(2, 1) + field(3, size) + field(4, index) + field(5, batch) + more
    return "otpauth-migration://offline?data=" + urllib.parse.quote(base64.b64encode(body).decode(), safe="")


TIMED = (b"12345678901234567890", "Shop:ann", "Shop", 1, 1, 2, None)
COUNTED = (b"abcdefghijklmnopqrst", "bob@example.org", "Crédit", 2, 2, 1, 41)
BROKEN = (b"12345678901234567890", "Old:eve", "Old", 4, 1, 2, None)  # MD5
SHORT = (b"1234567890", "Small:eve", "Small", 1, 1, 2, None)


def test_an_export_becomes_uris_that_pyotp_reads(otp):
    timed, counted = [pyotp.parse_uri(uri) for uri in lines_of(otp(["migration"], exported(TIMED, COUNTED)))]
    assert isinstance(timed, pyotp.TOTP) and isinstance(counted, pyotp.HOTP)
    assert (timed.issuer, timed.name, timed.byte_secret(), timed.digits) == ("Shop", "ann", TIMED[0], 6)
    assert (counted.issuer, counted.name, counted.byte_secret(), counted.digits) == ("Crédit", "bob@example.org", COUNTED[0], 8)
    assert counted.initial_count == 41 and counted.digest == hashlib.sha256


def test_several_exports_are_printed_one_a_line(otp):
    text = exported(TIMED) + "\r\n\n" + exported(COUNTED, TIMED) + "\n"
    uris = lines_of(otp(["migration"], text))
    assert len(uris) == 3 and uris[0] == uris[2]
    assert [json.loads(line)["uri"] for line in lines_of(otp(["migration", "--json"], text))] == uris


@pytest.mark.parametrize(
    "name, issuer, read",
    [
        ("GitHub:ann", None, ("GitHub", "ann")),
        ("GitHub:ann", "", ("GitHub", "ann")),
        ("GitHub: ann", "GitHub", ("GitHub", "ann")),
        ("GitHub:ann", "Other", ("Other", "GitHub:ann")),
        ("host:8443", "Shop", ("Shop", "host:8443")),
        ("admin", "host:8443", ("host:8443", "admin")),
        ("host:8443:admin", "host:8443", ("host:8443", "admin")),
        (None, "host:8443", ("host:8443", "host:8443")),
        (":ann", None, ("", ":ann")),
        ("ann:", None, ("", "ann:")),
        ("Text: More:anna", "Text: More", ("Text: More", "anna")),
        ("a+b", "Air+Canada", ("Air+Canada", "a+b")),
    ],
)
def test_no_exported_name_is_left_out(otp, name, issuer, read):
    done = otp(["migration"], exported((TIMED[0], name, issuer, 1, 1, 2, None)))
    assert (done.code, done.err) == (0, "")
    shown = json_of(otp(["parse", "--json"], done.out))
    assert (shown["issuer"], shown["account"], shown["notes"]) == (*read, [])


def test_a_broken_account_is_named_and_the_rest_is_done(otp):
    whole = lines_of(otp(["migration"], exported(TIMED, COUNTED)))
    done = otp(["migration"], exported(TIMED, BROKEN, COUNTED))
    assert done.code == 1
    assert done.out.splitlines() == whole
    assert done.err.startswith("doubletour: line 1, account 2 is left out: ")
    done = otp(["migration"], "otpauth-migration://offline?data=%%\n" + exported(TIMED, SHORT))
    assert done.code == 1
    assert done.out.splitlines() == whole[:1]
    first, second = done.err.splitlines()
    assert first.startswith("doubletour: line 1 is left out: ")
    assert second.startswith("doubletour: line 2, account 2 is left out: ") and "--allow-short" in second
    assert len(lines_of(otp(["migration", "--allow-short"], exported(TIMED, SHORT)))) == 2


def part(index, size=3, batch=7):
    return exported((b"1234567890123456789%d" % index, f"Shop:a{index}", "Shop", 1, 1, 2, None), size=size, index=index, batch=batch)


@pytest.mark.parametrize(
    "lines, printed, sentences",
    [
        ([part(0), part(1), part(2)], 3, []),
        ([part(2), part(0), part(1)], 3, []),
        ([part(0)], 1, ["QR codes 2 to 3 of 3 are missing from the export of line 1."]),
        ([part(1)], 1, ["QR code 1 of 3 is missing", "QR code 3 of 3 is missing"]),
        ([part(0), part(2)], 2, ["QR code 2 of 3 is missing from the export of line 1."]),
        ([part(0), part(1), part(1), part(2)], 3, ["line 3 repeats the QR code of line 2"]),
        ([part(0), part(0)], 1, ["line 2 repeats the QR code of line 1", "QR codes 2 to 3 of 3 are missing"]),
        ([part(0, 1), part(0, 1)], 1, ["line 2 repeats the QR code of line 1"]),
        ([part(0, 1), part(1, 1)], 2, ["line 2 says that it is QR code 2 of 1."]),
        ([part(0, 2, 1), part(0, 2, 2), part(1, 2, 2), part(1, 2, 1)], 4, []),
        ([part(0, 2, 1), part(1, 2, 2)], 2, ["QR code 2 of 2 is missing from the export of line 1.", "QR code 1 of 2 is missing from the export of line 2."]),
        ([part(0, 2), part(0, 3), part(1, 3), part(2, 3)], 4, ["QR code 2 of 2 is missing from the export of line 1."]),
        ([part(0), part(3), part(1), part(2)], 4, ["line 2 says that it is QR code 4 of 3."]),
        ([exported(TIMED, size=2, batch=7), exported(COUNTED, size=2, batch=7)], 2, ["line 2 says that it is QR code 1 of 2, as line 1 does, and differs", "QR code 2 of 2 is missing"]),
        ([exported(TIMED), exported(COUNTED)], 2, []),
        ([exported(TIMED, size=0), exported(COUNTED, size=0)], 2, []),
        ([part(0, 2**31 - 1)], 1, ["QR codes 2 to 2147483647 of 2147483647 are missing"]),
        (["otpauth-migration://offline?data=%%", part(0, 2), part(1, 2)], 2, ["line 1 is left out"]),
        ([exported()], 0, ["line 1 is left out: there is no account in it."]),
    ],
    ids=["all", "any order", "first only", "middle only", "without the middle", "one twice", "the first twice", "a whole one twice",
         "beyond its end", "two exports mixed", "half of each of two", "two sizes", "a fourth of three", "same place, another content",
         "two whole ones with one id", "not numbered", "very many", "broken line beside", "empty"],
)
def test_missing_and_double_qr_codes_are_named(otp, lines, printed, sentences):
    done = otp(["migration"], "\n".join(lines) + "\n")
    assert done.code == (1 if sentences else 0), done.err
    assert len(done.out.splitlines()) == printed
    assert len(done.err.splitlines()) == len(sentences), done.err
    for sentence in sentences:
        assert sentence in done.err


@pytest.mark.parametrize(
    "line, printed, sentence",
    [
        (exported((*TIMED[:6], 5)), 1, "line 1, account 1: its counter, 5, is left out"),
        (exported((*TIMED[:6], None, "0f3c")), 1, None),
        (exported((*COUNTED, None, "new")), 1, "line 1, account 1: an unknown field is left out."),
        (exported(TIMED, more=field(6, "new")), 1, "line 1, account 2 is left out: it is an unknown field of the export."),
        (exported(TIMED, (TIMED[0], "a", "b", "SHA256", 1, 2)), 1, "line 1, account 2 is left out: a field of an account has an unexpected type."),
        (exported((*TIMED[:4], 3, 2)), 0, "a number of digits is not known"),
        (exported((*TIMED[:5], 3)), 0, "a type of code is not known"),
    ],
    ids=["a counter of TOTP", "the id of newer apps", "another field of an account", "another field of the export", "text for a number", "digits", "type"],
)
def test_nothing_in_an_export_is_left_out_silently(otp, line, printed, sentence):
    done = otp(["migration"], line)
    assert (done.code, len(done.out.splitlines())) == (1 if sentence else 0, printed), done.err
    assert (sentence or "") in done.err


# --- input and errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize(
    "given, sentence",
    [
        (b"", "is missing: give it on standard input"),
        (b" \r\n\t\n", "is missing: give it on standard input"),
        (b"A" * 10_000_000, "which is too long"),
        (b"\n" * 10_000_000, "which is too long"),
    ],
    ids=["nothing", "blanks", "ten-megabytes", "ten-megabytes-of-lines"],
)
def test_empty_and_oversized_input_is_refused(otp, command, given, sentence):
    done = otp([command, *NEEDED.get(command, ())], given)
    is_refused(done, 2 if command == "verify" else 1, sentence)


@pytest.mark.parametrize("command", [command for command in READERS if command != "qr"])
@pytest.mark.parametrize("given", [b"\0", b"\xff\xfe" * 50, RFC_SECRET.encode() + b"\0", b"%s%n%s%n", b"otpauth://\0", b"====", b"A\nB\n"], ids=lambda given: repr(given[:40]))
def test_other_input_than_secrets_and_uris_is_refused(otp, command, given):
    done = otp([command, *NEEDED.get(command, ())], given)
    assert done.code == (2 if command == "verify" else 1)
    assert done.out == ""
    assert all(line.startswith("doubletour: ") for line in done.err.splitlines()) and done.err != ""


@pytest.mark.parametrize("command", READERS)
def test_a_file_that_cannot_be_read_is_named(otp, tmp_path, command):
    for name, sentence in (("nowhere", "The file nowhere cannot be opened: No such file"), (".", ". is a directory.  Name a regular file.")):
        done = otp([command, *NEEDED.get(command, ()), "--file", name])
        is_refused(done, 2 if command == "verify" else 1, sentence)


@pytest.mark.parametrize("command", READERS)
def test_a_file_works_like_standard_input(otp, tmp_path, command):
    text = {"migration": exported(TIMED), "parse": SHOP, "qr": SHOP}.get(command, RFC_SECRET)
    arguments = [command, *NEEDED.get(command, ())] + (["--time", "@59"] if command in ("generate", "verify") else [])
    (tmp_path / "F").write_text(text + "\n")
    piped = otp(arguments, text)
    assert piped.out != ""
    assert otp([*arguments, "--file", "F"]) == piped
    assert otp([*arguments, "--file", "-"], text) == piped


@pytest.mark.parametrize("command", COMMANDS)
def test_a_secret_is_never_an_argument(otp, command):
    for arguments in ([RFC_SECRET, RFC_SECRET], ["--secret", RFC_SECRET], [f"--secret={RFC_SECRET}"], [f"--sceret={RFC_SECRET}"]):
        done = otp([command, *arguments], RFC_SECRET)
        assert done.code == 2
        assert RFC_SECRET not in done.out + done.err


def test_a_secret_appears_in_no_process_list(tmp_path):
    """The secret is absent from the process's arguments and environment while it runs."""
    process = subprocess.Popen([PROGRAM, "otp", "generate", "--time", "@59"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path, env=ENVIRONMENT)
    process.stdin.write(RFC_SECRET.encode())
    process.stdin.flush()
    listed = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes() + pathlib.Path(f"/proc/{process.pid}/environ").read_bytes()
    assert RFC_SECRET.encode() not in listed
    assert process.communicate()[0] == b"287082\n"


@pytest.fixture
def terminal(tmp_path):
    """Run the program on a separate terminal: (process, master, slave)."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "otp", "generate", "--time", "@59"], stdin=slave, stdout=slave, stderr=slave, cwd=tmp_path,
        env=ENVIRONMENT, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    yield process, master, slave
    if process.poll() is None:
        process.kill()
    process.wait()
    os.close(master)
    os.close(slave)


def shown_until(master, wanted):
    shown = b""
    while wanted not in shown:
        assert select.select([master], [], [], 20)[0], f"it shows only {shown}"
        shown += os.read(master, 1000)
    return shown


def echoes(slave):
    return bool(termios.tcgetattr(slave)[3] & termios.ECHO)


def wait_for_no_echo(slave):
    end = time.monotonic() + 20
    while echoes(slave):
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_terminal_asks_and_hides_the_typed_secret(terminal):
    process, master, slave = terminal
    shown = shown_until(master, b"(not shown): ")
    wait_for_no_echo(slave)
    os.write(master, RFC_SECRET.encode() + b"\n")
    shown += shown_until(master, b"287082")
    assert process.wait(20) == 0
    assert RFC_SECRET.encode() not in shown
    assert echoes(slave)


def test_a_terminal_echoes_again_after_an_interrupt(terminal):
    process, master, slave = terminal
    shown_until(master, b"(not shown): ")
    wait_for_no_echo(slave)
    os.write(master, b"GEZ\x03")
    assert process.wait(20) == -signal.SIGINT
    assert echoes(slave)


# --- help -------------------------------------------------------------------------------------------------------------


def options_in(help_text):
    return set(re.findall(r"^  --([a-z-]+)", help_text, re.MULTILINE))


def test_help_shows_each_command_in_use(otp):
    overview = otp(["--help"])
    assert overview.code == 0 and overview.out.startswith("Usage: doubletour otp COMMAND")
    for command in COMMANDS:
        assert f"\n  {command} " in overview.out
        for word in ("--help", "-h"):
            done = otp([command, word])
            assert done.code == 0 and done.err == ""
            assert done.out.startswith(f"Usage: doubletour otp {command}")
            assert f"  doubletour otp {command}" in done.out or f"| doubletour otp {command}" in done.out
            assert {"json", "help"} <= options_in(done.out)
            assert max(len(line) for line in done.out.splitlines()) <= 100


@pytest.mark.parametrize("arguments, word", [((), "Usage: doubletour otp COMMAND"), (("genrate",), 'Did you mean "generate"?'), (("xyzzy",), "doubletour otp --help")])
def test_an_unknown_command_is_refused(otp, arguments, word):
    done = otp(arguments)
    assert (done.code, done.out) == (2, "")
    assert word in done.err


def test_the_manual_names_every_option_and_no_other(otp):
    page = (ROOT / "man/doubletour-otp.1").read_text()
    named = set(re.findall(r"Fl -([a-z-]+)", page))
    assert named == set().union(*(options_in(otp([command, "--help"]).out) for command in COMMANDS))
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", str(ROOT / "man/doubletour-otp.1")], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_output_that_cannot_be_written_is_a_failure(tmp_path):
    for arguments, code in ((["secret"], 1), (["--help"], 1), (["verify", RFC_HOTP[0], "--hotp", "--counter", "0"], 2)):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "otp", *arguments], input=RFC_SECRET.encode(), stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, env=ENVIRONMENT)
        assert done.returncode == code
        assert b"writing to standard output failed" in done.stderr
