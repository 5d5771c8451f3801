#!/usr/bin/python3
"""Print the C files of these layers, one on each line: fuzz/meson.build compiles them with the fuzzer's flags.

    sources.py ROOT LAYER...
"""

import pathlib
import sys

WITH_THE_PAGES = ("messages.c", "page_runtime.c")  # the library of src/web/pages contains them

root, *layers = sys.argv[1:]
for layer in layers:
    for file in sorted(pathlib.Path(root, "src", layer).rglob("*.c")):
        if file.name not in WITH_THE_PAGES:
            print(file)
