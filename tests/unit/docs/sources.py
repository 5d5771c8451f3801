"""Names that the documentation may use: files, identifiers, texts, commands and settings of this repository.

The tests of this folder read the working tree only through this module, once.
"""

import functools
import io
import json
import os
import pathlib
import re
import subprocess
import tokenize

ROOT = pathlib.Path(os.environ.get("SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[3]))
BUILD = pathlib.Path(os.environ.get("BUILD_ROOT", ROOT / "build/test"))
PROGRAM = os.environ.get("DOUBLETOUR", BUILD / "doubletour")

CACHE = re.compile(r"(__py|\.pytest_)cache")
NOT_READ = ("build/", ".git/", "fuzz/corpus/", "locales/", "static/", "docs/images/", "bench/results/")
CODE = (".c", ".h", ".py", ".sql", ".def", ".lua", ".js", ".cpp", ".html", ".jinja", ".in", ".3", ".1", ".build", ".txt", ".sh", ".service", ".socket", "")


@functools.cache
def files():
    """The paths of all files that git tracks or would track; without git, all files."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return frozenset(path for path in listed.stdout.splitlines() if (ROOT / path).exists())
    paths = (str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file())
    return frozenset(path for path in paths if not path.startswith(("build/", ".git/")) and not CACHE.search(path))


@functools.cache
def folders():
    return frozenset(str(parent) for path in files() for parent in pathlib.PurePosixPath(path).parents)


@functools.cache
def text(path):
    return (ROOT / path).read_text(errors="replace")


@functools.cache
def pages():
    """The pages about the present state.  CHANGELOG.md describes earlier ones."""
    return sorted(path for path in files() if path.endswith(".md") and path != "CHANGELOG.md" and not path.startswith("tests/"))


@functools.cache
def own_pages():
    """The pages without those that are printed from presets: their names belong to other applications."""
    return [path for path in pages() if not path.startswith("docs/guides/applications/") or path.endswith("README.md")]


@functools.cache
def manuals():
    return sorted(path for path in files() if path.startswith("man/") and not path.endswith("meson.build"))


@functools.cache
def code():
    """Sources, scripts and build files."""
    return sorted(path for path in files()
                  if pathlib.PurePosixPath(path).suffix in CODE and not path.startswith(NOT_READ) and path not in ("LICENSE", ".gitignore") and not path.startswith("tests/unit/docs/"))


# --- comments and identifiers -----------------------------------------------------------------------------------------

C_PARTS = re.compile(r'(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<text>"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')', re.S)
C_SUFFIXES = (".c", ".h", ".cpp")
LINE_COMMENT = {".sql": "--", ".lua": "--", ".js": "//"}


def blank(match):
    return "\n" * match[0].count("\n")


def is_python(path):
    return path.endswith(".py") or text(path).startswith("#!/usr/bin/python3")


def c_comments(source):
    """The comments of the source; lines keep their numbers."""
    kept, at = [], 0
    for part in C_PARTS.finditer(source):
        kept += ["\n" * source.count("\n", at, part.start()), part["comment"] or "\n" * part[0].count("\n")]
        at = part.end()
    return "".join(kept)


@functools.cache
def tokens(path):
    return list(tokenize.generate_tokens(io.StringIO(text(path)).readline))


def python_comments(path):
    lines = [""] * (text(path).count("\n") + 2)
    before = tokenize.NEWLINE
    for token in tokens(path):
        docstring = token.type == tokenize.STRING and before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.NL, tokenize.DEDENT, tokenize.COMMENT)
        if token.type == tokenize.COMMENT or docstring:
            for offset, line in enumerate(token.string.split("\n")):
                lines[token.start[0] - 1 + offset] += line
        before = token.type
    return "\n".join(lines)


def line_comments(source, mark):
    return "\n".join(line.partition(mark)[1] and line.partition(mark)[2] for line in source.split("\n"))


@functools.cache
def comments(path):
    """The comments of a source file, each in its own line."""
    suffix = pathlib.PurePosixPath(path).suffix
    if suffix in C_SUFFIXES:
        return c_comments(text(path))
    if is_python(path):
        return python_comments(path)
    return line_comments(text(path), LINE_COMMENT.get(suffix, "#"))


WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
WHOLE_TEXT = re.compile(r'"([A-Za-z]\w+)"')  # a setting, a variable of the environment, a key of a file of rules


def c_words(path):
    whole = WHOLE_TEXT.findall(text(path)) if path.startswith("src/") else []
    return WORD.findall(C_PARTS.sub(blank, text(path))) + whole


def sql_words(source):
    names = re.findall(r"^-- name: (\w+)", source, re.M)
    return WORD.findall(re.sub("--.*", "", source)) + names + [f"SQL_{name.upper()}" for name in names]


def python_words(path):
    names = [token.string for token in tokens(path) if token.type == tokenize.NAME]
    return names + [name for name in WHOLE_TEXT.findall(text(path)) if name.isupper()]


def words_of(path):
    suffix = pathlib.PurePosixPath(path).suffix
    if suffix in C_SUFFIXES:
        return c_words(path)
    if suffix == ".sql":
        return sql_words(text(path))
    if is_python(path):
        return python_words(path)
    return WORD.findall(re.sub(r"(?m)^\s*#.*", "", text(path)))


@functools.cache
def unit_tests():
    """The names of meson's tests."""
    listed = BUILD / "meson-info/intro-tests.json"
    return {test["name"] for test in json.loads(listed.read_text())} if listed.exists() else set()


@functools.cache
def identifiers():
    """All identifiers of the code outside comments and texts; queries as SQL_NAME, programs by their source."""
    words = {word for path in code() for word in words_of(path)}
    return frozenset(words | unit_tests() | {pathlib.PurePosixPath(path).stem for path in code()})


@functools.cache
def endings():
    """The last parts of constants: FULL for STATE_FULL."""
    return frozenset(name[at.end():] for name in identifiers() if name.isupper() for at in re.finditer("_", name))


@functools.cache
def all_code():
    """All code in one text, to find names in string literals, such as log events."""
    return "\n".join(text(path) for path in code())


@functools.cache
def dotted():
    """Names in the code with the form of a log event, such as signin.refused."""
    return frozenset(re.findall(r"\b[a-z]+(?:\.[a-z_]+)+\b", all_code()))


@functools.cache
def tables():
    migrations = "".join(text(path) for path in files() if path.startswith("migrations/") and path.endswith(".up.sql"))
    return frozenset(re.findall(r"CREATE TABLE (\w+)", migrations)) - frozenset(re.findall(r"ALTER TABLE (\w+) RENAME TO", migrations))


@functools.cache
def made():
    """The names of files that the build creates."""
    lists = "\n".join(text(path) for path in files() if path.endswith("meson.build"))
    return frozenset(pathlib.PurePosixPath(name).name for name in re.findall(r"'([\w./@-]+\.[\w]+)'", lists))


# --- the program, and make --------------------------------------------------------------------------------------------


@functools.cache
def help_of(*words):
    """The output of `doubletour help WORDS`; None for an unknown command."""
    done = subprocess.run([PROGRAM, "help", *words], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


@functools.cache
def commands():
    return frozenset(re.findall(r"^  ([a-z-]+) ", help_of(), re.M))


@functools.cache
def settings():
    example = subprocess.run([PROGRAM, "config", "example"], capture_output=True, text=True, check=True).stdout
    return frozenset(re.findall(r"^#(?: From a file: )?([A-Z_]+)=", example, re.M)) | frozenset(re.findall(r'WITHOUT_EFFECT\("(\w+)"\)', all_code()))


@functools.cache
def targets():
    return frozenset(re.findall(r"^([a-z]+):", text("Makefile"), re.M))


@functools.cache
def make_variables():
    return frozenset(re.findall(r"^([A-Z]+) =", text("Makefile"), re.M)) | {"DESTDIR"}


@functools.cache
def variables():
    """The variables that scripts, tests and build files read from the environment or accept as NAME=value."""
    reads = r"""(?:getenv\("|environ(?:\.get)?[\[(]["']|\$\{?)([A-Z][A-Z_]+)"""
    return frozenset(re.findall(reads, all_code()))
