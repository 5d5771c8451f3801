#!/usr/bin/python3
"""Print the tables of the documentation from the program: write them into their pages.

    tools/print_docs.py [FILE ...]     all of them, or some: docs/develop/keeper.md

The program is that of build/test (`tools/build test`).

A printed table stands between two marks; the first one names the file that it is printed from:

    <!-- printed by tools/print_docs.py from src/ipc/questions.def -->
    <!-- end -->

tests/unit/docs/test_tables.py compares them.  Whole files are printed by `doubletour config`: .env.example and docs/reference/settings.md.
"""
import json
import pathlib
import re
import subprocess
import sys

import compile_questions

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / 'tests/unit'))
import layers as layers_test  # noqa: E402
MARKED = re.compile(r'(<!-- printed by tools/print_docs\.py from (\S+) -->\n).*?(<!-- end -->)', re.S)


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


# --- tables ------------------------------------------------------------------------------------------------------------


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


TABLES = {
    'src/ipc/events.def': events,
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


# --- pages -------------------------------------------------------------------------------------------------------------


def page_printed(text, build):
    """The page with each of its tables printed anew."""
    return MARKED.sub(lambda match: f'{match[1]}\n{TABLES[match[2]](build)}\n{match[3]}', text)


def sources(text):
    """What the tables of a page are printed from."""
    return [match[2] for match in MARKED.finditer(text)]


def files():
    """The paths of all files that are printed, whole or in part."""
    pages = [str(path.relative_to(ROOT)) for path in sorted((ROOT / 'docs').rglob('*.md')) if sources(path.read_text())]
    return pages + list(WHOLE)


def printed(path, build):
    """The file as it should be."""
    if path in WHOLE:
        return output(build / 'doubletour', 'config', WHOLE[path])
    return page_printed((ROOT / path).read_text(), build)


def main(*paths):
    for path in paths or files():
        text = printed(path, ROOT / 'build/test')
        if (ROOT / path).read_text() != text:
            (ROOT / path).write_text(text)
            print('printed', path)


if __name__ == '__main__':
    main(*sys.argv[1:])
