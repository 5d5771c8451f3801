#!/usr/bin/python3
"""Valgrind's memcheck shows that no branch and no address depends on the secret while a code is checked.  Prints TAP.

    constant_time.py [PROGRAM PLANTED]

PROGRAM is built from constant_time.c.  PLANTED is the same program with a library that compares with memcmp, which
returns at the first difference.  Memcheck must report PLANTED, or its silence about PROGRAM would show nothing.
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
    good = report(1, "right codes are accepted and wrong codes refused", bare.returncode == 0, bare)
    good &= report(2, "no branch and no address depends on the secret", true_one.returncode == 0 and not true_one.stderr, true_one)
    good &= report(3, "memcheck reports a comparison that returns early", seen, planted)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
