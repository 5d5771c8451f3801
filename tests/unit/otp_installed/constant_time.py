#!/usr/bin/python3
"""Checking a code takes no branch and no address from the secret, says Valgrind's memcheck.  Speaks TAP.

    constant_time.py [PROGRAM PLANTED]

PROGRAM is constant_time.c; PLANTED is the same over a library that compares with memcmp, which returns at the first
difference: were memcheck to miss that, its silence about PROGRAM would mean nothing.
"""

import shutil
import subprocess
import sys

FOUND = 99
MEMCHECK = ["valgrind", "-q", f"--error-exitcode={FOUND}", "--exit-on-first-error=no", "--num-callers=8"]


def memcheck(program):
    return subprocess.run([*MEMCHECK, program], capture_output=True, text=True, check=False)


def report(number, name, good, done):
    print(f"{'' if good else 'not '}ok {number} - {name}")
    if not good:
        print(f"# status {done.returncode}")
        print("\n".join(f"# {line}" for line in (done.stdout + done.stderr).splitlines()[:60]))
    return good


def main():
    if len(sys.argv) < 3 or not shutil.which("valgrind"):
        print("1..0 # SKIP valgrind is not installed")
        return 0
    print("1..3")
    bare = subprocess.run([sys.argv[1]], capture_output=True, text=True, check=False)
    true_one, planted = memcheck(sys.argv[1]), memcheck(sys.argv[2])
    seen = planted.returncode == FOUND and "depends on uninitialised value" in planted.stderr
    good = report(1, "codes are judged rightly", bare.returncode == 0, bare)
    good &= report(2, "nothing depends on the secret", true_one.returncode == 0 and not true_one.stderr, true_one)
    good &= report(3, "a comparison that returns early is seen", seen, planted)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
