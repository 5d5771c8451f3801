"""All names in the documentation and in comments exist: files, identifiers, commands, settings, links."""

import fnmatch
import functools
import os.path
import re

import claims
import sources
from exceptions import IDENTIFIERS, PATHS, PLACEHOLDERS


def complain(wrong):
    assert not wrong, "\n" + "\n".join(f"{claim.path}:{claim.line}: {claim.name}" for claim in wrong)


# --- paths ------------------------------------------------------------------------------------------------------------


@functools.cache
def tails():
    """Every ending of each path, so that `harness/person.py` and `throttle.c` are found."""
    parts = [path.split("/") for path in sources.files() | sources.folders()]
    return frozenset("/".join(names[at:]) for names in parts for at in range(len(names)))


def path_exists(page, name):
    beside = os.path.normpath(os.path.join(os.path.dirname(page), name))
    if beside in sources.files() or beside in sources.folders():
        return True
    if claims.FROM_TOP.match(name):
        known = name in sources.files() or name in sources.folders()
    else:
        known = name in tails() or (name.split("/")[0] == "build" and "build/" not in tails())
    return known or name.split("/")[-1] in sources.made()


def pattern_exists(name):
    pattern = PLACEHOLDERS.sub("*", name)
    return "*" in pattern and any(fnmatch.fnmatch(tail, pattern) for tail in tails())


def missing_paths(path, text):
    return [claim for claim in claims.paths(path, text)
            if claim.name not in PATHS and not path_exists(path, claim.name) and not pattern_exists(claim.name)]


def test_every_path_in_a_page_exists():
    complain([claim for path in sources.own_pages() + sources.manuals() for claim in missing_paths(path, sources.text(path))])


def test_every_path_in_a_comment_exists():
    complain([claim for path in sources.code() for claim in missing_paths(path, sources.comments(path))])


# --- identifiers ------------------------------------------------------------------------------------------------------


def is_known(name):
    if name.endswith("*"):
        return any(known.startswith(name[:-1]) for known in sources.identifiers())
    return name in sources.identifiers() or name in sources.endings()


def identifier_exists(name):
    if name in IDENTIFIERS or is_known(name):
        return True
    if claims.DOTTED.match(name):
        table, column = name.split(".")[:2]
        return name in sources.dotted() or (table in sources.tables() and is_known(column))
    parts = re.split(r"\.|->", name)
    return len(parts) > 1 and all(map(is_known, parts))


def test_every_identifier_in_a_page_exists():
    complain([claim for path in sources.own_pages() for claim in claims.identifiers(path) if not identifier_exists(claim.name)])


def test_every_call_in_a_comment_exists():
    complain([claim for path in sources.code() for claim in claims.calls(path) if not identifier_exists(claim.name)])


def mentioning():
    """C and SQL sources.  Comments of other sources quote configurations of other programs."""
    return [path for path in sources.code() if path.endswith((*sources.C_SUFFIXES, ".sql")) and path != "tools/prove/parser.c"]


def test_every_name_with_an_underscore_in_a_comment_exists():
    complain([claim for path in mentioning() for claim in claims.mentions(path) if not identifier_exists(claim.name)])


def test_every_assignment_in_a_page_sets_something():
    known = sources.settings() | sources.make_variables()
    complain([claim for path in sources.own_pages() for claim in claims.assignments(path)
              if claim.name not in known and claim.name not in IDENTIFIERS and claim.name not in sources.variables()])


def every_name():
    """All names in pages and comments for which there can be an exception."""
    for path in sources.own_pages() + sources.manuals():
        yield from claims.paths(path, sources.text(path))
    for path in sources.own_pages():
        yield from claims.identifiers(path) + claims.assignments(path)
    for path in sources.code():
        yield from claims.paths(path, sources.comments(path)) + claims.calls(path) + claims.mentions(path)


def test_every_exception_is_needed():
    named = {claim.name for claim in every_name()}
    assert sorted((PATHS.keys() | IDENTIFIERS.keys()) - named) == []


# --- commands ---------------------------------------------------------------------------------------------------------

WORD = re.compile(r"[a-z][a-z0-9-]+$")
OPTION = re.compile(r"--[a-z][a-z0-9-]*")


def has_word(text, word):
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def doubletour_fault(words):
    """Why the program would refuse these words; None when it would accept them."""
    if not words or not WORD.match(words[0]):
        return None if not words or words[0] in ("--help", "--version", "--settings", "COMMAND") or not words[0].startswith("-") else "no such option"
    if words[0] == "help":
        return None
    if words[0] not in sources.commands() and sources.help_of(words[0]) is None:
        return "no such command"
    texts = [sources.help_of(words[0])]
    if len(words) > 1 and WORD.match(words[1]):
        if not has_word(texts[0], words[1]):
            return f"{words[0]} has no {words[1]}"
        texts.append(sources.help_of(words[0], words[1]) or "")
    if words[0] != "otp":
        texts.append(sources.help_of())  # options of every other command
    unknown = [option for option in OPTION.findall(" ".join(words)) if not any(has_word(text, option) for text in texts)]
    return f"no option {unknown[0]}" if unknown else None


def make_fault(words):
    for word in words:
        name, equals, _ = word.partition("=")
        if equals and name not in sources.make_variables():
            return f"no variable {name}"
        if not equals and re.match(r"[a-z]+$", word) and word not in sources.targets():
            return f"no target {word}"
    return None


def script_fault(script, words):
    """An option or word that the script's text does not contain, as a message; None when all are there."""
    if script not in sources.files():
        return None  # not a command, or a missing path, which the test of paths reports
    named = [word for word in words if OPTION.match(word) or re.match(r"[a-z][a-z0-9_]+$", word)]
    unknown = [word for word in named if not has_word(sources.text(script), word.lstrip("-"))
               and not path_exists("README.md", word + ".py")]
    return f"{script} has no {unknown[0]}" if unknown else None


def command_fault(line):
    first, *words = line.split()
    if first == "doubletour":
        return doubletour_fault(words)
    if first == "make":
        return make_fault(words)
    return script_fault(first, words)


def test_every_command_in_a_page_exists():
    found = [(claim, command_fault(claim.name)) for path in sources.pages() for claim in claims.commands(path)]
    complain([claim._replace(name=f"{claim.name}: {fault}") for claim, fault in found if fault])


# --- links ------------------------------------------------------------------------------------------------------------


def link_is_good(link):
    path, mark = claims.target(link), link.name.partition("#")[2]
    if path not in sources.files() and path not in sources.folders():
        return False
    return not mark or mark in claims.anchors(path)


def test_every_link_in_a_page_has_a_target():
    complain([claim for path in sources.pages() for claim in claims.links(path) if not link_is_good(claim)])


# --- marks of tests ---------------------------------------------------------------------------------------------------


def test_every_mark_is_explained_in_the_page_about_tests():
    table = re.search(r"^MARKS = \{\n(.*?)^\}", sources.text("tests/conftest.py"), re.M | re.S)[1]
    marks = re.findall(r'^    "(\w+)":', table, re.M)
    rows = re.findall(r"^\| `(\w+)` \|", sources.text("docs/develop/testing.md").split("## Marks")[1].split("\n## ")[0], re.M)
    assert marks and not set(marks) - set(rows)


# --- the tests themselves ---------------------------------------------------------------------------------------------

WRONG_PATHS = ["src/keeper/nothing.c", "nothing.c", "../src/nothing", "harness/nobody.py", "docs/develop/design/nothing.md", "tests/nothing/NAME.c"]
WRONG_NAMES = ["session_decides", "SESSION_IDEL", "throttle_take_back", "signin.refuzed", "nothings.column", "session.made_up->member", "otp_base23_*"]
WRONG_COMMANDS = ["doubletour usr add NAME", "doubletour user ad NAME", "doubletour user add NAME --emial x", "doubletour run --prot 1", "make chekc",
                  "make bench ONYL=otp", "tools/build tset", "bench/instructions.py --recrod"]
RIGHT_COMMANDS = ["doubletour user add NAME --email x", "doubletour config show", "doubletour --help", "make bench ONLY=otp", "tools/build test"]
WRONG_LINKS = ["nothing.md", "http.md#no-such-heading", "#nothing"]


def test_a_wrong_name_is_found():
    assert not [name for name in WRONG_PATHS if path_exists("docs/develop/keeper.md", name) or pattern_exists(name)]
    assert not [name for name in WRONG_NAMES if identifier_exists(name)]
    assert not [line for line in WRONG_COMMANDS if command_fault(line) is None]
    assert not [line for line in RIGHT_COMMANDS if command_fault(line) is not None]
    assert not [name for name in WRONG_LINKS if link_is_good(claims.Claim("docs/develop/keeper.md", 1, name))]
