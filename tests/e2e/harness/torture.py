"""Sizes of a test: a sample in `make test`, the whole in .ci/run (TEST_WHOLE), more in `make torture` (TORTURE)."""

import json
import os
import random

from harness.server import ROOT

LONG = bool(os.environ.get("TORTURE"))
WHOLE = LONG or bool(os.environ.get("TEST_WHOLE"))
EVIDENCE = ROOT / "build" / "evidence"
# `make test` always uses the same seed
SEED = int(os.environ.get("TORTURE_SEED", "0")) or (random.randrange(1, 2**32) if LONG else 1741)


def scaled(short, long, whole=None):
    """Return the size for this run.

    whole: the size in .ci/run, if it differs from `make test`; such tests are marked `sampled`.
    """
    if LONG:
        return long
    return whole if WHOLE and whole is not None else short


def evidence(name, **figures):
    """Store the figures for docs/explain/evidence.md, and print them."""
    EVIDENCE.mkdir(parents=True, exist_ok=True)
    figures = {"name": name, "long": LONG, **figures}
    (EVIDENCE / f"{name.replace(' ', '-')}.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(f"\n# {name}: " + ", ".join(f"{k} {v}" for k, v in figures.items() if k != "name"))


def chance():
    """Return a reproducible source of random numbers.

    The seed is printed when a test fails; TORTURE_SEED=… repeats a run.
    """
    print(f"\n# TORTURE_SEED={SEED}")
    return random.Random(SEED)
