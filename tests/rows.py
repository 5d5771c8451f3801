"""Which rows of a parametrized test run with `pytest --rows N`, N of each, and which with `--beyond-rows N`."""

import hashlib


def spread(count, most):
    """Return at most that many numbers below count: the first, the last, and others at equal distances."""
    if count <= most:
        return set(range(count))
    return {round(n * (count - 1) / max(1, most - 1)) for n in range(most)}


def kept(test, rows, most):
    """Return the numbers of the rows to run.  Tests marked `one_row` run different ones."""
    if rows[0].get_closest_marker("one_row"):
        return {int(hashlib.sha256(test.encode()).hexdigest(), 16) % len(rows)}
    return spread(len(rows), most)


def surplus(items, most):
    """Return the rows to leave out so that each parametrized test has at most that many."""
    rows_of = {}
    for item in items:
        rows_of.setdefault(item.nodeid.partition("[")[0], []).append(item)
    return {item for test, rows in rows_of.items() for n, item in enumerate(rows) if n not in kept(test, rows, most)}


def done(items, most):
    """Return the tests that `pytest --rows most` runs in full when TEST_WHOLE is not set."""
    short = [item for item in items if not item.get_closest_marker("whole")]
    left_out = surplus(short, most)
    return {item for item in short if item not in left_out and not item.get_closest_marker("sampled")}
