#!/usr/bin/python3
"""Checks that the manual pages agree with the header.  Prints TAP.

    manual.py ROOT

Each function of include/doubletour/otp.h has a page of its name, or a link to a page, with the same prototype, and is
listed in packaging/otp.map.  mandoc finds no fault in the pages.
"""

import pathlib
import re
import shutil
import subprocess
import sys

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
PROTOTYPE = re.compile(r"^(?:OTP_MUST_USE )?((?:enum|void|const)\b[\w \t]*?[\s*]+)(otp_\w+)\(([^;{}]*)\);", re.MULTILINE)
DATA = re.compile(r"^extern const struct \w+ (\w+);", re.MULTILINE)


def tight(text):
    return re.sub(r"\s*([*,\[\]])\s*", r"\1", " ".join(text.split()))


def header_functions(header):
    return {name: tight(f"{kind} {name}({arguments})") for kind, name, arguments in PROTOTYPE.findall(COMMENT.sub("", header))}


def page_functions(page):
    """The prototypes of a SYNOPSIS: .Ft, .Fo, .Fa ..., .Fc"""
    found, kind, name, arguments = {}, "", "", []
    for line in page.splitlines():
        macro, _, rest = line.partition(" ")
        if macro == ".Ft":
            kind = rest.strip('"')
        elif macro == ".Fo":
            name, arguments = rest, []
        elif macro == ".Fa" and name:
            arguments.append(rest.strip('"'))
        elif macro == ".Fc":
            found[name] = tight(f"{kind} {name}({','.join(arguments)})")
            name = ""
    return found


def page_names(page):
    """The names in the section NAME, for man -k and for links to this page."""
    return set(re.findall(r"^\.Nm (\S+)", page, re.MULTILINE))


def aliases(text):
    """The pages of man/meson.build and the names that link to them."""
    return {page: set(re.findall(r"'(otp_\w+)'", names)) for page, names in re.findall(r"'([\w-]+)': \[([^\]]*)\]", text)}


def map_names(text):
    return set(re.findall(r"^\t(\w+);", text, re.MULTILINE))


def differences(wanted, found, what):
    return [f"{name}: {wanted.get(name)}; {what}: {found.get(name)}"
            for name in sorted(wanted.keys() | found.keys()) if wanted.get(name) != found.get(name)]


def lint(root):
    pages = sorted(str(p) for p in (root / "man").glob("*.[0-9]"))
    done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", *pages], capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else (done.stdout + done.stderr).splitlines()


def main():
    root = pathlib.Path(sys.argv[1])
    header = (root / "include/doubletour/otp.h").read_text()
    functions = header_functions(header)
    pages = {p.stem: p.read_text() for p in (root / "man").glob("*otp*.3")}
    documented = {name: text for page in pages.values() for name, text in page_functions(page).items()}
    links = aliases((root / "man/meson.build").read_text())
    named = {stem: page_names(page) - {stem} for stem, page in pages.items()}
    exported = map_names((root / "packaging/otp.map").read_text())
    declared = set(functions) | set(DATA.findall(header))
    results = [
        ("the header declares functions", [] if len(functions) >= 24 else [f"only {len(functions)} were found"]),
        ("each function is documented as it is declared", differences(functions, documented, "the manual")),
        ("each function has a page of its name", differences(named, links, "man/meson.build")),
        ("the map exports the declarations of the header", [f"{name}: in one of them only" for name in sorted(declared ^ exported)]),
    ]
    if shutil.which("mandoc"):
        results.append(("mandoc accepts the pages", lint(root)))
    else:
        results.append(("mandoc accepts the pages # SKIP mandoc is not installed", []))
    print(f"1..{len(results)}")
    for number, (name, problems) in enumerate(results, 1):
        print(f"{'not ' if problems else ''}ok {number} - {name}")
        for problem in problems:
            print(f"# {problem}")
    return 1 if any(problems for _, problems in results) else 0


if __name__ == "__main__":
    sys.exit(main())
