"""Named queries and their rows: queries that compile_sql.py refuses, and C that does not fit the generated structs."""
import os
import pathlib
import re
import sqlite3
import subprocess
import sys

import pytest

ROOT = pathlib.Path(os.environ['SOURCE_ROOT'])
COMPILER = ROOT / 'tools/compile_sql.py'
sys.path.insert(0, str(ROOT / 'tools'))
import compile_sql  # noqa: E402

NAMED = '-- name: named\n-- row: id int, name text, disabled bool\n'
SELECT = 'SELECT id, name, disabled_at_us IS NOT NULL AS disabled FROM accounts;\n'


def compile_queries(folder, text):
    """The compiler's exit status and messages; it writes queries.h and queries.c into folder/store."""
    (folder / 'sql').mkdir()
    (folder / 'store').mkdir()
    (folder / 'sql/queries.sql').write_text(text)
    made = [folder / 'store' / name for name in ('queries.h', 'queries.c', 'queries.d')]
    done = subprocess.run([sys.executable, COMPILER, 'queries', folder / 'sql', *made], capture_output=True, text=True)
    return done.returncode, done.stderr


# the file, the compiler's message, why
REFUSED = [
    (SELECT.replace('id,', 'id, created_at_us,', 1), 'returns 4 columns, but its row has 3', 'one column too many'),
    ('SELECT id, name FROM accounts;\n', 'returns 2 columns, but its row has 3', 'one column too few'),
    ('SELECT name, id, disabled FROM accounts;\n', 'returns name where its row has id', 'another order'),
    (SELECT.replace('name', 'email'), 'returns email where its row has name', 'another column'),
    (SELECT.replace(' AS disabled', ''), 'has no name: add one with AS', 'an expression without a name'),
    ('DELETE FROM accounts RETURNING id, name;\n', 'returns 2 columns, but its row has 3', 'columns of RETURNING'),
    ('DELETE FROM accounts;\n', 'returns 0 columns, but its row has 3', 'a row for a statement without rows'),
]


@pytest.mark.parametrize('text, says, why', REFUSED, ids=[why for _, _, why in REFUSED])
def test_a_row_other_than_the_columns_is_refused(tmp_path, text, says, why):
    status, said = compile_queries(tmp_path, NAMED + text)
    assert status != 0 and says in said, said


@pytest.mark.parametrize('label, says', [
    ('', 'returns rows and does not declare them'),
    ('-- row: id number, name text, disabled bool\n', 'number is not a type'),
    ('-- row: id, name text, disabled bool\n', '"id" in the declaration of its row is not a name and a type'),
    ('-- row: account\n', 'uses an undeclared row: account'),
])
def test_a_row_that_is_not_well_declared_is_refused(tmp_path, label, says):
    status, said = compile_queries(tmp_path, '-- name: named\n' + label + SELECT)
    assert status != 0 and says in said, said


PAIR = '-- name: one\n-- row: one: id int\nSELECT id FROM a;\n-- name: two\n-- row: two: id int\nSELECT id FROM b;\n-- name: pair\n'


def test_a_name_may_occur_in_two_nested_rows_but_not_twice_in_one(tmp_path):
    for folder, row, text, good in (('good', 'a one, b two', 'SELECT a.id, b.id FROM a, b;\n', True),
                                    ('bad', 'a one, n int, n int', 'SELECT a.id, a.n, b.n FROM a, b;\n', False)):
        (tmp_path / folder).mkdir()
        status, said = compile_queries(tmp_path / folder, PAIR + f'-- row: {row}\n' + text)
        assert (status == 0) == good and good == ('two columns with the same name' not in said), said


def test_databases_that_give_different_rows_are_refused(tmp_path):
    status, said = compile_queries(tmp_path, NAMED + '-- dialect: sqlite\n' + SELECT
                                   + '-- name: named\n-- row: id int\n-- dialect: postgres\nSELECT id FROM accounts;\n')
    assert status != 0 and 'does not return the same row for every database' in said, said


def test_parentheses_and_cases_are_one_column(tmp_path):
    status, said = compile_queries(tmp_path, '-- name: a\n-- row: n int, word text, total int\n'
                                   "SELECT (SELECT count(*) FROM x, y WHERE z = 'FROM') AS n,\n"
                                   "       CASE WHEN a = 1 THEN 'one, two' ELSE b END AS word, sum(a, b) AS total\n"
                                   'FROM accounts a WHERE a.id IN (SELECT 1, 2);\n')
    assert status == 0, said


# --- C that does not compile ------------------------------------------------------------------------------------------

USES = """#include "store/db.h"
static MUST_USE err other_each(void *context, const struct other_row *row) { return row->id == 0 ? ERR_OK : ERR_GONE; }
err use(struct db *db, struct arena *arena);
err
use(struct db *db, struct arena *arena)
{
	struct named_row row = { 0 };
	struct other_row other = { 0 };
	bool found = false;
	TRY(db_row(db, SQL_NAMED, NULL, 0, arena, &row, &found));
	TRY(db_rows(db, SQL_OTHER, NULL, 0, other_each, NULL));
	return other.id == 0 && row.name.n == 0 && !row.disabled ? ERR_OK : ERR_GONE;
}
"""
QUERIES = NAMED + SELECT + '-- name: other\n-- row: id int\nSELECT id FROM accounts;\n' \
    + '-- name: change\nDELETE FROM accounts;\n'


def c_compiles(folder, text):
    """Whether the C compiler accepts the text, and its messages."""
    (folder / 'use.c').write_text(text)
    done = subprocess.run([*os.environ['TEST_CC'].split(), '-std=gnu17', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror',
                           '-Wno-unused-parameter', '-fsyntax-only', f'-I{folder}', f'-I{ROOT / "src"}', folder / 'use.c'],
                          capture_output=True, text=True)
    return done.returncode == 0, done.stderr


# the queries, the change in the C, why
NOT_COMPILED = [
    (QUERIES, ('row.name.n', 'row.email.n'), 'a member without a column'),
    (QUERIES.replace(', name text', '').replace(' name,', ''), ('', ''), 'a column missing in the query'),
    (QUERIES.replace('name text', 'name int'), ('', ''), 'a column of another type'),
    (QUERIES, ('&row', '&other'), 'the struct of another row'),
    (QUERIES, ('SQL_OTHER, NULL, 0, other', 'SQL_NAMED, NULL, 0, other'), 'the function of another row'),
    (QUERIES, ('SQL_NAMED', 'SQL_CHANGE'), 'a query without rows'),
    (QUERIES, ('SQL_OTHER', 'SQL_CHANGE'), 'a query without rows, for each'),
]


def test_c_that_uses_a_row_as_declared_compiles(tmp_path):
    assert compile_queries(tmp_path, QUERIES) == (0, '')
    good, said = c_compiles(tmp_path, USES)
    assert good, said


@pytest.mark.parametrize('queries, change, why', NOT_COMPILED, ids=[why for _, _, why in NOT_COMPILED])
def test_c_that_does_not_fit_a_row_does_not_compile(tmp_path, queries, change, why):
    assert compile_queries(tmp_path, queries) == (0, '')
    good, said = c_compiles(tmp_path, USES.replace(*change) if change[0] else USES)
    assert not good and 'use.c' in said, said


# --- the project's queries --------------------------------------------------------------------------------------------

TYPES = {'INTEGER': ('int', 'bool'), 'TEXT': ('text',), 'BLOB': ('blob', 'hash')}


def migrated():
    """A database in memory with the newest schema."""
    db = sqlite3.connect(':memory:', isolation_level=None)
    for _, entry in compile_sql.read_migrations(sorted((ROOT / 'migrations').glob('*.sql'))):
        for statement in compile_sql.statements(entry['up', 'sqlite']):
            db.execute(statement['sqlite'])
    db.execute('CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, '
               'applied_at_us INTEGER NOT NULL) STRICT')
    return db


def as_selected(query):
    """The query's SELECT without parameters; for a statement with RETURNING, a SELECT of the same columns."""
    text = re.sub(r'\?[0-9]+', 'NULL', query.texts['sqlite'])
    returning = re.search(r'(?:DELETE FROM|INSERT INTO|UPDATE) (\w+) .* RETURNING (.*)', text)
    return f'SELECT {returning[2]} FROM {returning[1]}' if returning else text


def wrong_types(db, query, columns):
    """Plain columns of a table whose declared type differs from the table's."""
    db.execute(f'CREATE TEMP VIEW one AS {as_selected(query)}')
    found = db.execute('PRAGMA table_info(one)').fetchall()
    db.execute('DROP VIEW one')
    names = [re.sub(r':[0-9]+$', '', name) for _, name, *_ in found]  # SQLite numbers repeated names
    assert names == [column.name for column in columns], query.name
    return [f'{query.name}.{column.name}' for column, (_, _, declared, *_) in zip(columns, found)
            if declared in TYPES and column.type not in TYPES[declared]]


def test_rows_have_the_names_and_types_of_the_schema():
    queries, rows = compile_sql.with_rows(compile_sql.read_queries(sorted((ROOT / 'src/store/sql').glob('*.sql'))))
    db, wrong, seen = migrated(), [], 0
    for query in queries:
        if query.row is not None:
            seen += 1
            columns = [column for _, column in compile_sql.flat(query, rows, rows[query.row])]
            wrong += wrong_types(db, query, columns)
    assert seen > 30
    assert wrong == []


# Values that keeper/core/proof.h computes from the columns of session_basis.
FOUND_IN_C = {'state', 'proved', 'full', 'pending', 'enrolling', 'fresh', 'recovered', 'amr'}
FROZEN = {('oidc_grant', 'amr')}  # of a grant: as it was when the request was approved


def test_no_query_decides_the_state_of_a_session():
    queries, rows = compile_sql.with_rows(compile_sql.read_queries(sorted((ROOT / 'src/store/sql').glob('*.sql'))))
    assert 'session_basis' in rows
    assert not [(name, column.name) for name, columns in rows.items() for column in columns if column.name in FOUND_IN_C and (name, column.name) not in FROZEN]
    assert not [query.name for query in queries if re.search(r'\bCASE\b(?:(?!\bEND\b)[^;])*\b(factor_at_us|factor_id|recovered_at_us)\b',
                                                             query.texts['sqlite'])]


# Columns that may be NULL in a table but never are in these rows, and why.
NEVER_NULL = {
    ('account_factors', 'confirmed_at_us'): 'only confirmed ones',
    ('account_name_closed', 'account_id'): 'of a closed name',
    ('admin_passkeys', 'confirmed_at_us'): 'only confirmed ones',
    ('import_name_closed', 'account_id'): 'of a closed name',
    ('oidc_access_token_find', 'account_id'): 'of a grant',
    ('oidc_access_token_find', 'expires_at_us'): 'of a grant',
    ('oidc_code_find', 'account_id'): 'of a grant',
    ('oidc_code_find', 'expires_at_us'): 'of a grant',
    ('oidc_grant_find', 'account_id'): 'of a grant',
    ('oidc_grant_find', 'expires_at_us'): 'of a grant',
    ('admin_sessions', 'account_id'): 'of a session',
    ('factor_pending', 'expires_at_us'): 'only while it is being enrolled',
    ('gate_ticket_spend', 'session_id'): 'of a ticket',
    ('link_find', 'expires_at_us'): 'of a link',
    ('own_sessions', 'account_id'): 'of a session',
    ('passkey_find', 'account_id'): 'of a factor',
    ('passkey_find', 'factor_id'): 'of a passkey',
    ('sealed_by_others', 'account_id'): 'of a factor',
    ('session_find', 'account_id'): 'of a session',
    ('session_basis', 'account_id'): 'of a session',
    ('gate_session', 'account_id'): 'of a session',
    ('oidc_person_in_session', 'account_id'): 'of a session',
    ('upkeep_factors', 'account_id'): 'of a factor',
}


def nullable(db):
    """The names of columns that may be NULL in any table."""
    tables = [name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {name for table in tables for _, name, _, not_null, _, key in db.execute(f'PRAGMA table_info({table})')
            if not not_null and not key}


def not_said(query, columns, may):
    """The plain columns of a query that may be NULL and are not declared so."""
    return [(query.name, column.name) for column, parts in zip(columns, compile_sql.selected(query.texts['sqlite']))
            if parts[-1] in may and 'AS' not in parts and not column.null]


def test_columns_that_may_be_null_are_declared_so():
    queries, rows = compile_sql.with_rows(compile_sql.read_queries(sorted((ROOT / 'src/store/sql').glob('*.sql'))))
    may, found = nullable(migrated()), []
    for query in queries:
        if query.row is not None:
            found += not_said(query, [column for _, column in compile_sql.flat(query, rows, rows[query.row])], may)
    assert sorted(found) == sorted(NEVER_NULL)
