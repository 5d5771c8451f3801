#!/usr/bin/python3
"""Run the keeper's unit tests with a PostgreSQL of their own instead of SQLite files, and those of its driver.

    on_postgres.py FOLDER_OF_PROGRAMS

Left out are those about files, about a row that was tampered with in SQLite's own SQL, and about each call that can fail: what
fails under PostgreSQL is another machine's, and a named query stands for it (tests/e2e/test_faults.py).
"""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tools")]
from counts import WHY, Counts, count_tap, in_a_line  # noqa: E402
from harness.postgres import Postgres  # noqa: E402

KEEPER = ["audit", "session_state", "ended", "factors", "gate", "proofs", "questions", "races", "races_wide", "recovery", "register", "serve", "sessions", "sign_in", "throttle"]


def main(folder):
    counts = Counts()
    with Postgres() as cluster:
        environment = dict(os.environ, TEST_POSTGRES=cluster.url("")[:-1], CMOCKA_MESSAGE_OUTPUT="TAP")
        for name in ["postgres", *(f"keeper_{subject}" for subject in KEEPER)]:
            done = subprocess.run([pathlib.Path(folder) / f"test_{name}"], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=600)
            own = count_tap(f"{name} on PostgreSQL:", done.stdout)
            if done.returncode != 0:
                own.fail(in_a_line(f"{name} on PostgreSQL ended with {done.returncode}:", done.stderr[-WHY:]))  # it crashed
            print(f"{name}: {own}", flush=True)
            if own.failures:
                print(done.stdout[-4000:], done.stderr[-4000:])
            counts += own
    counts.write("postgres-unit")
    print(counts)
    return 1 if counts.failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
