#!/usr/bin/python3
"""Make C from SQL: named queries (src/store/sql/*.sql) or numbered migrations (migrations/*.sql).

    compile_sql.py queries FOLDER OUT.h OUT.c DEPFILE
    compile_sql.py migrations FOLDER OUT.c DEPFILE

A query begins with "-- name: factor_claim_step".  Comments after that line explain the query and do not reach the
program.  A query is written once, in SQL that both databases accept.  A query that only one database understands has
"-- dialect: sqlite" below its name, and a second text for the other database.  Such a migration is called
NNNN_name.up.sqlite.sql.  migrations/titles has the titles that the program shows for migrations.

The program refuses a database whose applied migrations have other statements, by their checksum.  A line
"-- former: CHECKSUM" in an up file (that for SQLite, if there are two) names an earlier form of this migration that the
program accepts too.  It must have left the same schema, with rows that this program understands.

A query that returns rows declares their columns, on one or more lines "-- row: id int, name text, seen_at_us int?".
The build makes struct NAME_row from the declaration; store/db.h fills it.  Types are
  - int (int64_t), bool (0 or 1), text and blob (str), hash (a blob of exactly 32 bytes, uint8_t[32]);
  - the same with "?" where the column may be NULL; NULL is read as 0, false or no bytes;
  - the name of another row: the member is that row's struct, and the query selects all its columns here.
Names and order are those of the SELECT or RETURNING: the column's name, or the name given by AS.  The build fails when
the number of columns, a name or the order differs.  Queries with the same row share one declaration: the first has
"-- row: ended_session: token_hash hash", the others have "-- row: ended_session".

"-- unguarded: why" below a query's name marks a statement that writes, and may run while db_guard is on: outside a
transaction that has checked the session of the request (store/db.h).

This program translates the differences between the two dialects:
  - parameters are $1, $2 ... as in PostgreSQL; for SQLite they become ?1, ?2 ..., because SQLite numbers $-names by
    first appearance;
  - tables are declared with SQLite's types.  For PostgreSQL, INTEGER becomes BIGINT, BLOB becomes BYTEA and TEXT
    becomes TEXT COLLATE "C", which compares names byte by byte.  An INTEGER PRIMARY KEY numbers itself in both.  STRICT
    and WITHOUT ROWID are only for SQLite.

The program splits the text into tokens first, so that it never takes comments, texts or bodies of triggers for
statements.
The depfile names the folder too, so ninja notices a new file without a new setup of the build.
"""
import collections
import hashlib
import pathlib
import re
import sqlite3
import sys

DIALECTS = ('sqlite', 'postgres')  # in the order of enum sql_dialect
POSTGRES_TYPES = {'INTEGER': 'BIGINT', 'TEXT': 'TEXT COLLATE "C"', 'BLOB': 'BYTEA'}

TOKEN = re.compile(r"""
    (?P<comment>--[^\n]*|/\*.*?\*/) |
    (?P<space>\s+) |
    (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*") |
    (?P<word>[^\W\d]\w*|[0-9][\w.]*) |
    (?P<parameter>\$[0-9]+) |
    (?P<mark>.)
""", re.X | re.S)
FORMER = re.compile(r'--\s*former:\s*(.*?)\s*$')
LABEL = re.compile(r'--\s*(name|dialect|unguarded|row):\s*(.*?)\s*$')

ROW = re.compile(r'(?:([a-z][a-z0-9_]*)\s*(?::|$))?(.*)', re.S)
COLUMN = re.compile(r'([a-z][a-z0-9_]*) ([a-z][a-z0-9_]*)(\?)?')
C_TYPES = {'int': 'int64_t {}', 'bool': 'bool {}', 'text': 'str {}', 'blob': 'str {}', 'hash': 'uint8_t {}[DIGEST_BYTES]'}
COLUMNS_MAX = 48  # DB_COLUMNS_MAX

# what: the text after "-- row:"; row: the name of the row's struct without _row, or None for a query without rows
Query = collections.namedtuple('Query', 'name texts parameters unguarded what row')
Column = collections.namedtuple('Column', 'name type null')  # type: one of C_TYPES, or the name of another row


def fail(where, message):
    sys.exit(f'{where}: {message}')


def tokens(path, sql):
    """Yield (kind, text) for each token.  Text that neither database accepts and unclosed text are errors."""
    for match in TOKEN.finditer(sql):
        kind, text = match.lastgroup, match[0]
        if kind == 'mark' and (text in '\'"$?`[\\\0' or sql.startswith('/*', match.start())):
            line = sql.count('\n', 0, match.start()) + 1
            fail(f'{path}:{line}', f'{text} is not closed, or is not SQL that every database accepts')
        yield kind, text


def for_sqlite(parts):
    return ''.join('?' + text[1:] if kind == 'parameter' else text for kind, text in parts).strip()


def for_postgres(parts):
    declares = next((text for kind, text in parts if kind == 'word'), '') in ('CREATE', 'ALTER')
    if not declares:
        return ''.join(text for _, text in parts).strip()
    text = ''.join(POSTGRES_TYPES.get(text, text) if kind == 'word' else text for kind, text in parts).strip()
    text = re.sub(r'\) STRICT(, WITHOUT ROWID)?$', ')', text)
    return text.replace('BIGINT PRIMARY KEY', 'BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY')


WRITERS = {'sqlite': for_sqlite, 'postgres': for_postgres}


class Statements:
    """Collects tokens into whole statements, each as {dialect: text}: without comments, white space folded."""

    def __init__(self, path):
        self.path, self.found, self.parts, self.numbers = path, [], [], set()

    def add(self, kind, text):
        if kind in ('comment', 'space'):
            kind, text = 'space', ' '
            if self.parts and self.parts[-1] == (kind, text):
                return
        if kind == 'parameter':
            self.numbers.add(int(text[1:]))
        so_far = for_sqlite(self.parts)
        if text != ';' or not sqlite3.complete_statement(so_far + ';'):
            self.parts.append((kind, text))
            return
        if so_far:
            self.found.append({dialect: write(self.parts) for dialect, write in WRITERS.items()})
        self.parts = []

    def end(self):
        rest = for_sqlite(self.parts)
        if rest:
            fail(self.path, f'the last statement has no semicolon: {rest[:60]}')
        return self.found


def blocks(path):
    """Yield each "-- name:" of a file with its dialect (None: all dialects) and its statements."""
    block = None
    for kind, text in tokens(path, path.read_text()):
        label = LABEL.match(text) if kind == 'comment' else None
        if label and label[1] == 'name':
            if block:
                yield block
            block = {'name': label[2], 'dialect': None, 'unguarded': False, 'row': '', 'statements': Statements(path)}
        elif block is None:
            if kind not in ('comment', 'space'):
                fail(path, 'there is SQL before the first "-- name:"')
        elif label and label[1] == 'unguarded':
            if not label[2]:
                fail(path, f'{block["name"]} does not say why it is unguarded')
            block['unguarded'] = True
        elif label and label[1] == 'row':
            block['row'] = f'{block["row"]} {label[2]}'.strip()
        elif label:
            if label[2] not in DIALECTS:
                fail(path, f'{label[2]} is not a dialect: {", ".join(DIALECTS)}')
            block['dialect'] = label[2]
        else:
            block['statements'].add(kind, text)
    if block:
        yield block


def query_of(path, block):
    name, found, numbers = block['name'], block['statements'].end(), block['statements'].numbers
    if not re.fullmatch(r'[a-z][a-z0-9_]*', name):
        fail(path, f'{name} is not a valid name of a query: use a-z, 0-9 and underscores')
    if len(found) != 1:
        fail(path, f'{name} has {len(found)} statements; a query has one')
    if numbers != set(range(1, len(numbers) + 1)):
        fail(path, f'{name} has the parameters {sorted(numbers)}; number them from 1 without a gap')
    dialects = [block['dialect']] if block['dialect'] else DIALECTS
    texts = {dialect: found[0][dialect] for dialect in dialects}
    return Query(name, texts, len(numbers), block['unguarded'], block['row'], None)


def joined(path, one, other):
    """Join the text of a query for one database with its text for the other."""
    if one.texts.keys() & other.texts.keys():
        fail(path, f'{one.name} is defined twice')
    if one.parameters != other.parameters:
        fail(path, f'{one.name} does not have the same parameters for every database')
    if one.unguarded != other.unguarded:
        fail(path, f'{one.name} is unguarded for one database only')
    if one.what != other.what:
        fail(path, f'{one.name} does not return the same row for every database')
    return one._replace(texts=one.texts | other.texts)


def read_queries(paths):
    queries = {}
    for path in paths:
        for block in blocks(path):
            query = query_of(path, block)
            queries[query.name] = joined(path, queries[query.name], query) if query.name in queries else query
    for query in queries.values():
        for dialect in set(DIALECTS) - query.texts.keys():
            fail(query.name, f'has no text for {dialect}')
    return list(queries.values())


# --- rows -------------------------------------------------------------------------------------------------------------


def top_words(text):
    """Yield the tokens of a statement outside parentheses; a pair of parentheses with its content is one token '()'."""
    depth = 0
    for match in TOKEN.finditer(text):
        depth -= match[0] == ')'
        if depth == 0 and match[0] != '(' and match.lastgroup != 'space':
            yield '()' if match[0] == ')' else match[0]
        depth += match[0] == '('


def selected(text):
    """Return the columns that a statement returns, each as its tokens."""
    columns, verb, reading = [], next(top_words(text)).upper(), False
    for word in top_words(text):
        if not reading:
            reading = word.upper() == ('SELECT' if verb in ('SELECT', 'WITH') else 'RETURNING')
            columns += [[]] if reading else []
        elif word.upper() == 'FROM':
            break
        elif word == ',':
            columns.append([])
        elif word.upper() != 'DISTINCT':
            columns[-1].append(word)
    return columns


def name_of(query, column):
    """Return the name of a column: the name after AS, or the column's own name."""
    own = len(column) == 1 or (len(column) == 3 and column[1] == '.')
    if not re.fullmatch(r'[a-z][a-z0-9_]*', column[-1]) or not (own or column[-2].upper() == 'AS'):
        fail(query.name, f'the column "{" ".join(column)}" has no name: add one with AS')
    return column[-1]


def columns_of(query, text):
    columns = []
    for part in text.split(','):
        match = COLUMN.fullmatch(part.strip())
        if match is None:
            fail(query.name, f'"{part.strip()}" in the declaration of its row is not a name and a type')
        columns.append(Column(match[1], match[2], match[3] is not None))
    return columns


def flat(query, rows, columns, prefix=''):
    """Return (the member in C, column) for each column; a row among the columns is replaced by its columns."""
    found = []
    for column in columns:
        if column.type in C_TYPES:
            found.append((prefix + column.name, column))
        elif column.type in rows and not prefix and not column.null:
            found += flat(query, rows, rows[column.type], column.name + '.')
        else:
            fail(query.name, f'{column.type} is not a type of a column; types are {", ".join(C_TYPES)} and the names of other rows')
    return found


def check_row(query, columns):
    """Check for every database that a query selects the row that it declares."""
    declared = [column.name for _, column in columns]
    if len(declared) > COLUMNS_MAX:
        fail(query.name, f'returns more than {COLUMNS_MAX} columns')
    for text in query.texts.values():
        names = [name_of(query, column) for column in selected(text)]
        if len(names) != len(declared):
            fail(query.name, f'returns {len(names)} columns, but its row has {len(declared)}')
        for name, other in zip(names, declared):
            if name != other:
                fail(query.name, f'returns {name} where its row has {other}')
    if len({member for member, _ in columns}) != len(columns):
        fail(query.name, 'has two columns with the same name')


def with_rows(queries):
    """Return the queries with the names of their rows, and {row: columns}, with members before their owners."""
    named, rows = [], {}
    for query in queries:
        name, text = ROW.fullmatch(query.what).groups()
        named.append(query._replace(row=(name or query.name) if query.what else None))
        if text.strip():
            if named[-1].row in rows:
                fail(query.name, f'the row {named[-1].row} is declared twice')
            rows[named[-1].row] = columns_of(query, text)
    for query in named:
        if query.row is None and any(selected(text) for text in query.texts.values()):
            fail(query.name, 'returns rows and does not declare them: add "-- row: id int, name text"')
        if query.row is not None and query.row not in rows:
            fail(query.name, f'uses an undeclared row: {query.row}')
        if query.row is not None:
            check_row(query, flat(query, rows, rows[query.row]))
    inner = {column.type for columns in rows.values() for column in columns} & rows.keys()
    return named, dict(sorted(rows.items(), key=lambda row: row[0] not in inner))


def c_string(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n') + '"'


HEADER = """/* Made by tools/compile_sql.py from store/sql. */
#ifndef STORE_QUERIES_H
#define STORE_QUERIES_H

#include "base/digest.h"
#include "base/err.h"
#include "base/str.h"

enum sql {{
{names}	SQL_COUNT
}};

enum sql_dialect {{ SQL_SQLITE, SQL_POSTGRES, SQL_DIALECTS }};

enum sql_type {{ SQL_TYPE_int, SQL_TYPE_bool, SQL_TYPE_text, SQL_TYPE_blob, SQL_TYPE_hash }};

/* One column of a row, and the member of the row's struct that takes it. */
struct sql_column {{
	const char *name;
	size_t offset;
	enum sql_type type;
	bool null; /* may be NULL */
}};

struct sql_query {{
	const char *name, *text[SQL_DIALECTS];
	size_t parameters;
	bool reads;     /* changes nothing, so it may run twice */
	bool unguarded; /* may run while db_guard is on */
	const struct sql_column *columns; /* NULL: it returns no rows */
	size_t columns_count, row_size;
}};
extern const struct sql_query sql_queries[SQL_COUNT];

/*
 * The struct of each row.  db_rows calls sql_each_NAME for a row, which calls the caller's function with the row's own type.
 */

{structs}
/* The row of each query. */
{uses}
/* Room for any row. */
union sql_any_row {{
{members}}};

#endif
"""

STRUCT = """struct {row}_row {{
{members}}};
struct sql_each_{row} {{
	err (*each)(void *context, const struct {row}_row *row);
	void *context;
}};
err sql_each_{row}(void *each, const void *row);

"""

SOURCE = """/* Made by tools/compile_sql.py from store/sql. */
#include "store/queries.h"

{tables}const struct sql_query sql_queries[SQL_COUNT] = {{
{rows}}};
"""

TABLE = """static const struct sql_column {row}_columns[] = {{
{columns}}};

err
sql_each_{row}(void *each, const void *row)
{{
	const struct sql_each_{row} *typed = each;

	return typed->each(typed->context, row);
}}

"""


def c_struct(row, columns):
    members = ''.join(f'\t{C_TYPES.get(c.type, f"struct {c.type}_row {{}}").format(c.name)};\n' for c in columns)
    return STRUCT.format(row=row, members=members)


def c_table(row, columns):
    lines = ''.join(f'\t{{ "{c.name}", offsetof(struct {row}_row, {member}), SQL_TYPE_{c.type}, '
                    f'{"true" if c.null else "false"} }},\n' for member, c in columns)
    return TABLE.format(row=row, columns=lines)


def c_uses(query):
    name = f'SQL_{query.name.upper()}'
    return f'#define {name}_ROW struct {query.row}_row\n#define {name}_EACH sql_each_{query.row}\n' if query.row else ''


def c_texts(texts):
    return ', '.join(c_string(texts[dialect]) for dialect in DIALECTS)


def c_reads(query):
    text = query.texts['postgres']
    return 'true' if text.startswith('SELECT ') and ' FOR ' not in text else 'false'


def c_unguarded(query):
    return 'true' if query.unguarded or c_reads(query) == 'true' else 'false'


def c_query(query, rows):
    row = query.row
    columns = f', {row}_columns, {len(flat(query, rows, rows[row]))}, sizeof(struct {row}_row)' if row else ''
    return (f'\t[SQL_{query.name.upper()}] = {{ "{query.name}", {{ {c_texts(query.texts)} }}, {query.parameters}, '
            f'{c_reads(query)}, {c_unguarded(query)}{columns or ", NULL, 0, 0"} }},\n')


def make_queries(paths, header, source):
    queries, rows = with_rows(read_queries(paths))
    pathlib.Path(header).write_text(HEADER.format(
        names=''.join(f'\tSQL_{q.name.upper()},\n' for q in queries),
        structs=''.join(c_struct(row, columns) for row, columns in rows.items()),
        uses=''.join(c_uses(query) for query in queries),
        members=''.join(f'\tstruct {row}_row {row};\n' for row in rows)))
    pathlib.Path(source).write_text(SOURCE.format(
        tables=''.join(c_table(row, flat(None, rows, columns)) for row, columns in rows.items()),
        rows=''.join(c_query(query, rows) for query in queries)))


def read_migrations(paths):
    """Return for each number its name and, under (way, dialect), its file; a file for one dialect has precedence."""
    found = {}
    for path in paths:
        match = re.fullmatch(r'([0-9]{4})_([a-z0-9_]+)\.(up|down)(?:\.([a-z]+))?\.sql', path.name)
        if not match or match[4] not in (None, *DIALECTS):
            fail(path, 'a migration is called NNNN_name.up.sql or NNNN_name.down.sql')
        number, name, way, dialect = int(match[1]), match[2], match[3], match[4]
        entry = found.setdefault(number, {'name': name})
        if entry['name'] != name:
            fail(path, f'migration {number:04} has two names')
        for each in [dialect] if dialect else DIALECTS:
            if dialect or (way, each) not in entry:
                entry[way, each] = path
    for number, entry in found.items():
        if set(entry) != {'name', *((way, dialect) for way in ('up', 'down') for dialect in DIALECTS)}:
            fail(f'migration {number:04}', 'needs an up and a down file')
    if sorted(found) != list(range(1, len(found) + 1)):
        fail('migrations', 'number them from 0001 without a gap')
    return [(number, found[number]) for number in sorted(found)]


def read_titles(path, numbers):
    """Return {number: title} from migrations/titles: one line "0001 title" each; "#" begins a comment."""
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith('#')]
    titles = {int(line[:4]): line[5:].strip() for line in lines if re.fullmatch(r'[0-9]{4} .*\S', line)}
    if len(titles) != len(lines) or sorted(titles) != list(numbers):
        fail(path, 'needs one line for each migration: its number of four digits, a space and its title')
    return titles


def former_of(path):
    """Return the checksums of the earlier forms of a migration that are accepted: its lines "-- former: CHECKSUM"."""
    comments = [text for kind, text in tokens(path, path.read_text()) if kind == 'comment']
    found = [match[1] for match in map(FORMER.match, comments) if match]
    for checksum in found:
        if not re.fullmatch('[0-9a-f]{64}', checksum):
            fail(path, f'"{checksum}" after "former:" is not a checksum: 64 digits of a SHA-256, in lower case')
    return found


def former_forms(entry):
    """Return the accepted checksums of a migration.  Only the file of which the digest is taken may name them."""
    for path in {path for key, path in entry.items() if key != 'name'} - {entry['up', 'sqlite']}:
        if former_of(path):
            fail(path, f'only {entry["up", "sqlite"].name} may have "former:"')
    return former_of(entry['up', 'sqlite'])


def statements(path):
    out = Statements(path)
    for kind, text in tokens(path, path.read_text()):
        out.add(kind, text)
    if out.numbers:
        fail(path, 'a migration must not have parameters')
    return out.end()


ADDS = re.compile(r'CREATE TABLE (\w+) |ALTER TABLE (\w+) ADD COLUMN (\w+) |CREATE INDEX |CREATE UNIQUE INDEX \w+ ON (\w+) |'
                  r'ALTER TABLE \w+ DROP CONSTRAINT ')
# Allowed for a column that the same migration added: an older program leaves the default there.
EMPTY_INDEX = re.compile(r"CREATE UNIQUE INDEX \w+ ON (\w+) \((\w+)\) WHERE (\w+) <> ''$")


def expands(found):
    """Return whether these statements only add, or allow more values.

    Two releases run side by side only on PostgreSQL, so the function reads the statements for PostgreSQL.  A unique
    index on an older table forbids rows that the old program may write.  An UPDATE locks the rows of a running node.
    """
    created, added = set(), set()
    for text in (statement['postgres'] for statement in found):
        empty = EMPTY_INDEX.match(text)
        if empty and (empty[1], empty[2]) in added and empty[3] == empty[2]:
            continue
        match = ADDS.match(text)
        if match is None or (match[4] and match[4] not in created):
            return False
        created.add(match[1])
        added.add((match[2], match[3]))
    return True


def c_statements(name, found):
    body = ''.join(f'\t{c_string(s)},\n' for s in found)
    return f'static const char *const {name}[] = {{\n{body}\tNULL,\n}};\n'


def make_migrations(paths, source):
    out, rows, found = [], [], read_migrations(paths)
    titles = read_titles(paths[0].parent / 'titles', [number for number, _ in found])
    for number, entry in found:
        names = []
        for way in ('up', 'down'):
            for dialect in DIALECTS:
                names.append(f'{way}_{number}_{dialect}')
                out.append(c_statements(names[-1], [s[dialect] for s in statements(entry[way, dialect])]))
        # The digest ignores comments, so comments may change later.  All databases have the same digest, so that a copy
        # of the database into the other kind keeps its history.
        digest = hashlib.sha256('\n'.join(s['sqlite'] for s in statements(entry['up', 'sqlite'])).encode()).hexdigest()
        names.append(f'former_{number}')
        out.append(c_statements(names[-1], former_forms(entry)))
        rows.append(f'\t{{ {number}, "{entry["name"]}", {c_string(titles[number])}, "{digest}", {names[4]}, '
                    f'{"true" if expands(statements(entry["up", "postgres"])) else "false"}, {{ {names[0]}, {names[1]} }}, '
                    f'{{ {names[2]}, {names[3]} }} }},\n')
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
    titles = pathlib.Path(folder).glob('titles')
    needed = ' '.join(str(path).replace(' ', '\\ ') for path in [folder, *paths, *titles])
    pathlib.Path(depfile).write_text(f'{targets[0]}: {needed}\n')


if __name__ == '__main__':
    main(*sys.argv[1:])
