#!/usr/bin/python3
"""Write the compile commands of src/, one for each file, from build/test (tools/build test).

    tools/compile_database.py FOLDER       write compile_commands.json there

The build compiles some files twice: for the program, and for a test of the tests.  The checks need only the program's
command, which is the first.
"""

import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "test"


def commands():
    """Return {path in the project: entry of the compile database} for every C file of src/."""
    first = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), ROOT)
        if path.startswith("src/"):
            first.setdefault(path, entry)
    return first


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(list(commands().values()), indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
