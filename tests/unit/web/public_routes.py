#!/usr/bin/python3
"""docs/explain/threat-model.md lists exactly the routes that are open without a session.

usage: public_routes.py PROGRAM
"""
import json
import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parents[3] / 'docs' / 'explain/threat-model.md'


def documented():
    section = PAGE.read_text().split('## Public routes', 1)[1].split('\n## ', 1)[0]
    return set(re.findall(r'^\| ((?:GET|POST|OPTIONS|ANY) /\S*) \|', section, re.M))


def real(program):
    rows = json.loads(subprocess.run([program, 'routes', '--json'], capture_output=True, check=True).stdout)
    return {f"{row['method']} {row['path']}" for row in rows if 'none' in row['opens']}


def main(program):
    wrong = documented() ^ real(program)
    print('1..1')
    print('not ok 1' if wrong else 'ok 1', 'public routes are those of docs/explain/threat-model.md')
    for route in sorted(wrong):
        print(f'# {route} is', 'not in the program' if route in documented() else 'not in docs/explain/threat-model.md')


main(*sys.argv[1:])
