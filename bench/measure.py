"""How figures are taken: two ways of doing the same in turns within one run, so that what else the machine does meets both; or one
figure against a limit."""

import dataclasses
import statistics
import subprocess
import typing


class Answering:
    """A program that answers each line with a number: nanoseconds."""

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
    other: str  # whom we are compared with
    ours: typing.Callable[[], float]  # each measures once, in `unit`
    theirs: typing.Callable[[], float]
    unit: str
    target: float  # ours / theirs: at most, or at least where more is better
    more: bool = False
    rounds: typing.Optional[int] = None  # None: as many as asked for

    def run(self, rounds):
        """Medians, and the quarters of the rounds' ratios."""
        rounds = self.rounds or rounds
        self.ours(), self.theirs()  # warm
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
    """Two loads, by their answers a second: more is better."""
    return Comparison(what, other, ours, theirs, unit="1/s", target=target, more=True, rounds=rounds)


@dataclasses.dataclass
class Limit:
    """One figure; what counts is its median, and how it stands to the most that it may be."""
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
