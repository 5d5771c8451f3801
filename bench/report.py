"""Print the results of the bench: each line of the table, the table in Markdown, and a chart."""

import json
import math
import pathlib

import jinja2

HEAD = f"{'':<28} {'ours':>10} {'theirs':>10} {'':<4} {'whose':<18} {'ratio':>7}  {'middle half':<16}  target"
CHART = pathlib.Path(__file__).parent / "chart.svg.jinja"


def number(x):
    """Format a number with three significant digits, without an exponent."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def target(result):
    return f"{'≥' if result['more'] else '≤'} {number(result['target'])}"


def line(result):
    half = f"{number(result['ratio_low'])} to {number(result['ratio_high'])}"
    return (f"{result['what']:<28} {number(result['ours']):>10} {number(result['theirs']):>10} {result['unit']:<4} {result['other']:<18}"
            f" {number(result['ratio']):>7}  {half:<16}  {target(result):>6}{'' if result['met'] else '  MISSED'}")


def markdown(whole):
    rows = ["| what | ours | theirs | | whose | ratio | middle half | target | |", "|---|---|---|---|---|---|---|---|---|"]
    for r in whole["results"]:
        rows.append(f"| {r['what']} | {number(r['ours'])} | {number(r['theirs'])} | {r['unit']} | {r['other']} | {number(r['ratio'])} "
                    f"| {number(r['ratio_low'])} to {number(r['ratio_high'])} | {target(r)} | {'' if r['met'] else 'missed'} |")
    return "\n".join(rows) + "\n"


def bars(results, width):
    """Yield the distance of each result from its target on a logarithmic scale; the target is in the middle."""
    reach = math.log(max(4.0, *(max(gain(r), 1 / gain(r)) for r in results)))
    for row, r in enumerate(results):
        end = width / 2 * (1 + math.log(gain(r)) / reach)
        yield {"row": row, "x": min(width / 2, end), "width": abs(end - width / 2), "met": r["met"], "what": r["what"], "other": r["other"],
               "says": f"{number(r['ratio'])} ({target(r)})"}


def gain(r):
    return r["ratio"] / r["target"] if r["more"] else r["target"] / r["ratio"]


def chart(whole):
    width = 420
    template = jinja2.Environment(autoescape=True, trim_blocks=True).from_string(CHART.read_text())
    return template.render(bars=list(bars(whole["results"], width)), width=width, date=whole["date"], machine=whole["machine"])


def write(whole, folder):
    (folder / "bench.json").write_text(json.dumps(whole, indent=2) + "\n")
    (folder / "bench.md").write_text(markdown(whole))
    (folder / "bench.svg").write_text(chart(whole))
