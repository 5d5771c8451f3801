"""How two ways of doing the same are compared: in turns within one run, so that what else the machine does meets both."""

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
    ours: typing.Callable[[], float]  # each measures once: the time of one, in `unit`
    theirs: typing.Callable[[], float]
    unit: str
    target: float  # ours / theirs at most

    def run(self, rounds):
        """Medians, and the quarters of the rounds' ratios."""
        self.ours(), self.theirs()  # warm
        pairs = []
        for i in range(rounds):
            if i % 2:
                theirs, ours = self.theirs(), self.ours()
            else:
                ours, theirs = self.ours(), self.theirs()
            pairs.append((ours, theirs))
        low, ratio, high = statistics.quantiles([ours / theirs for ours, theirs in pairs], n=4)
        return {"what": self.what, "other": self.other, "unit": self.unit, "rounds": rounds, "target": self.target,
                "ours": statistics.median(o for o, _ in pairs), "theirs": statistics.median(t for _, t in pairs),
                "ratio": ratio, "ratio_low": low, "ratio_high": high, "met": ratio <= self.target}
