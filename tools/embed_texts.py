#!/usr/bin/python3
"""Make C from text files: a table of names and texts.

embed_texts.py --header HEADER --table NAME --output FILE TEXT...

HEADER declares `extern const struct embedded_text NAME[]` and `extern const size_t NAME_count`.
"""

import argparse
import pathlib

import c_literal


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--header", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("texts", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    rows = []
    for path in options.texts:
        lines = "\n".join("\t  " + c_literal.string(line) for line in path.read_text().splitlines(keepends=True))
        rows.append(f"\t{{ {c_literal.string(path.name)},\n{lines} }},\n")
    pathlib.Path(options.output).write_text(
        f'#include "{options.header}"\n\nconst struct embedded_text {options.table}[] = {{\n{"".join(rows)}}};\n'
        f"const size_t {options.table}_count = sizeof({options.table}) / sizeof({options.table}[0]);\n")


main()
