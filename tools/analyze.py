#!/usr/bin/python3
"""Run gcc's static analyser on every file of src/, with the arguments of build/test (tools/build test).

    tools/analyze.py [PATH...]

EXCEPTIONS lists the false findings, each with its reason: (file, function, warning).  An exception that matches no
finding is an error.
"""

import concurrent.futures
import os
import re
import shlex
import subprocess
import sys

from compile_database import commands

FINDING = re.compile(r"^(?:\.\./)*([^:]+):(\d+):\d+: warning: (.*) \[(?:CWE-\d+\] \[)?-Wanalyzer-([a-z-]+)\]", re.MULTILINE)
FUNCTION = re.compile(r"In function ‘([^’]+)’|In function '([^']+)'")

EXCEPTIONS = {}


def analyse(path, entry):
    arguments = shlex.split(entry["command"])
    arguments = [a for a in arguments if not a.startswith(("-M", "-fdiagnostics"))]
    at = arguments.index("-o")
    del arguments[at:at + 2]
    arguments = [a for a in arguments if not a.endswith(".o.d")] + ["-fanalyzer", "-o", os.devnull]
    done = subprocess.run(arguments, cwd=entry["directory"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    findings, function = [], ""
    for line in done.stderr.splitlines():
        if m := FUNCTION.search(line):
            function = m[1] or m[2]
        if m := FINDING.match(line):
            findings.append((path, function, m[4], m[2], m[3]))
    if done.returncode != 0:
        findings.append((path, "", "does-not-compile", "0", done.stderr[-300:]))
    return findings


def main():
    met, wrong = set(), 0
    chosen = [(path, entry) for path, entry in commands().items() if not sys.argv[1:] or path in sys.argv[1:]]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for findings in pool.map(lambda c: analyse(*c), chosen):
            for path, function, warning, line, text in findings:
                met.add((path, function, warning))
                if (path, function, warning) not in EXCEPTIONS:
                    wrong += 1
                    print(f"{path}:{line}: {function}: {text} [{warning}]")
    if not sys.argv[1:]:
        for gone in set(EXCEPTIONS) - met:
            wrong += 1
            print(f"gcc does not report this any more; remove it from EXCEPTIONS: {gone}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
