#!/usr/bin/python3
"""Run test suites and add up what they say, test by test.

    tools/test.py [--variant test] [--name NAME] [--pytest-args "..."] [--no-suite SUITE] [--whole-unit] unit e2e

Each suite says what failed as it goes; at the end what failed is named again, with why in a line, and the last line is
"N passed, N failed".  Counts and names are also written to build/results/NAME.json, where .ci/run finds them.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time
import xml.etree.ElementTree

from counts import RESULTS, WHY, Counts, count_tap, in_a_line

ROOT = pathlib.Path(__file__).resolve().parent.parent
AT_ONCE = 2 * min(4, os.cpu_count() or 1)  # half of the time of a test is waiting: for a start, a reply, a deadline
BYTECODE = ROOT / "build" / "bytecode"  # of the tests, which pytest rewrites


def count_program(record):
    """One line of meson's testlog.json: a program, perhaps with many tests."""
    counts = count_tap(record["name"], record.get("stdout") or "")
    if record["result"] == "SKIP":
        return Counts(skipped=max(1, counts.skipped))
    if record["result"] not in ("OK", "EXPECTEDFAIL"):
        # a crash, a timeout, or a failure that is not TAP
        said = record.get("stderr") or record.get("stdout") or ""
        counts.fail(in_a_line(record["name"], f"ended as {record['result']}:", said[-WHY // 2:]))
    elif counts.passed + counts.skipped == 0:
        counts.passed = 1
    return counts


def count_case(case):
    """A testcase of pytest's JUnit report."""
    for bad in (*case.findall("failure"), *case.findall("error")):
        return Counts(failures=[in_a_line(f"{case.get('classname')}::{case.get('name')}", bad.get("message") or "")])
    return Counts(skipped=1) if case.find("skipped") is not None else Counts(passed=1)


def run_unit(build, options, output=None):
    """Run meson's tests; write what they print to output (None: to the terminal)."""
    environment = dict(os.environ, **({"TEST_WHOLE": "1"} if options.whole_unit else {}))
    log = build / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    status = subprocess.call(
        ["meson", "test", "-C", str(build), "--no-rebuild", "--print-errorlogs", "--num-processes", str(AT_ONCE),
         *(["--timeout-multiplier", "90"] if options.whole_unit else []), *(f"--no-suite={suite}" for suite in options.no_suite)],
        env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output and subprocess.STDOUT
    )
    counts = Counts()
    if log.exists():
        for line in log.read_text(errors="replace").splitlines():
            counts += count_program(json.loads(line))
    if status != 0:
        counts.fail(f"meson test ended with {status}")
    return counts


def environment_of(build):
    environment = dict(os.environ, DOUBLETOUR=str(build / "doubletour"), PYTHONPYCACHEPREFIX=str(BYTECODE))
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    # Leaks are looked for in the unit tests: the leak finder traces its process, which the wall forbids.
    if "ASAN_OPTIONS" in environment:
        environment["ASAN_OPTIONS"] += ":detect_leaks=0"
    return environment


def run_pytest(folders, build, arguments):
    """Folders of tests in one run, so that no processor is idle at the end of each."""
    paths = [] if any(a.startswith("tests/") for a in arguments) else [f"tests/{folder}" for folder in folders]
    report = RESULTS / f"{'-'.join(folders)}.xml"
    report.unlink(missing_ok=True)
    pytest = ["/usr/bin/python3", "-m", "pytest", *paths, *arguments]
    how = {"cwd": ROOT, "env": environment_of(build), "stdin": subprocess.DEVNULL}
    if not BYTECODE.exists():  # one process rewrites the tests, not each worker
        subprocess.call([*pytest, "--collect-only"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)
    status = subprocess.call([*pytest, f"--junitxml={report}", "-n", str(AT_ONCE)], **how)
    counts = Counts()
    if report.exists():
        for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
            counts += count_case(case)
    if status != 0:
        counts.fail(f"pytest of {', '.join(folders)} ended with {status}")
    return counts


def run_beside(folders, build, options):
    """Run the unit tests beside the others, whose workers wait a tenth of the time.  Show their output at the end."""
    printed = RESULTS / "unit.log"
    with open(printed, "wb") as output, concurrent.futures.ThreadPoolExecutor() as threads:
        unit = threads.submit(run_unit, build, options, output)
        counts = run_pytest(folders, build, shlex.split(options.pytest_args))
        counts += unit.result()
    print("\n== unit ==", flush=True)
    print(printed.read_text(errors="replace"), flush=True)
    return counts


def run(suites, build, options):
    print(f"\n== {', '.join(suites)} ==", flush=True)
    folders = [suite for suite in suites if suite != "unit"]
    if not folders:
        return run_unit(build, options)
    if "unit" in suites:
        return run_beside(folders, build, options)
    return run_pytest(folders, build, shlex.split(options.pytest_args))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variant", default="test")
    parser.add_argument("--name", default="test")
    parser.add_argument("--pytest-args", default="-q")
    parser.add_argument("--no-suite", action="append", default=[], help="of the unit tests: leave these out")
    parser.add_argument("--whole-unit", action="store_true", help="run the unit tests whole, the other suites as without it")
    parser.add_argument("suites", nargs="+", choices=["unit", "e2e", "browser"])
    options = parser.parse_args()

    RESULTS.mkdir(parents=True, exist_ok=True)  # for pytest's reports
    began = time.monotonic()
    counts = run(options.suites, ROOT / "build" / options.variant, options)
    counts.write(options.name)
    for failure in counts.failures:
        print(f"failed: {failure}")
    print(f"\n{counts} in {time.monotonic() - began:.0f} s")
    return 1 if counts.failures or not counts.passed else 0


if __name__ == "__main__":
    sys.exit(main())
