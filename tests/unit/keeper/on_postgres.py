#!/usr/bin/python3
"""Run the keeper's unit tests on a temporary PostgreSQL instead of SQLite files, and the tests of PostgreSQL's driver.

    on_postgres.py FOLDER_OF_PROGRAMS

The log and the output of a program that failed are kept in build/failed.

Not included: tests of files, of rows tampered with by SQLite's SQL, and of failing calls.  PostgreSQL's calls fail in
another process; tests/e2e/test_faults.py makes named queries fail instead.
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tools")]
from counts import WHY, Counts, count_tap, in_a_line  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.server import FAILED  # noqa: E402

KEEPER = ["alarms", "approvals", "audit", "authorize", "session_state", "ended", "factors", "gate", "grants", "passkey_enrol", "passkeys", "proofs", "questions", "races", "races_wide", "recovery", "register", "remembered", "serve", "sessions", "sign_in", "throttle", "tokens"]

HANGS_S = 900  # as in tests/unit/meson.build


def run(folder, name, environment):
    """Run one program; return its counts and what it printed."""
    command = ["timeout", str(HANGS_S), pathlib.Path(folder) / f"test_{name}"]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    counts = count_tap(f"{name} on PostgreSQL:", done.stdout)
    if done.returncode != 0:
        counts.fail(in_a_line(f"{name} on PostgreSQL ended with {done.returncode}:", done.stderr[-WHY:]))
    if counts.failures:
        FAILED.mkdir(parents=True, exist_ok=True)
        (FAILED / f"{name}_on_postgres").write_text(done.stdout + done.stderr)
    return counts, done.stdout[-4000:] + done.stderr[-4000:]


def main(folder):
    names = ["postgres", *(f"keeper_{subject}" for subject in KEEPER)]
    counts = Counts()
    with Postgres() as cluster, concurrent.futures.ThreadPoolExecutor(2 * os.cpu_count()) as threads:
        environment = dict(os.environ, TEST_POSTGRES=cluster.url("")[:-1], CMOCKA_MESSAGE_OUTPUT="TAP", KEEPER_TEST_LOG="1")
        for name, (own, printed) in zip(names, threads.map(lambda name: run(folder, name, environment), names)):
            print(f"{name}: {own}", flush=True)
            if own.failures:
                print(printed)
            counts += own
    counts.write("postgres-unit")
    print(counts)
    return 1 if counts.failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
