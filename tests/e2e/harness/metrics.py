"""Reads /metrics, and the names in expressions of PromQL."""

import re

import requests
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text_families

from harness.server import ROOT

DEFINITIONS = ROOT / "src/ipc/metrics.def"
TEXT, OPENMETRICS = "text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0"
PARSERS = {TEXT: text_families, OPENMETRICS: openmetrics.text_string_to_metric_families}


def scrape(server, accept=TEXT):
    answer = requests.get(f"http://{server.environment['METRICS']}/metrics", headers={"Accept": accept}, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith(accept.replace(";", "; ")), "the body has the format of its type"
    return answer.text


def samples(server, accept=TEXT):
    """Return {(name, ((label, value), ...)): number} of one answer."""
    found = [sample for family in PARSERS[accept](scrape(server, accept)) for sample in family.samples]
    numbers = {(s.name, tuple(sorted(s.labels.items()))): s.value for s in found}
    assert len(numbers) == len(found), "no series is repeated"
    return numbers


def value(numbers, name, **labels):
    return numbers.get((name, tuple(sorted(labels.items()))), 0)


def total(numbers, name, **labels):
    """Return the sum of the series that have these labels, and perhaps others."""
    return sum(n for (one, its), n in numbers.items() if one == name and set(labels.items()) <= set(its))


# --- definitions and expressions --------------------------------------------------------------------------------------


def defined():
    """Return {name of a sample: its labels}, from the definitions."""
    names = {}
    for name, kind, first, second in re.findall(r'^METRIC\(\w+, "(\w+)", (\w+), \w+, (?:"(\w+)"|NULL), (?:"(\w+)"|NULL),', DEFINITIONS.read_text(), re.M):
        labels = {label for label in (first, second) if label}
        for ending in ("_bucket", "_sum", "_count") if kind == "HISTOGRAM" else ("",):
            names[name + ending] = labels | ({"le"} if ending == "_bucket" else set())
    return names


FUNCTIONS = {"sum", "min", "max", "count", "rate", "increase", "topk", "histogram_quantile", "time"}
SCRAPED = {"job", "instance"}


def unknown_names(expression, metrics):
    """Return the names in an expression that are neither metrics, nor labels of them, nor functions."""
    bare = re.sub(r'"[^"]*"', '""', expression).replace("$__rate_interval", "5m")
    named = set(re.findall(r"\b(?:doubletour|process)_\w+", bare)) | ({"up"} if re.search(r"\bup\b", bare) else set())
    labels = set().union(SCRAPED, *(metrics.get(name, set()) for name in named))
    words = set(re.findall(r"(?<![\w$])[a-zA-Z_]\w*", bare)) - {"by"}
    return sorted(words - FUNCTIONS - labels - set(metrics) - {"up"})
