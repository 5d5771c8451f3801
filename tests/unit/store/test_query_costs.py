"""The cost of queries does not grow with the entries that a user can add to the audit trail.

SQLite counts the instructions of its virtual machine, which depend on the data and not on the machine.
"""
import contextlib
import os
import pathlib
import sqlite3
import sys

import pytest

ROOT = pathlib.Path(os.environ['SOURCE_ROOT'])
sys.path.insert(0, str(ROOT / 'tools'))
import compile_sql  # noqa: E402

OWNER, LAST = 7, (1 << 63) - 1
ATTEMPT = 1_760_000_000_000_000  # time of the failed attempt
FEW, MANY = 1_000, 100_000
ENTRY = 'INSERT INTO audit (at_us, event, outcome, reason, account_id, address, agent, request_id, client)'
OWN = (f"{ENTRY} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
       f"SELECT {ATTEMPT} + i * 1000, 'app.signed-in', 'passed', 'asked', {OWNER}, '192.0.2.1', 'Mozilla/5.0', 'request', 'wiki' FROM n")
# query, parameters, whether the owner's entries answer it
QUERIES = [
    ('alarm_possible', (OWNER, ATTEMPT - 1), True),
    ('alarm_possible', (OWNER, ATTEMPT), False),
    ('alarm_find', (OWNER, ATTEMPT - 1, 900_000_000), True),
    ('alarm_find', (OWNER, ATTEMPT, 900_000_000), False),
    ('own_activity', (OWNER, LAST, 21, LAST), True),
    ('own_activity', (OWNER, 500, 21, 0), True),
    ('audit_client_newest', (OWNER, 'app.signed-in', 'chat', ATTEMPT, ATTEMPT + 3_600_000_000, 'asked'), False),
]


TEXTS = {query.name: query.texts['sqlite'] for query in compile_sql.read_queries(sorted((ROOT / 'src/store/sql').glob('*.sql')))}


def filled(entries):
    """Return a database with one failed attempt at the account, and then this many entries of the owner."""
    db = sqlite3.connect(':memory:')
    for _, entry in compile_sql.read_migrations(sorted((ROOT / 'migrations').glob('*.sql'))):
        for statement in compile_sql.statements(entry['up', 'sqlite']):
            db.execute(statement['sqlite'])
    db.execute(f"{ENTRY} VALUES ({ATTEMPT}, 'signin.refused', 'refused', 'password', {OWNER}, '203.0.113.9', '', '', '')")
    db.execute(OWN, [entries])
    return db


@pytest.fixture(scope='module')
def databases():
    with contextlib.closing(filled(FEW)) as few, contextlib.closing(filled(MANY)) as many:
        yield few, many


def measured(db, name, parameters):
    """Return the rows, and the number of instructions, in tens."""
    steps = 0

    def count():
        nonlocal steps
        steps += 1

    db.set_progress_handler(count, 10)
    try:
        return db.execute(TEXTS[name], parameters).fetchall(), steps
    finally:
        db.set_progress_handler(None, 0)


@pytest.mark.parametrize('name, parameters, answered', QUERIES)
def test_own_entries_do_not_make_a_query_slower(databases, name, parameters, answered):
    (rows, few), (_, many) = (measured(db, name, parameters) for db in databases)
    assert any(any(row) for row in rows) == answered
    assert many <= few + 1, f'{name}: {few}0 instructions after {FEW} entries, {many}0 after {MANY}'


def test_a_query_that_reads_all_own_entries_is_noticed(databases):
    for db in databases:
        db.execute('SAVEPOINT without')
        db.execute('DROP INDEX audit_failed')
    (_, few), (_, many) = (measured(db, 'alarm_find', (OWNER, ATTEMPT - 1, 900_000_000)) for db in databases)
    for db in databases:
        db.execute('ROLLBACK TO without')
    assert many > 50 * few
