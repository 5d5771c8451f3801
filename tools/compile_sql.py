#!/usr/bin/python3
"""Make C of the SQL: named queries (src/store/sql/*.sql) or numbered migrations (migrations/*.sql).

    compile_sql.py queries FOLDER OUT.h OUT.c DEPFILE
    compile_sql.py migrations FOLDER OUT.c DEPFILE

A query begins with "-- name: factor_claim_step"; comments behind it explain it and do not reach the program.  One that
only one database understands has "-- dialect: sqlite" below its name; a migration of that kind is called
NNNN_name.up.sqlite.sql.  Parameters are $1, $2 ... as in PostgreSQL; for SQLite they become ?1, ?2 ..., because SQLite
numbers $-names by first appearance.

The text is cut into tokens first, so that nothing in a comment, a text or a trigger's body is taken for something else.
The depfile names the folder too: a new file is noticed without setting up the build again.
"""
import collections
import hashlib
import pathlib
import re
import sqlite3
import sys

DIALECT, DIALECTS = 'sqlite', ('sqlite', 'postgres')

TOKEN = re.compile(r"""
    (?P<comment>--[^\n]*|/\*.*?\*/) |
    (?P<space>\s+) |
    (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*") |
    (?P<word>[^\W\d]\w*|[0-9][\w.]*) |
    (?P<parameter>\$[0-9]+) |
    (?P<mark>.)
""", re.X | re.S)
LABEL = re.compile(r'--\s*(name|dialect):\s*(.*?)\s*$')

Query = collections.namedtuple('Query', 'name text parameters')


def fail(where, message):
    sys.exit(f'{where}: {message}')


def tokens(path, sql):
    """(kind, text) of each; what no database of ours can take, or what was never closed, is an error."""
    for match in TOKEN.finditer(sql):
        kind, text = match.lastgroup, match[0]
        if kind == 'mark' and (text in '\'"$?`[\\\0' or sql.startswith('/*', match.start())):
            line = sql.count('\n', 0, match.start()) + 1
            fail(f'{path}:{line}', f'{text} has no end here, or is not SQL that every database takes')
        yield kind, text


class Statements:
    """Whole statements out of tokens: without comments, white space folded, parameters as SQLite wants them."""

    def __init__(self, path):
        self.path, self.found, self.rest, self.numbers = path, [], '', set()

    def add(self, kind, text):
        if kind in ('comment', 'space'):
            self.rest += '' if self.rest.endswith(' ') else ' '
        elif kind == 'parameter':
            self.numbers.add(int(text[1:]))
            self.rest += '?' + text[1:]
        elif text == ';' and sqlite3.complete_statement(self.rest + ';'):
            self.found += [self.rest.strip()] if self.rest.strip() else []
            self.rest = ''
        else:
            self.rest += text

    def end(self):
        if self.rest.strip():
            fail(self.path, f'the last statement has no semicolon: {self.rest.strip()[:60]}')
        return self.found


def blocks(path):
    """Each "-- name:" of a file with its dialect and its statements."""
    block = None
    for kind, text in tokens(path, path.read_text()):
        label = LABEL.match(text) if kind == 'comment' else None
        if label and label[1] == 'name':
            if block:
                yield block
            block = {'name': label[2], 'dialect': DIALECT, 'statements': Statements(path)}
        elif block is None:
            if kind not in ('comment', 'space'):
                fail(path, 'there is SQL before the first "-- name:"')
        elif label:
            if label[2] not in DIALECTS:
                fail(path, f'{label[2]} is no dialect: {", ".join(DIALECTS)}')
            block['dialect'] = label[2]
        else:
            block['statements'].add(kind, text)
    if block:
        yield block


def query_of(path, block):
    name, found, numbers = block['name'], block['statements'].end(), block['statements'].numbers
    if not re.fullmatch(r'[a-z][a-z0-9_]*', name):
        fail(path, f'{name} is no query name: small letters, digits, underscores')
    if len(found) != 1:
        fail(path, f'{name} is {len(found)} statements; a query is one')
    if numbers != set(range(1, len(numbers) + 1)):
        fail(path, f'{name} has the parameters {sorted(numbers)}; they are numbered from 1 without a gap')
    return Query(name, found[0], len(numbers))


def read_queries(paths):
    queries = {}
    for path in paths:
        for block in blocks(path):
            query = query_of(path, block)
            if block['dialect'] != DIALECT:
                continue
            if query.name in queries:
                fail(path, f'{query.name} is there twice')
            queries[query.name] = query
    return queries.values()


def c_string(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n') + '"'


HEADER = """/* Made by tools/compile_sql.py from store/sql. */
#ifndef STORE_QUERIES_H
#define STORE_QUERIES_H

#include <stddef.h>

enum sql {{
{names}	SQL_COUNT
}};

struct sql_query {{
	const char *name, *text;
	size_t parameters;
}};
extern const struct sql_query sql_queries[SQL_COUNT];

#endif
"""

SOURCE = """/* Made by tools/compile_sql.py from store/sql. */
#include "store/queries.h"

const struct sql_query sql_queries[SQL_COUNT] = {{
{rows}}};
"""


def make_queries(paths, header, source):
    queries = read_queries(paths)
    names = ''.join(f'\tSQL_{q.name.upper()},\n' for q in queries)
    rows = ''.join(f'\t[SQL_{q.name.upper()}] = {{ "{q.name}", {c_string(q.text)}, {q.parameters} }},\n' for q in queries)
    pathlib.Path(header).write_text(HEADER.format(names=names))
    pathlib.Path(source).write_text(SOURCE.format(rows=rows))


def read_migrations(paths):
    """Per number: its name and its up and down files; a file of our dialect goes before one for all."""
    found = {}
    for path in paths:
        match = re.fullmatch(r'([0-9]{4})_([a-z0-9_]+)\.(up|down)(?:\.([a-z]+))?\.sql', path.name)
        if not match or match[4] not in (None, *DIALECTS):
            fail(path, 'a migration is called NNNN_name.up.sql or NNNN_name.down.sql')
        number, name, way, dialect = int(match[1]), match[2], match[3], match[4]
        entry = found.setdefault(number, {'name': name})
        if entry['name'] != name:
            fail(path, f'migration {number:04} is there under two names')
        if dialect == DIALECT or dialect is None and way not in entry:
            entry[way] = path
    for number, entry in found.items():
        if set(entry) != {'name', 'up', 'down'}:
            fail(f'migration {number:04}', 'needs an up and a down file')
    if sorted(found) != list(range(1, len(found) + 1)):
        fail('migrations', 'they are numbered from 0001 without a gap')
    return [(number, found[number]) for number in sorted(found)]


def statements(path):
    out = Statements(path)
    for kind, text in tokens(path, path.read_text()):
        out.add(kind, text)
    if out.numbers:
        fail(path, 'a migration has no parameters')
    return out.end()


def c_statements(name, found):
    body = ''.join(f'\t{c_string(s)},\n' for s in found)
    return f'static const char *const {name}[] = {{\n{body}\tNULL,\n}};\n'


def make_migrations(paths, source):
    out, rows = [], []
    for number, entry in read_migrations(paths):
        up, down = statements(entry['up']), statements(entry['down'])
        out += [c_statements(f'up_{number}', up), c_statements(f'down_{number}', down)]
        # comments may be mended later; a statement may not
        digest = hashlib.sha256('\n'.join(up).encode()).hexdigest()
        rows.append(f'\t{{ {number}, "{entry["name"]}", "{digest}", up_{number}, down_{number} }},\n')
    pathlib.Path(source).write_text(
        '/* Made by tools/compile_sql.py from migrations. */\n#include "store/migrate.h"\n\n#include <stddef.h>\n\n'
        + ''.join(out) + '\nconst struct migration migrations[] = {\n' + ''.join(rows) + '};\n'
        + f'const size_t migrations_count = {len(rows)};\n')


def main(kind, folder, *outputs):
    make = {'queries': make_queries, 'migrations': make_migrations}.get(kind)
    if make is None:
        sys.exit(__doc__)
    *targets, depfile = outputs
    paths = sorted(pathlib.Path(folder).glob('*.sql'))
    make(paths, *targets)
    needed = ' '.join(str(path).replace(' ', '\\ ') for path in [folder, *paths])
    pathlib.Path(depfile).write_text(f'{targets[0]}: {needed}\n')


if __name__ == '__main__':
    main(*sys.argv[1:])
