"""Measurements.  A comparison alternates between two programs within one run, so that other load on the machine affects
both.  A limit compares one figure with its allowed maximum.
"""

import dataclasses
import statistics
import subprocess
import typing


class Answering:
    """A program that answers each line with a number of nanoseconds."""

    def __init__(self, command):
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer or int(answer) <= 0:
            raise SystemExit(f"bench: {self.process.args[0]} does not answer {line}: {answer!r}")
        return int(answer)


@dataclasses.dataclass
class Comparison:
    what: str
    other: str  # the program that we are compared with
    ours: typing.Callable[[], float]  # each call measures once, in `unit`
    theirs: typing.Callable[[], float]
    unit: str
    target: float  # the highest allowed ratio of ours / theirs, or the lowest one if more is better
    more: bool = False
    rounds: typing.Optional[int] = None  # None: the number given to run()

    def run(self, rounds):
        """Return both medians, and the quartiles of the rounds' ratios."""
        rounds = self.rounds or rounds
        self.ours(), self.theirs()  # warm-up
        pairs = []
        for i in range(rounds):
            if i % 2:
                theirs, ours = self.theirs(), self.ours()
            else:
                ours, theirs = self.ours(), self.theirs()
            pairs.append((ours, theirs))
        low, ratio, high = statistics.quantiles([ours / theirs for ours, theirs in pairs], n=4)
        return {"what": self.what, "other": self.other, "unit": self.unit, "rounds": rounds, "target": self.target, "more": self.more,
                "ours": statistics.median(o for o, _ in pairs), "theirs": statistics.median(t for _, t in pairs),
                "ratio": ratio, "ratio_low": low, "ratio_high": high, "met": ratio >= self.target if self.more else ratio <= self.target}


def rates(what, other, ours, theirs, target, rounds=9):
    """Compare two loads by their answers per second: more is better."""
    return Comparison(what, other, ours, theirs, unit="1/s", target=target, more=True, rounds=rounds)


@dataclasses.dataclass
class Limit:
    """One figure: its median is compared with the allowed maximum."""
    what: str
    measure: typing.Callable[[], float]
    unit: str
    most: float
    rounds: int = 1

    def run(self, _):
        figures = sorted(self.measure() for _ in range(self.rounds))
        median = statistics.median(figures)
        return {"what": self.what, "other": "limit", "unit": self.unit, "rounds": self.rounds, "target": 1.0, "more": False, "ours": median,
                "theirs": self.most, "ratio": median / self.most, "ratio_low": figures[0] / self.most, "ratio_high": figures[-1] / self.most,
                "met": median <= self.most}
