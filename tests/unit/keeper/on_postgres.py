#!/usr/bin/python3
"""Run the keeper's unit tests on a temporary PostgreSQL instead of SQLite files, and the tests of PostgreSQL's driver.

    on_postgres.py FOLDER_OF_PROGRAMS

Not included: tests of files, of rows tampered with by SQLite's SQL, and of failing calls.  PostgreSQL's calls fail in
another process; tests/e2e/test_faults.py makes named queries fail instead.
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
                own.fail(in_a_line(f"{name} on PostgreSQL ended with {done.returncode}:", done.stderr[-WHY:]))
            print(f"{name}: {own}", flush=True)
            if own.failures:
                print(done.stdout[-4000:], done.stderr[-4000:])
            counts += own
    counts.write("postgres-unit")
    print(counts)
    return 1 if counts.failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
