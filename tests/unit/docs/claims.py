"""Names that a text uses: paths, identifiers, commands, settings, links.  A claim is a name and its place in a text."""

import collections
import functools
import os.path
import re

import sources

Claim = collections.namedtuple("Claim", "path line name")

FENCE = re.compile(r"^ *```.*?^ *```$", re.M | re.S)
SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)


def found(path, text, pattern, group=1):
    return [Claim(path, text.count("\n", 0, match.start()) + 1, " ".join(match[group].split())) for match in pattern.finditer(text)]


def prose(path):
    """A page without its code blocks; lines keep their numbers."""
    return FENCE.sub(sources.blank, sources.text(path))


@functools.cache
def spans(path):
    """The texts between backticks in a page."""
    return found(path, prose(path), SPAN, 2)


@functools.cache
def block_lines(path):
    """The lines of the code blocks of a page."""
    text = sources.text(path)
    return [Claim(path, text.count("\n", 0, block.start()) + number, line.strip())
            for block in FENCE.finditer(text) for number, line in enumerate(block[0].split("\n"), 1)]


# --- paths ------------------------------------------------------------------------------------------------------------

TOP = "bench|docs|examples|fuzz|include|locales|man|migrations|packaging|proxies|src|static|templates|tests|tools"
SUFFIX = "c|h|py|sql|def|md|html|build|lua|js|po|sh|dict|service|socket|json|jinja|svg|png|abi|symbols|conf|yml|yaml|cfg|cpp"
PATH = re.compile(r"(?<![\w/.:<>$~@}-])((?:\.\./)*(?>[\w*][\w.*/-]*))(?![@(])")  # not within a URL or a longer path
FROM_TOP = re.compile(rf"(?:{TOP})/")
HAS_SUFFIX = re.compile(rf".*\w\.(?:{SUFFIX})$")
BARE_SUFFIX = re.compile(r"[\w*-]+\.(?:c|h|py|def|sql|md)$")


def is_path(name):
    return bool(FROM_TOP.match(name) or ("/" in name and HAS_SUFFIX.match(name)) or BARE_SUFFIX.match(name))


@functools.cache
def paths(path, text):
    claims = (claim._replace(name=claim.name.rstrip("./-")) for claim in found(path, text, PATH))
    return [claim for claim in claims if is_path(claim.name)]


# --- identifiers ------------------------------------------------------------------------------------------------------

QUOTED = re.compile(r"(?:struct |enum )?([A-Za-z_]\w*(?:(?:\.|->)\w+)*\*?)(\(.*\))?$")
DOTTED = re.compile(r"[a-z]+(?:\.[a-z_]+)+$")
CALL = re.compile(r"(?<![\w.$-])([a-z]\w*_\w+)\(\)")


def is_identifier(name, call):
    """Names that cannot be English words: with an underscore, parentheses or dots, or in capitals."""
    return "_" in name or call == "()" or DOTTED.match(name) or (name.isupper() and len(name) > 2)


@functools.cache
def identifiers(path):
    """Texts between backticks that look like names of C, SQL or the log."""
    matches = ((claim, QUOTED.match(claim.name)) for claim in spans(path) if not is_path(claim.name))
    return [claim._replace(name=match[1]) for claim, match in matches if match and is_identifier(match[1], match[2])]


@functools.cache
def calls(path):
    """The names followed by () in the comments of a source file."""
    return found(path, sources.comments(path), CALL)


SNAKE_CASE = re.compile(r"(?<![\w./$%{-])([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?![\w./-])")


@functools.cache
def mentions(path):
    """Words with an underscore in the comments of a source file: they must be names of the code."""
    return found(path, sources.comments(path), SNAKE_CASE)


# --- commands ---------------------------------------------------------------------------------------------------------

COMMAND = re.compile(r"(?:\$ |sudo (?:-\S+ (?:doubletour )?)*|[A-Z_]+=\S+ )*(?:build/(?:test/)?)?((?:doubletour|make|tools/|bench/|fuzz/).*)")
END = re.compile(r"\s(?:\||>|#|&&|')|;|…|\)")


def commands(path):
    """The command lines of a page, each without redirections, pipes and further commands."""
    lines = ((claim, COMMAND.match(claim.name)) for claim in spans(path) + block_lines(path))
    return [claim._replace(name=END.split(match[1])[0].strip()) for claim, match in lines if match]


VARIABLE = re.compile(r"(?:export )?([A-Z][A-Z_]+)=")


@functools.cache
def assignments(path):
    """The names in NAME=value, between backticks or at the beginning of a line of code."""
    lines = ((claim, VARIABLE.match(claim.name)) for claim in spans(path) + block_lines(path))
    return [claim._replace(name=match[1]) for claim, match in lines if match]


# --- links ------------------------------------------------------------------------------------------------------------

LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.M)


@functools.cache
def links(path):
    return [claim for claim in found(path, prose(path), LINK) if "://" not in claim.name]


def target(link):
    """The path of a link from the root of the repository; the same page for a link with only an anchor."""
    path = link.name.partition("#")[0]
    return os.path.normpath(os.path.join(os.path.dirname(link.path), path)) if path else link.path


def anchor(heading):
    """The anchor that Git hosting sites make: lower case, no punctuation, hyphens for spaces."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def anchors(path):
    return {anchor(heading) for heading in HEADING.findall(prose(path))}
