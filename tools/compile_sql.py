#!/usr/bin/python3
"""Make C of the SQL: named queries (store/sql/*.sql) or numbered migrations (migrations/*.sql).

    compile_sql.py queries OUT.h OUT.c FILE.sql ...
    compile_sql.py migrations OUT.c FILE.sql ...

A query begins with "-- name: factor_claim_step"; comments behind it explain it and do not reach the program.  Parameters
are $1, $2 ... as in PostgreSQL; for SQLite they become ?1, ?2 ..., because SQLite numbers $-names by first appearance.
Statements are told apart by SQLite's own tokenizer, so that a semicolon in a text or a trigger does not split.
"""
import hashlib
import pathlib
import re
import sqlite3
import sys

TOKEN = re.compile(r"""
    (?P<comment>--[^\n]*|/\*.*?\*/) |
    (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*") |
    (?P<parameter>\$[0-9]+)
""", re.X | re.S)


def fail(path, message):
    sys.exit(f'{path}: {message}')


def clean(sql):
    """Without comments, parameters as SQLite wants them, white space folded outside of texts."""
    def one(match):
        if match['comment']:
            return ' '
        return '?' + match['parameter'][1:] if match['parameter'] else match[0]

    out = TOKEN.sub(one, sql)
    parts = re.split(r"('(?:[^']|'')*')", out)
    return ''.join(p if i % 2 else re.sub(r'\s+', ' ', p) for i, p in enumerate(parts)).strip()


def statements(path, sql):
    found, rest = [], ''
    for piece in re.split(r'(;)', sql):
        rest += piece
        if piece == ';' and sqlite3.complete_statement(rest):
            found.append(clean(rest).rstrip(';').strip())
            rest = ''
    if clean(rest):
        fail(path, f'the last statement has no semicolon: {clean(rest)[:60]}')
    return [s for s in found if s]


def c_string(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n') + '"'


def read_queries(paths):
    queries = {}
    for path in paths:
        text = pathlib.Path(path).read_text()
        head, *blocks = re.split(r'^-- name:[ ]*(\S+)[ ]*$', text, flags=re.M)
        if clean(head):
            fail(path, 'there is SQL before the first "-- name:"')
        for name, body in zip(blocks[::2], blocks[1::2]):
            if not re.fullmatch(r'[a-z][a-z0-9_]*', name):
                fail(path, f'{name} is no query name: small letters, digits, underscores')
            if name in queries:
                fail(path, f'{name} is there twice')
            found = statements(path, body)
            if len(found) != 1:
                fail(path, f'{name} is {len(found)} statements; a query is one')
            numbers = {int(n) for n in re.findall(r'\?([0-9]+)', re.sub(r"'(?:[^']|'')*'", '', found[0]))}
            if numbers != set(range(1, len(numbers) + 1)):
                fail(path, f'{name} has parameters {sorted(numbers)}; they are numbered from 1 without a gap')
            queries[name] = (found[0], len(numbers))
    return queries


def make_queries(header, source, paths):
    queries = read_queries(paths)
    lines = ['/* Made by tools/compile_sql.py from store/sql. */', '#ifndef STORE_QUERIES_H', '#define STORE_QUERIES_H', '',
             '#include <stddef.h>', '', 'enum sql {']
    lines += [f'\tSQL_{name.upper()},' for name in queries]
    lines += ['\tSQL_COUNT', '};', '', 'struct sql_query {', '\tconst char *name, *text;', '\tsize_t parameters;', '};',
              'extern const struct sql_query sql_queries[SQL_COUNT];', '', '#endif', '']
    pathlib.Path(header).write_text('\n'.join(lines))
    lines = ['/* Made by tools/compile_sql.py from store/sql. */', '#include "store/queries.h"', '',
             'const struct sql_query sql_queries[SQL_COUNT] = {']
    lines += [f'\t[SQL_{name.upper()}] = {{ "{name}", {c_string(text)}, {count} }},' for name, (text, count) in queries.items()]
    lines += ['};', '']
    pathlib.Path(source).write_text('\n'.join(lines))


def read_migrations(paths):
    found = {}
    for path in map(pathlib.Path, paths):
        match = re.fullmatch(r'([0-9]{4})_([a-z0-9_]+)\.(up|down)\.sql', path.name)
        if not match:
            fail(path, 'a migration is called NNNN_name.up.sql or NNNN_name.down.sql')
        number, name, way = int(match[1]), match[2], match[3]
        entry = found.setdefault(number, {'name': name})
        if entry['name'] != name or way in entry:
            fail(path, f'migration {number:04} has two names or is there twice')
        entry[way] = path
    for number, entry in found.items():
        if set(entry) != {'name', 'up', 'down'}:
            fail(f'migration {number:04}', 'needs an up and a down file')
    if sorted(found) != list(range(1, len(found) + 1)):
        fail('migrations', 'they are numbered from 0001 without a gap')
    return [(n, found[n]) for n in sorted(found)]


def c_statements(name, path):
    body = ''.join(f'\t{c_string(s)},\n' for s in statements(path, path.read_text()))
    return f'static const char *const {name}[] = {{\n{body}\tNULL,\n}};\n'


def make_migrations(source, paths):
    migrations = read_migrations(paths)
    out = ['/* Made by tools/compile_sql.py from migrations. */\n#include "store/migrate.h"\n\n#include <stddef.h>\n\n']
    rows = []
    for number, entry in migrations:
        out.append(c_statements(f'up_{number}', entry['up']))
        out.append(c_statements(f'down_{number}', entry['down']))
        # comments may be mended later; a statement may not
        digest = hashlib.sha256('\n'.join(statements(entry['up'], entry['up'].read_text())).encode()).hexdigest()
        rows.append(f'\t{{ {number}, "{entry["name"]}", "{digest}", up_{number}, down_{number} }},\n')
    out.append('\nconst struct migration migrations[] = {\n' + ''.join(rows) + '};\n')
    out.append(f'const size_t migrations_count = {len(rows)};\n')
    pathlib.Path(source).write_text(''.join(out))


def main(kind, *arguments):
    if kind == 'queries':
        make_queries(arguments[0], arguments[1], arguments[2:])
    elif kind == 'migrations':
        make_migrations(arguments[0], arguments[1:])
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main(*sys.argv[1:])
