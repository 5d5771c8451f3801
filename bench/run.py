#!/usr/bin/python3
"""Measure Doubletour; compare the figures with those of other programs in the same run, or with a limit.

    bench/run.py [--build build/bench] [--rounds 21] [ROW ...]

A row is a file of bench/rows.  Its function comparisons(testbed) yields Comparisons and Limits (bench/measure.py).
Without names all rows run.  Prints a table: medians, the median of the rounds' ratios and their middle half.  Writes
NAME.json for each row into the folder of the build.  A whole run also writes bench.json, bench.svg (a chart) and
bench.md (the table of docs/explain/performance.md).  Status 1 if a target is missed.
"""

import argparse
import datetime
import importlib
import json
import os
import pathlib
import platform
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True

from bench import report  # noqa: E402
from bench.testbed import Testbed  # noqa: E402

ROWS = sorted(p.stem for p in (ROOT / "bench/rows").glob("[a-z]*.py"))


def machine():
    names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return {"cpu": names[0] if names else platform.machine(), "cpus": os.cpu_count(), "load": os.getloadavg()[0]}


def run_row(row, options):
    results = []
    with Testbed(options.build) as testbed:
        for comparison in importlib.import_module(f"bench.rows.{row}").comparisons(testbed):
            results.append(comparison.run(options.rounds))
            print(report.line(results[-1]), flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/bench")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=" ".join(ROWS))
    options = parser.parse_args()
    options.build = options.build.resolve()
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; the rows are {' '.join(ROWS)}")
    began = time.monotonic()
    whole = {"date": datetime.date.today().isoformat(), "machine": machine(), "results": []}
    print(report.HEAD)
    for row in options.rows or ROWS:
        results = run_row(row, options)
        (options.build / f"{row}.json").write_text(json.dumps({**whole, "results": results}, indent=2) + "\n")
        whole["results"] += results
    if not options.rows:
        report.write(whole, options.build)
    print(f"{sum(r['met'] for r in whole['results'])} of {len(whole['results'])} targets met, in {time.monotonic() - began:.0f} s")
    return 0 if all(r["met"] for r in whole["results"]) else 1


if __name__ == "__main__":
    sys.exit(main())
