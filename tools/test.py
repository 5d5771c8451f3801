#!/usr/bin/python3
"""Run test suites and add up what they say, test by test.

    tools/test.py [--variant test] [--name NAME] [--pytest-args "..."] unit e2e browser

Each suite says what failed as it goes; the last line is "N passed, N failed".  The counts are also written to
build/results/NAME.json, where .ci/run finds them.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "results"
TAP = re.compile(r"^(not )?ok\b[ \t]*\d*(.*)$", re.MULTILINE)
AT_ONCE = {"browser": (2, "load"), "e2e": (2, "loadfile")}  # how many of a suite's tests run beside each other: any, or those of two files
NOTHING = {"passed": 0, "failed": 0, "skipped": 0}


def add(a, b):
    return {key: a[key] + b[key] for key in a}


def count_tap(text):
    counts = dict(NOTHING)
    for negated, rest in TAP.findall(text):
        skipped = re.search(r"#\s*SKIP", rest, re.IGNORECASE)
        counts["failed" if negated else "skipped" if skipped else "passed"] += 1
    return counts


def count_program(record):
    """One line of meson's testlog.json: a program, perhaps with many tests."""
    counts = count_tap(record.get("stdout") or "")
    succeeded = record["result"] in ("OK", "EXPECTEDFAIL")
    if record["result"] == "SKIP":
        return add(NOTHING, {"passed": 0, "failed": 0, "skipped": max(1, counts["skipped"])})
    if not succeeded and counts["failed"] == 0:
        counts["failed"] = 1  # it crashed, or ran out of time
    if succeeded and sum(counts.values()) == 0:
        counts["passed"] = 1
    return counts


def run_unit(build, arguments):
    log = build / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    status = subprocess.call(
        ["meson", "test", "-C", str(build), "--no-rebuild", "--print-errorlogs"], stdin=subprocess.DEVNULL
    )
    counts = dict(NOTHING)
    if log.exists():
        for line in log.read_text(errors="replace").splitlines():
            counts = add(counts, count_program(json.loads(line)))
    if status != 0 and counts["failed"] == 0:
        counts["failed"] = 1
    return counts


def run_pytest(folder, build, arguments):
    if not any((ROOT / "tests" / folder).glob("test_*.py")):
        print(f"tests/{folder} holds no test")
        return dict(NOTHING)
    paths = [] if any(a.startswith("tests/") for a in arguments) else [f"tests/{folder}"]
    if folder in AT_ONCE:
        number, dist = AT_ONCE[folder]
        arguments = [*arguments, "-n", str(number), "--dist", dist]
    report = RESULTS / f"{folder}.xml"
    report.unlink(missing_ok=True)
    environment = dict(os.environ, DOUBLETOUR=str(build / "doubletour"))
    status = subprocess.call(
        ["/usr/bin/python3", "-m", "pytest", *paths, f"--junitxml={report}", *arguments],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
    )
    counts = dict(NOTHING)
    if report.exists():
        for suite in xml.etree.ElementTree.parse(report).getroot().iter("testsuite"):
            failed = int(suite.get("failures")) + int(suite.get("errors"))
            skipped = int(suite.get("skipped"))
            total = int(suite.get("tests"))
            counts = add(counts, {"passed": max(0, total - failed - skipped), "failed": failed, "skipped": skipped})
    if status != 0 and counts["failed"] == 0:
        counts["failed"] = 1
    return counts


def run(suite, build, arguments):
    print(f"\n== {suite} ==", flush=True)
    if suite == "unit":
        return run_unit(build, arguments)
    return run_pytest(suite, build, arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variant", default="test")
    parser.add_argument("--name", default="test")
    parser.add_argument("--pytest-args", default="-q")
    parser.add_argument("suites", nargs="+", choices=["unit", "e2e", "browser"])
    options = parser.parse_args()

    RESULTS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    counts = dict(NOTHING)
    for suite in options.suites:
        counts = add(counts, run(suite, ROOT / "build" / options.variant, shlex.split(options.pytest_args)))
    (RESULTS / f"{options.name}.json").write_text(json.dumps(counts) + "\n")
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"\n{counts['passed']} passed, {counts['failed']} failed{skipped} in {time.monotonic() - began:.0f} s")
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
