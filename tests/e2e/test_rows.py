"""`pytest --rows N` leaves out rows, but no test."""

import pytest

import rows

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan, pytest.mark.without_tsan]


@pytest.mark.parametrize("count, most, kept", [(1, 3, {0}), (3, 3, {0, 1, 2}), (4, 3, {0, 2, 3}), (388, 3, {0, 194, 387}), (5, 1, {0}), (10, 4, {0, 3, 6, 9})])
def test_kept_rows_are_the_first_the_last_and_some_between(count, most, kept):
    assert rows.spread(count, most) == kept


class Item:
    def __init__(self, nodeid):
        self.nodeid = nodeid


def test_every_test_keeps_a_row():
    items = [Item(f"a.py::{name}") for name in ("one", *(f"many[{n}[x]]" for n in range(9)), "other[1]")]
    assert {item.nodeid for item in rows.surplus(items, 2)} == {f"a.py::many[{n}[x]]" for n in range(1, 8)}
