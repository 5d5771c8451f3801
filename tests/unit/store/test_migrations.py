"""The rules for migrations (docs/develop/database.md): they expand the schema, and none rewrites a large table."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(os.environ['SOURCE_ROOT'])
sys.path.insert(0, str(ROOT / 'tools'))
import compile_sql  # noqa: E402

BEFORE_THE_RULE = {2, 3}  # they rebuild or drop; no release had an older schema
LARGE = ('sessions', 'audit')
FORM = '0123456789abcdef' * 4  # a checksum of an earlier form
# Statements that take long on a large table, or lock it.
REWRITES = re.compile(r'(?:UPDATE|DELETE FROM|INSERT INTO) (\w+)|CREATE (?:UNIQUE )?INDEX \w+ ON (\w+)|DROP TABLE (\w+)'
                      r'|ALTER TABLE (\w+) (?:DROP|RENAME|ALTER)')
CONTRACTS = re.compile(r'DROP TABLE (\w+)|ALTER TABLE (?:\w+) (?:DROP COLUMN|RENAME COLUMN|RENAME TO|RENAME) (\w+)|ALTER TABLE (\w+) RENAME')


def migrations(dialect='postgres'):
    """Return {number: the statements of its up file}.  Two releases run side by side only on PostgreSQL."""
    paths = sorted((ROOT / 'migrations').glob('*.sql'))
    return {number: [s[dialect] for s in compile_sql.statements(entry['up', dialect])]
            for number, entry in compile_sql.read_migrations(paths)}


def created(statements):
    return {match[1] for text in statements if (match := re.match(r'CREATE TABLE (\w+)', text))}


def rewritten(statements):
    """Return the large tables that these statements rewrite or lock; a table that they create is empty."""
    names = {name for text in statements for match in REWRITES.finditer(text) for name in match.groups() if name}
    return names & set(LARGE) - created(statements)


def removed(statements):
    return {name for text in statements for match in CONTRACTS.finditer(text) for name in match.groups() if name}


def git(*words):
    return subprocess.run(['git', *words], cwd=ROOT, capture_output=True, text=True)


def of_previous_release():
    """Return the queries of the previous release and its newest migration."""
    found = subprocess.run([ROOT / 'tools/previous_release', 'commit'], capture_output=True, text=True)
    if found.returncode == 3:
        pytest.skip(found.stderr.strip())
    commit = found.stdout.strip()
    files = git('ls-tree', '-r', '--name-only', commit, '--', 'src/store/sql', 'migrations').stdout.split()
    queries = ''.join(git('show', f'{commit}:{file}').stdout for file in files if file.startswith('src'))
    return queries, max(int(file[11:15]) for file in files if re.match(r'migrations/[0-9]{4}', file))


@pytest.mark.parametrize('dialect, named, says', [
    ('', FORM, ''),
    ('.sqlite', FORM, ''),
    ('', FORM[:-1], 'is not a checksum'),
    ('', FORM.upper(), 'is not a checksum'),
    ('.postgres', FORM, 'only 0001_first.up.sqlite.sql may have'),
], ids=['one file', 'the file for SQLite', 'too short', 'capitals', 'another file'])
def test_a_migration_names_its_former_forms(tmp_path, dialect, named, says):
    for name in ('up.sqlite', 'up.postgres', 'down') if dialect else ('up', 'down'):
        former = f'-- former: {named}\n' if name == f'up{dialect}' else ''
        (tmp_path / f'0001_first.{name}.sql').write_text(f'{former}CREATE TABLE t (id INTEGER PRIMARY KEY) STRICT;\n')
    (tmp_path / 'titles').write_text('0001 first\n')
    done = subprocess.run([sys.executable, ROOT / 'tools/compile_sql.py', 'migrations', tmp_path, tmp_path / 'made.c', tmp_path / 'made.d'],
                          capture_output=True, text=True)
    assert (done.returncode != 0) == bool(says) and says in done.stderr, done.stderr
    assert says or f'former_1[] = {{\n\t"{FORM}",\n\tNULL,\n}}' in (tmp_path / 'made.c').read_text()


# A database that has applied a migration in another form belongs to another program.  An exception needs a reason.
def test_only_migration_0011_has_a_former_form():
    entries = compile_sql.read_migrations(sorted((ROOT / 'migrations').glob('*.sql')))
    assert [number for number, entry in entries if compile_sql.former_forms(entry)] == [11]


@pytest.mark.parametrize('statement, only_adds', [
    ("ALTER TABLE audit ADD COLUMN actor TEXT", True),
    ("CREATE TABLE tickets (id INTEGER PRIMARY KEY) STRICT", True),
    ("CREATE INDEX tickets_id ON tickets (id)", True),
    ("CREATE UNIQUE INDEX accounts_email ON accounts (email)", False),
    ("CREATE TABLE t (a INTEGER) STRICT; CREATE UNIQUE INDEX t_a ON t (a)", True),
    ("ALTER TABLE a ADD COLUMN b TEXT; UPDATE a SET b = f()", False),
    ("ALTER TABLE a ADD COLUMN b TEXT; CREATE UNIQUE INDEX a_b ON a (b) WHERE b <> ''", True),
    ("ALTER TABLE a ADD COLUMN b TEXT; CREATE UNIQUE INDEX a_b ON a (b)", False),
    ("ALTER TABLE a ADD COLUMN b TEXT; CREATE UNIQUE INDEX a_b ON a (b) WHERE c <> ''", False),
    ("ALTER TABLE a ADD COLUMN b TEXT; CREATE UNIQUE INDEX a_c ON a (c) WHERE c <> ''", False),
    ("ALTER TABLE accounts DROP COLUMN email", False),
    ("ALTER TABLE accounts RENAME COLUMN email TO mail", False),
    ("ALTER TABLE accounts RENAME TO people", False),
    ("DROP TABLE links", False),
    ("DROP INDEX links_account", False),
    ("ALTER TABLE factors DROP CONSTRAINT factors_new_kind_check", True),
    ("ALTER TABLE factors ADD CONSTRAINT kind CHECK (kind = 'totp')", False),
    ("UPDATE accounts SET email = ''", False),
    ("CREATE TRIGGER t AFTER UPDATE ON accounts BEGIN SELECT 1; END", False),
])
def test_a_migration_that_only_adds_is_recognised(statement, only_adds):
    assert compile_sql.expands([{'postgres': text} for text in statement.split('; ')]) == only_adds


def test_each_migration_since_the_rule_expands_or_contracts():
    for number, statements in migrations().items():
        expands = compile_sql.expands([{'postgres': text} for text in statements])
        assert expands or number in BEFORE_THE_RULE or removed(statements), f'{number:04}: does neither'


def test_no_migration_removes_what_the_previous_release_uses():
    queries, newest = of_previous_release()
    for number, statements in migrations().items():
        used = {name for name in removed(statements) if re.search(rf'\b{name}\b', queries)}
        assert number <= newest or not used, f'{number:04} removes {used}, and the previous release uses it'


def test_a_removed_column_of_the_previous_release_is_noticed():
    queries, _ = of_previous_release()
    for text in ('ALTER TABLE accounts DROP COLUMN password_hash', 'ALTER TABLE accounts RENAME COLUMN name TO user_name', 'DROP TABLE links'):
        assert {name for name in removed([text]) if re.search(rf'\b{name}\b', queries)}, text


# 0014 makes an index with few rows, in less than 5 s for ten million: docs/guides/upgrade.md has the measurement.
def test_no_migration_but_0014_rewrites_sessions_or_audit():
    for dialect in compile_sql.DIALECTS:
        assert {number: rewritten(statements) for number, statements in migrations(dialect).items() if rewritten(statements)} == {14: {'audit'}}


def test_0014_makes_one_partial_index():
    (statement,) = migrations()[14]
    assert re.match(r"CREATE INDEX audit_failed ON audit \(account_id, at_us\) WHERE outcome = 'refused' AND ", statement)


# An upgrade of a million rows takes longer than a start may, and locks them meanwhile.
def test_no_migration_writes_into_existing_rows():
    for dialect in compile_sql.DIALECTS:
        wrote = {number for number, statements in migrations(dialect).items() if any(re.match('UPDATE|DELETE', text) for text in statements)}
        assert wrote - BEFORE_THE_RULE == set()


@pytest.mark.parametrize('text', ["UPDATE sessions SET gated_at_us = 1", "CREATE INDEX audit_actor ON audit (actor)", "INSERT INTO sessions SELECT 1",
                                  "ALTER TABLE audit DROP COLUMN actor"])
def test_a_migration_that_rewrites_a_large_table_is_noticed(text):
    assert rewritten([text])
