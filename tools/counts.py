"""The result of a test run: the numbers of passed and skipped tests, and the failures with their reasons."""

import json
import pathlib
import re

RESULTS = pathlib.Path(__file__).resolve().parent.parent / "build" / "results"
TAP = re.compile(r"^(not )?ok\b[ \t]*\d*(.*)$", re.MULTILINE)
WHY = 240  # most characters of a failure's reason in the final list


class Counts:
    def __init__(self, passed=0, skipped=0, failures=()):
        self.passed, self.skipped, self.failures = passed, skipped, list(failures)

    def __add__(self, other):
        return Counts(self.passed + other.passed, self.skipped + other.skipped, self.failures + other.failures)

    def fail(self, what):
        """Count a failure that no single test reported."""
        if not self.failures:
            self.failures.append(what)

    def write(self, name):
        RESULTS.mkdir(parents=True, exist_ok=True)
        counts = {"passed": self.passed, "failed": len(self.failures), "skipped": self.skipped, "failures": self.failures}
        (RESULTS / f"{name}.json").write_text(json.dumps(counts) + "\n")

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {len(self.failures)} failed{skipped}"


def in_a_line(*words):
    return " ".join(" ".join(words).split())[:WHY]


def why_of(lines):
    """Return cmocka's message from the lines of TAP after a `not ok`."""
    said = re.split(r"^(?:not )?ok\b", lines, maxsplit=1, flags=re.MULTILINE)[0]
    return said.replace("#", " ")


def count_tap(program, text):
    counts = Counts()
    for found in TAP.finditer(text):
        negated, rest = found.groups()
        if re.search(r"#\s*SKIP", rest, re.IGNORECASE):
            counts.skipped += 1
        elif negated:
            counts.failures.append(in_a_line(program, rest.strip(" -"), why_of(text[found.end():])))
        else:
            counts.passed += 1
    return counts
