"""fuzz/run.sh --runs, with a program in place of a target: calls are counted over several runs, and faults end them."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

SOURCE = pathlib.Path(os.environ["SOURCE_ROOT"])
RUN = SOURCE / "fuzz/run.sh"
# Behaves like libFuzzer: makes the calls that -runs= asks for, prints their number at the end, and fails after a fault.
TARGET = """#!/bin/sh
echo "$@" "ASAN_OPTIONS=$ASAN_OPTIONS" >>called
[ ! -f fault ] || { echo "promise broken: fuzz_x.c:1"; exit 77; }
for option; do case $option in -runs=*) calls=${option#-runs=} ;; esac; done
[ ! -f short ] || calls=$(((calls + 1) / 2))
[ ! -f idle ] || calls=0
echo "stat::number_of_executed_units: $calls"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "fuzz/corpus/x").mkdir(parents=True)
    (tmp_path / "build/fuzz/fuzz").mkdir(parents=True)
    (tmp_path / "build/fuzz/calls").mkdir()
    shutil.copy(RUN, tmp_path / "fuzz/run.sh")
    program = tmp_path / "build/fuzz/fuzz/fuzz_x"
    program.write_text(TARGET)
    program.chmod(0o755)
    return tmp_path


def run(folder, calls, target="x"):
    return subprocess.run([folder / "fuzz/run.sh", "--one", str(calls), "calls", target], capture_output=True, text=True, timeout=60)


def parts(folder):
    return [word.removeprefix("-runs=") for word in (folder / "called").read_text().split() if word.startswith("-runs=")]


def kept(folder):
    return int((folder / "build/fuzz/calls/x").read_text().split()[0])


def test_long_run_has_parts_and_reaches_its_number(folder):
    result = run(folder, 12_000_000)
    assert result.returncode == 0 and result.stdout.split()[:3] == ["ok", "x", "12000000"], result
    assert parts(folder) == ["5000000", "5000000", "2000000"]


def test_second_run_makes_the_calls_that_are_missing(folder):
    run(folder, 3_000_000)
    assert run(folder, 4_000_000).returncode == 0 and parts(folder) == ["3000000", "1000000"]
    assert run(folder, 4_000_000).returncode == 0 and parts(folder)[2:] == [] and kept(folder) == 4_000_000


def test_part_that_ends_at_its_timeout_counts_its_calls(folder):
    (folder / "short").touch()
    run(folder, 1000)
    assert parts(folder)[:3] == ["1000", "500", "250"] and kept(folder) == 1000


def test_target_that_makes_no_call_is_a_fault(folder):
    (folder / "idle").touch()
    assert run(folder, 1000).returncode == 1


def test_fault_ends_the_run_and_keeps_the_number(folder):
    run(folder, 2_000_000)
    (folder / "fault").touch()
    result = run(folder, 3_000_000)
    assert result.returncode == 1 and "NOT OK  x" in result.stdout and "promise broken" in result.stdout
    assert kept(folder) == 2_000_000


@pytest.mark.parametrize("target, limit", [("attestation", "ATTESTATION"), ("auth_data", "AUTH_DATA"), ("client_data", "CLIENT_DATA")])
def test_longest_input_is_above_the_limit_of_the_code(folder, target, limit):
    (folder / "build/fuzz/fuzz/fuzz_x").rename(folder / f"build/fuzz/fuzz/fuzz_{target}")
    assert run(folder, 1, target).returncode == 0
    accepted = int(re.search(rf"WEBAUTHN_{limit}_MAX = (\d+)", (SOURCE / "src/webauthn/webauthn.h").read_text())[1])
    tried = int(re.search(r"-max_len=(\d+)", (folder / "called").read_text())[1])
    assert accepted < tried <= accepted + 16


def test_options_of_the_caller_come_after_ours(folder, monkeypatch):
    monkeypatch.setenv("ASAN_OPTIONS", "malloc_context_size=30")
    run(folder, 1)
    assert re.search(r"ASAN_OPTIONS=\S*malloc_context_size=1:malloc_context_size=30$", (folder / "called").read_text(), re.M)
