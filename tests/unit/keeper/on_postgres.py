#!/usr/bin/python3
"""Run the keeper's unit tests with a PostgreSQL of their own instead of SQLite files, and those of its driver.

    on_postgres.py FOLDER_OF_PROGRAMS

Left out are those about files, about a row that was tampered with in SQLite's own SQL, and about each call that can fail: what
fails under PostgreSQL is another machine's, and a named query stands for it (tests/e2e/test_faults.py).
"""
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness.postgres import Postgres  # noqa: E402

KEEPER = ["decision", "factors", "gate", "questions", "races", "races_wide", "recovery", "register", "serve", "sessions", "sign_in", "throttle"]


def main(folder):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with Postgres(settings=["fsync=off"]) as cluster:
        environment = dict(os.environ, TEST_POSTGRES=cluster.url("")[:-1], CMOCKA_MESSAGE_OUTPUT="TAP")
        for name in ["postgres", *(f"keeper_{subject}" for subject in KEEPER)]:
            done = subprocess.run([pathlib.Path(folder) / f"test_{name}"], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=600)
            lines = re.findall(r"^(not ok|ok) \d+(.*)$", done.stdout, re.M)
            skipped = sum("SKIP" in rest for _, rest in lines)
            failed = sum(word == "not ok" and "SKIP" not in rest for word, rest in lines)
            if done.returncode != 0 and failed == 0:
                failed = 1  # it crashed
            counts = {"passed": counts["passed"] + len(lines) - failed - skipped, "failed": counts["failed"] + failed,
                      "skipped": counts["skipped"] + skipped}
            print(f"{name}: {len(lines)} tests, {failed} failed, {skipped} skipped", flush=True)
            if failed:
                print(done.stdout[-4000:], done.stderr[-4000:])
    results = ROOT / "build" / "results"
    results.mkdir(parents=True, exist_ok=True)
    (results / "postgres-unit.json").write_text(json.dumps(counts))
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
