"""Three sizes of one test: a sample in `make test`, the whole in .ci/run (TEST_WHOLE), and what the long campaign (`make torture`) does."""

import json
import os
import random

from harness.server import ROOT

LONG = bool(os.environ.get("TORTURE"))
WHOLE = LONG or bool(os.environ.get("TEST_WHOLE"))
EVIDENCE = ROOT / "build" / "evidence"
SEED = int(os.environ.get("TORTURE_SEED", "0")) or (random.randrange(1, 2**32) if LONG else 1741)  # `make test` is the same each time


def scaled(short, long, whole=None):
    """whole: where it differs from the sample of `make test`; such tests are marked `sampled`."""
    if LONG:
        return long
    return whole if WHOLE and whole is not None else short


def evidence(name, **figures):
    """Keep what was seen, for docs/explain/evidence.md, and show it."""
    EVIDENCE.mkdir(parents=True, exist_ok=True)
    figures = {"name": name, "long": LONG, **figures}
    (EVIDENCE / f"{name.replace(' ', '-')}.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(f"\n# {name}: " + ", ".join(f"{k} {v}" for k, v in figures.items() if k != "name"))


def chance():
    """Randomness that can be had again: TORTURE_SEED=… ; the number is shown when a test fails."""
    print(f"\n# TORTURE_SEED={SEED}")
    return random.Random(SEED)
