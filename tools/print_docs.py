#!/usr/bin/python3
"""Print the tables of the documentation from the program, and write them into their pages.

    tools/print_docs.py [FILE ...]     all pages, or the named ones: docs/develop/keeper.md

Uses the program of build/test (`tools/build test`).

A printed table is between two marks.  The first one names the source file:

    <!-- printed by tools/print_docs.py from src/ipc/questions.def -->
    <!-- end -->

tests/unit/docs/test_tables.py compares pages and program.  `doubletour config` prints whole files: .env.example and
docs/reference/settings.md.  `doubletour client presets` prints the content of docs/guides/applications.
"""
import json
import pathlib
import re
import subprocess
import sys

import application_pages
import compile_questions
import help_texts

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / 'tests/unit'))
import layers as layers_test  # noqa: E402
MARKED = re.compile(r'(<!-- printed by tools/print_docs\.py from (\S+) -->\n).*?(<!-- end -->)', re.S)


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


# --- tables -----------------------------------------------------------------------------------------------------------


def table(heads, rows):
    return ''.join([f'| {" | ".join(heads)} |\n', f'|{"---|" * len(heads)}\n', *(f'| {" | ".join(cells)} |\n' for cells in rows)])


def questions(build):
    return compile_questions.docs_table(compile_questions.read(ROOT / 'src/ipc/questions.def')[0])


def routes(build):
    rows = json.loads(output(build / 'doubletour', 'routes', '--json'))
    return table(['method', 'path', 'pool', 'opens in'], [
        [row['method'], f"`{row['path']}`", row['lane'], 'any' if len(row['opens']) == len(compile_questions.STATES) else ', '.join(row['opens'])]
        for row in rows])


def layers(build):
    below = layers_test.BELOW
    return table(['layer', 'may include'], [[f'`{layer}`', ', '.join(f'`{other}`' for other in below if other in below[layer])] for layer in below])


def limits(build):
    return output(build / 'tests/unit/docs/print_tables', 'limits')


def counters(build):
    return output(build / 'tests/unit/docs/print_tables', 'counters')


def events(build):
    return output(build / 'tests/unit/docs/print_tables', 'events')


def metrics(build):
    return output(build / 'tests/unit/docs/print_tables', 'metrics')


ALERTS = ROOT / 'packaging/prometheus/doubletour.rules.yml'


def alerts(build):
    return f'```yaml\n{ALERTS.read_text()}```\n'


# --- the log ----------------------------------------------------------------------------------------------------------

LOG_PAGE = ROOT / 'docs/reference/log-events.md'
LOG_CALL = re.compile(r'\blog_event\((.*?)\);', re.S)


def log_names(expression, children):
    """Return the possible names of an event: literals, or the names in the table of child processes."""
    kind = re.match(r'(?:r->)?child->events\.(\w+)$', expression)
    return children[kind[1]] if kind else re.findall(r'"([a-z.]+)"', expression)


def log_children():
    """Return the events of the child processes by kind; their order is that of struct child."""
    rows = re.findall(r'\.events = \{ (.*?) \}', (ROOT / 'src/server/child_table.c').read_text())
    names = [re.findall(r'"([a-z.]+)"', row) for row in rows]
    return {kind: [row[at] for row in names] for at, kind in enumerate(('forbidden', 'died', 'ended', 'retry'))}


def log_calls():
    """Yield each log event that is not an audit event: its name, level and fields."""
    children = log_children()
    for path in sorted((ROOT / 'src').rglob('*.c')):
        for call in LOG_CALL.findall(path.read_text()):
            level, name = re.match(r'(.*?),(.*?)(?:,|$)', ' '.join(call.split())).groups()
            levels = ' or '.join(word.lower() for word in re.findall(r'LOG_([A-Z]+)', level))
            fields = ', '.join(f'`{field}`' for field in re.findall(r'LOG_(?:INT|STR|TEXT)\("(\w+)"', call))
            yield from ((event, levels, fields) for event in log_names(name.strip(), children))


def log_events(build):
    """Return the table of log events.  Its last column is written by hand and kept."""
    meaning = dict(re.findall(r'^\| `([a-z.]+)` \|.*\| ([^|]*) \|$', LOG_PAGE.read_text(), re.M))
    return table(['event', 'level', 'fields', 'meaning, and what to do'],
                 [[f'`{event}`', level, fields, meaning.get(event, '')] for event, level, fields in sorted(set(log_calls()))])


# --- help -------------------------------------------------------------------------------------------------------------


def commands(build):
    program = str(build / 'doubletour')
    return '\n'.join(f'{"#" * (len(words) + 1)} `doubletour {" ".join(words)}`\n\n```\n{text}```\n'
                     for name in help_texts.commands(program) for words, text in help_texts.helps(program, name))


def applications(build):
    return application_pages.table(build / 'doubletour', ['application', 'preset'], '')


def applications_fr(build):
    return application_pages.table(build / 'doubletour', ['application', 'modèle'], '../guides/applications/')


TABLES = {
    'presets': applications,
    'presets/generic.yaml': applications_fr,
    'src/base/log.h': log_events,
    'src/cli/main.c': commands,
    'packaging/prometheus/doubletour.rules.yml': alerts,
    'src/ipc/audit_events.def': events,
    'src/ipc/metrics.def': metrics,
    'src/ipc/questions.def': questions,
    'src/web/routes.c': routes,
    'tests/unit/layers.py': layers,
    'src/http/server.h': limits,
    'src/keeper/session/throttle.c': counters,
}
WHOLE = {
    '.env.example': 'example',
    'docs/reference/settings.md': 'manual',
}


# --- pages ------------------------------------------------------------------------------------------------------------


def page_printed(text, build):
    """Return the page with all its tables printed again."""
    return MARKED.sub(lambda match: f'{match[1]}\n{TABLES[match[2]](build)}\n{match[3]}', text)


def sources(text):
    """Return the names of the source files of a page's tables."""
    return [match[2] for match in MARKED.finditer(text)]


def files():
    """Return the paths of all files that this program prints, whole or in part."""
    pages = [str(path.relative_to(ROOT)) for path in sorted((ROOT / 'docs').rglob('*.md')) if sources(path.read_text())]
    return pages + list(WHOLE) + application_files(ROOT / 'build/test')


def application_files(build):
    return [f'{application_pages.FOLDER}/{name}.md' for name in application_pages.names(build / 'doubletour')]


def printed(path, build):
    """Return the new content of the file."""
    if path in WHOLE:
        return output(build / 'doubletour', 'config', WHOLE[path])
    if path.startswith(application_pages.FOLDER) and not path.endswith('README.md'):
        return application_pages.page(build / 'doubletour', pathlib.Path(path).stem)
    return page_printed((ROOT / path).read_text(), build)


def main(*paths):
    for path in paths or files():
        text = printed(path, ROOT / 'build/test')
        if not (ROOT / path).exists() or (ROOT / path).read_text() != text:
            (ROOT / path).write_text(text)
            print('printed', path)


if __name__ == '__main__':
    main(*sys.argv[1:])
