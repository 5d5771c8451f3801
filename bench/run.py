#!/usr/bin/python3
"""Compare with others: ratios of times, measured in turns within one run.

    bench/run.py [--build build/bench] [--rounds 21] [ROW ...]

A row is a file of bench/rows with a function comparisons(build), which yields Comparisons (bench/measure.py); without names
all are run.  Prints a table, median and the middle half of the rounds' ratios, and writes build/bench/NAME.json.  Status 1
if a target is missed.
"""

import argparse
import datetime
import importlib
import json
import os
import pathlib
import platform
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True

ROWS = sorted(p.stem for p in (ROOT / "bench/rows").glob("[a-z]*.py"))


def machine():
    names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return {"cpu": names[0] if names else platform.machine(), "cpus": os.cpu_count(), "load": os.getloadavg()[0]}


def line(result):
    return (f"{result['what']:<20} {result['ours']:>9.1f} {result['theirs']:>9.1f} {result['unit']:<3} {result['other']:<14}"
            f" {result['ratio']:>6.3f}  {result['ratio_low']:.3f} to {result['ratio_high']:.3f}"
            f"  {result['target']:>5} {'' if result['met'] else '  MISSED'}").rstrip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/bench")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=" ".join(ROWS))
    options = parser.parse_args()
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; the rows are {' '.join(ROWS)}")
    missed = False
    print(f"{'':<20} {'ours':>9} {'theirs':>9} {'':<3} {'whose':<14} {'ratio':>6}  {'middle half':<14}  target")
    for row in options.rows or ROWS:
        results = []
        for comparison in importlib.import_module(f"bench.rows.{row}").comparisons(options.build):
            results.append(comparison.run(options.rounds))
            print(line(results[-1]), flush=True)
        record = {"date": datetime.date.today().isoformat(), "machine": machine(), "results": results}
        (options.build / f"{row}.json").write_text(json.dumps(record, indent=2) + "\n")
        missed |= not all(result["met"] for result in results)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
