"""`pytest --rows N` leaves out rows, but no test.  `--beyond-rows N` runs the rest."""

import os
import re
import subprocess

import pytest

import rows
from harness.server import ROOT

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan, pytest.mark.without_tsan]


@pytest.mark.parametrize("count, most, kept", [(1, 3, {0}), (3, 3, {0, 1, 2}), (4, 3, {0, 2, 3}), (388, 3, {0, 194, 387}), (5, 1, {0}), (10, 4, {0, 3, 6, 9})])
def test_kept_rows_are_the_first_the_last_and_some_between(count, most, kept):
    assert rows.spread(count, most) == kept


class Item:
    def __init__(self, nodeid, mark=None):
        self.nodeid, self.mark = nodeid, mark

    def get_closest_marker(self, name):
        return name == self.mark or None


def test_every_test_keeps_a_row():
    items = [Item(f"a.py::{name}") for name in ("one", *(f"many[{n}[x]]" for n in range(9)), "other[1]")]
    assert {item.nodeid for item in rows.surplus(items, 2)} == {f"a.py::many[{n}[x]]" for n in range(1, 8)}


def test_one_row_of_an_expensive_test_runs():
    tests = [f"test_{n}" for n in range(12)]
    items = [Item(f"a.py::{name}[{n}]", "one_row") for name in tests for n in range(3)]
    left = [item.nodeid.removeprefix("a.py::") for item in items if item not in rows.surplus(items, 3)]
    assert [row.partition("[")[0] for row in left] == tests
    assert {row.partition("[")[2] for row in left} == {"0]", "1]", "2]"}


def test_rest_is_other_rows_and_whole_and_sampled_tests():
    items = [Item(f"a.py::many[{n}]") for n in range(5)]
    items += [Item("a.py::many[5]", "whole"), Item("a.py::one"), Item("a.py::big", "whole"), Item("a.py::half", "sampled")]
    rest = [item.nodeid for item in items if item not in rows.done(items, 3)]
    assert rest == ["a.py::many[1]", "a.py::many[3]", "a.py::many[5]", "a.py::big", "a.py::half"]


def collected(*options, **variables):
    """Return the tests that a run with these options and environment variables would run."""
    environment = {name: value for name, value in os.environ.items() if name not in ("TEST_WHOLE", "TORTURE") and not name.startswith("PYTEST")}
    done = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "--collect-only", *options, "tests/e2e", "tests/browser"],
                          cwd=ROOT, env={**environment, **variables}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return set(re.findall(r"^(?:e2e|browser)/.*", done.stdout, re.MULTILINE))


@pytest.mark.whole
def test_make_test_and_stage_whole_run_each_test_together():
    options = {"Makefile": r"--pytest-args='-q (--rows \d+)'", ".ci/run": r"--pytest-args=-q (--beyond-rows \d+)"}
    short, rest = (re.search(pattern, (ROOT / file).read_text())[1].split() for file, pattern in options.items())
    every = collected(TEST_WHOLE="1")
    assert len(every) > 4000
    assert collected(*short) | collected(*rest, TEST_WHOLE="1") == every
