#!/usr/bin/python3
"""Find English that CONTRIBUTING.md ("How the code looks") does not allow, and print path:line, the rule and a hint.

usage: tools/lint_english.py [PATH...]     a file or a folder; without one, the whole repository

It reads the comments of C, Python, shell, SQL, JavaScript and templates; docstrings; sentences in C strings of src/;
.def files; Markdown, manual pages and the msgids of locales/.  Text between backticks or double quotes is not read.
The names of tests are read as sentences.  The checker finds habits, not meaning: a text without findings must still be
read.
"""

import ast
import bisect
import fnmatch
import io
import pathlib
import re
import subprocess
import sys
import tokenize

MAX_WORDS = 30  # of a sentence; most have fewer than 25
MAX_COLUMNS = 120  # of a line with a comment
MAX_NAME = 60  # characters in the name of a test

# rule, what it finds, hint
WORDS = [
    ("nobody", r"\b(nobody|no-one)\b", 'name the subject: "no user", "no process"'),
    ("somebody", r"\bsomebody\b", "name the person or the process"),
    ("whoever", r"\b(whoever|whomever)\b", 'name the subject: "the user who", "the first request"'),
    ("is none", r"(?<!there )\b(is|are|was|were) none\b|\bnone for none\b", 'say what it is instead: "invalid", "missing"'),
    ("is no", r"(?<!there )\b(is|are|was|were) no (?!longer|more|less|fewer|other|better|worse|later|earlier|older|newer|larger|smaller)",
     'say "is not a", or what it is instead'),
    ("none of it", r"\bnone of (it|them|this)\b", "name the things"),
    ("for it", r"[,;] for (it|its|they|their|there|he|she|we|you|nothing|otherwise)\b", 'begin a sentence, or say "because"'),
    ("all the same", r"\ball the same(?=[.,;:!)]|$)", 'say "still", or what happens anyway'),
    ("once more", r"\bonce more\b", 'say "again"'),
    ("of its own", r"\bof (its|their|his|her|our|your) own\b", 'say "its own thread", "a separate thread"'),
    ("at all", r"\bat all\b(?! times)", "leave it out"),
    ("that is", r"[,;:(] that is[,:] |\bthat is to say\b", "say it once, in the words that are clear"),
    ("of itself", r"\bof (itself|themselves)\b", 'say "automatically", or who does it'),
    ("see to", r"\b(sees|see|seen|saw) to (it|that|this|the)\b", 'say "ensures", or what is done'),
    ("inversion", r"(?:^|[.!?:;]\s+)((?-i:First|Then|Only then|Thus|So|Next|Last|Before it|After it|Behind it|Above it|Below it|With it)"
     r"|first) (is|are|was|were|comes|come|stands|stand|goes|go) (?!not )", "put the subject first"),
    ("what is", r"\bwhat (is|was|are|were|has|had|comes|came|stands|follows|goes|fits|hashes|holds|reads|writes|needs)\b(?![^.!?]*\?)"
     r"(?! (wrong|new|left|missing)\b)", 'name the thing: "the text that is refused"'),
    ("archaic", r"\b(lest|hitherto|whereupon|thereupon|wherein|therein|thereof|whereof|hereby|herein|thence|whence|hence|thus|save for)\b",
     'use an everyday word: "so", "in it", "because"'),
    ("door", r"\b(door ?keepers?|doors?)\b", '"acceptor", "listener", or the name of the endpoint'),
    ("lane", r"\blanes?\b", '"worker pool" or "queue"'),
    ("pardon", r"\bpardon\w*", '"grace period" or "timeout"'),
    ("patience", r"\b(im)?patien(t|ce|tly)\b", '"timeout" or "grace period"'),
    ("way back", r"\bways? back\b", '"return URL"'),
    ("happening", r"\bhappenings?\b", '"event" or "activity text"'),
    ("hurry", r"\bhurr(y|ies|ied)\b", '"deadline" or "statement timeout"'),
    ("bones", r"\bbones?\b", '"redacted" or "what remains"'),
    ("stranger", r"\b(strangers?|newcomers?)\b", '"a person without an account", "an unauthenticated client", "a new entry"'),
    ("good for", r"\bgood for (a|an|one|two|\d+)\b", 'say "valid for"'),
    ("is said", r"\b(is|are|was|were) said\b", 'say who reports it: "the log names it", "the page says so"'),
    ("leads on", r"\b(leads?|led) on\b", 'say "redirects", "continues" or "opens the next page"'),
    ("old name", r"\b(concerns_id|let_in|come_in|stand_on|way_back|nobodys|misnamed)\b", "the name that the code has now"),
]
WORDS = [(rule, re.compile(pattern, re.IGNORECASE), hint) for rule, pattern, hint in WORDS]

# A comment that begins so has no subject: "What a settings file holds." instead of "The lines of a settings file."
HEADLESS = re.compile(r"(?:^|[.!?]\s+)((?:What|Who|Whose|Whoever) (?![^.!?]*\?))")

# The name of a test must not begin so: the subject of a sentence is a noun.
PRONOUNS = re.compile(r"(it|its|he|she|they|them|their|this|these|that|those|there|who|whose|whom|what|which|where|when|whoever|whatever|"
                      r"nobody|somebody|you|we|i)_")

# path (with * and ?), rule, a part of the text in one line, reason.  An exception that excuses nothing is an error.
EXCEPTIONS = [
    ("tests/e2e/test_conformance_*.py", "test name", "def test_oidcc_", "the name of a module of the conformance suite"),
]

# Files that are not read: (path, reason).
NOT_READ = [
    ("migrations/*", "a released migration has a checksum"),
    ("tools/lint_english.py", "quotes the phrases that it finds"),
    ("tests/unit/tools/test_lint_english.py", "quotes the phrases that must be found"),
    ("docs/fr/*", "French"),
    ("*.fr.md", "French"),
    ("fuzz/corpus/*", "inputs"),
]


class Text:
    """One paragraph: its lines, joined by spaces, and the number of the line at each offset."""

    def __init__(self, kind, lines):
        self.kind = kind
        self.starts, self.numbers, parts, length = [], [], [], 0
        for number, line in lines:
            self.starts.append(length)
            self.numbers.append(number)
            parts.append(line)
            length += len(line) + 1
        self.text = blank_quotes(" ".join(parts))

    def line(self, offset):
        return self.numbers[bisect.bisect_right(self.starts, offset) - 1]


def blank_quotes(text):
    """Text between backticks or double quotes is not a sentence of the author: replace each of its characters by x."""
    return re.sub(r'`[^`]+`|"[^"]+"|“[^”]+”', lambda m: m.group()[0] + "x" * (len(m.group()) - 2) + m.group()[-1], text)


COLUMN = re.compile(r"\S(?:\t+|(?<![.:;,?!)\"'])  +)\S")  # a line of a table: two columns
ITEM = re.compile(r"\s*([-*+•]|\d+[.)])\s+\S|\t")  # or a line of code


def paragraphs(kind, lines):
    """Lines of (number, text): an empty line, an item of a list, a line of a table or of code begins a new one."""
    found, current = [], []
    for number, line in lines:
        if current and (not line.strip() or COLUMN.search(line.strip()) or ITEM.match(line)):
            found.append(Text(kind, current))
            current = []
        if line.strip():
            current.append((number, line.strip()))
    if current:
        found.append(Text(kind, current))
    return found


def line_at(text, offset):
    return text.count("\n", 0, offset) + 1


C_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|(?:"(?:\\.|[^"\\\n])*"\s*)+|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
STRING = re.compile(r'"((?:\\.|[^"\\\n])*)"')


def read_string(token, first):
    """The pieces of one C string with their lines; the empty list when it is not a sentence."""
    pieces = [(first + token.count("\n", 0, m.start()), re.sub(r'\\n', " ", m.group(1)).replace('\\"', "'")) for m in STRING.finditer(token)]
    words = " ".join(p for _, p in pieces).split()
    return [Text("string", pieces)] if len(words) >= 4 and not re.match(r"[A-Z_]{3,} |[<{/]", words[0]) else []


def read_comment(token, first):
    if token.startswith("/*@"):
        return []  # an annotation for Frama-C
    lines = [(first + i, re.sub(r"^\s*(/\*+|\*(?!/)|//)?", "", line).replace("*/", "")) for i, line in enumerate(token.split("\n"))]
    return paragraphs("comment", lines)


def read_c(path, text):
    found = []
    for m in C_TOKEN.finditer(text):
        first, token = line_at(text, m.start()), m.group()
        if token.startswith("/"):
            found += read_comment(token, first)
        elif token.startswith('"') and path.startswith("src/"):
            found += read_string(token, first)
    return found


def read_hashes(path, text, mark=r"#"):
    """Comments from # to the end of the line, in lines that hold only them or behind code."""
    whole = re.compile(rf"^\s*{mark}+!?(?!!)(.*)")
    behind = re.compile(rf"\s{mark} (.*)")
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        m = whole.match(line)
        if m and not line.startswith("#!"):
            code = mark == "--" and re.match(r" (row|name|dialect): ", m.group(1))  # for tools/compile_sql.py
            lines.append((number, "" if code else m.group(1)))
            continue
        m = behind.search(re.sub(r"'[^']*'|\"[^\"]*\"", lambda q: "x" * len(q.group()), line))
        lines += [(number, "")] + ([(number, line[m.start(1):]), (number, "")] if m else [])
    return paragraphs("comment", lines)


def read_python(path, text):
    lines, previous = [], 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT or token.string.startswith("#!"):
            continue
        number, own = token.start[0], not token.line[:token.start[1]].strip()
        if number != previous + 1 or not own:
            lines.append((number, ""))
        lines.append((number, token.string.lstrip("#")))
        previous = number if own else 0
    found = paragraphs("comment", lines)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and ast.get_docstring(node, clean=False):
            value = node.body[0].value
            found += paragraphs("comment", list(enumerate(value.value.split("\n"), value.lineno)))
    return found


def read_template(path, text):
    found = []
    for m in re.finditer(r"\{#(.*?)#\}|<!--(.*?)-->", text, re.DOTALL):
        found += paragraphs("comment", list(enumerate((m.group(1) or m.group(2) or "").split("\n"), line_at(text, m.start()))))
    return found


def read_markdown(path, text):
    lines, fence = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fence = not fence
            line = ""
        if fence or line.startswith(("    ", "\t")) and not ITEM.match(line) and not (lines and lines[-1][1].strip()):
            lines.append((number, ""))
            continue
        line = re.sub(r"\]\([^)]*\)|<[^>]*>|\[|\]", "", line).replace("**", "")
        if line.startswith("|"):
            for cell in re.split(r"(?<!\\)\|", line):
                lines += [(number, ""), (number, cell)]
            lines.append((number, ""))
        elif line.startswith("#"):
            lines += [(number, ""), (number, line.lstrip("# ")), (number, "")]
        else:
            lines.append((number, "" if line.startswith(">") else line))  # > quotes a message
    return paragraphs("text", lines)


MAN_BREAKS = (".Sh", ".Ss", ".It", ".Pp", ".Bl", ".El", ".SH", ".SS", ".PP", ".TP", ".Ed", ".Bd", ".Dd", ".Dt", ".Os")


def read_man(path, text):
    lines, display = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(MAN_BREAKS):
            lines.append((number, ""))
            display = line.startswith((".Bd", ".Sh SYNOPSIS")) or display and not line.startswith((".Ed", ".Sh"))
        if display:
            continue
        line = line[3:] if line.startswith('.\\"') else re.sub(r"^\.[A-Z][a-z] ", "", line)
        lines.append((number, re.sub(r'\\[&e]|\\f.|(?<!\S)"|"(?!\S)', "", "" if re.match(r"\.[A-Z]", line) else line)))
    return paragraphs("text", lines)


def read_po(path, text):
    found = []
    for m in re.finditer(r'^msgid(?:_plural)? ((?:"(?:\\.|[^"\\])*"\s*)+)', text, re.MULTILINE):
        first = line_at(text, m.start())
        pieces = [(first + m.group(1).count("\n", 0, p.start()), p.group(1).replace('\\"', "'")) for p in STRING.finditer(m.group(1))]
        found.append(Text("text", pieces))
    return found


def read_names(path, text):
    """The names of tests, as sentences."""
    if not path.startswith("tests/"):
        return []
    pattern = r"^static void\n(\w+)\(void \*\*\w+\)" if path.endswith(".c") else r"^ *(?:async )?def test_(\w+)\("
    return [Text("name", [(line_at(text, m.start(1)), m.group(1))]) for m in re.finditer(pattern, text, re.MULTILINE)]


# pattern of the names of files, function that reads them
READERS = [
    (r"\.(c|h|cpp|js|css)$|\.def$(?<!questions\.def)", read_c),
    (r"\.py$", read_python),
    (r"\.html$|\.jinja$", read_template),
    (r"\.md$", read_markdown),
    (r"\.[1-9](\.in)?$", read_man),
    (r"en\.po$", read_po),
    (r"\.(sql|lua)$", lambda path, text: read_hashes(path, text, "--")),
    (r"questions\.def$|\.build$|\.sh$|\.conf$|\.cfg$|Makefile$|Caddyfile$|\.ini$|\.ya?ml$|\.dict$|meson_options.txt$|\.service$|\.socket$", read_hashes),
]


def reader(path, text):
    """The reader for a file; None for a file that holds no English."""
    for pattern, read in READERS:
        if re.search(pattern, path):
            return read
    return read_hashes if text.startswith("#!/bin/") else read_python if text.startswith("#!/usr/bin/python3") else None


def sentences(text):
    """(offset, number of words) of each sentence."""
    start = 0
    for m in re.finditer(r"[.!?][\"'”)]*(?=\s|$)|$", text):
        yield start + len(text[start:]) - len(text[start:].lstrip()), len(re.findall(r"\S*\w\S*", text[start:m.end()]))
        start = m.end()


def name_findings(name):
    if len(name) > MAX_NAME:
        yield "test name", 0, f"{len(name)} characters; at most {MAX_NAME}"
    if PRONOUNS.match(name):
        yield "test name", 0, "begin with the subject, a noun"


def text_findings(text):
    """(rule, offset, hint) of one paragraph."""
    words = text.text.replace("_", " ") if text.kind == "name" else text.text
    for rule, pattern, hint in WORDS:
        for m in pattern.finditer(words):
            yield rule, m.start() + len(m.group()) - len(m.group().lstrip(" .,;:!?")), hint
    if text.kind == "comment":
        yield from (("what", m.start(1), "begin with the subject, a noun") for m in HEADLESS.finditer(words))
    if text.kind == "name":
        yield from name_findings(text.text)
    elif text.kind != "string":
        for offset, count in sentences(words):
            if count > MAX_WORDS:
                yield "long sentence", offset, f"{count} words; at most {MAX_WORDS}, better under 25"


def column_findings(path, text, texts):
    """Lines with a comment that are too long."""
    if path.endswith(".md"):
        return
    commented = {number for t in texts if t.kind == "comment" for number in t.numbers}
    for number, line in enumerate(text.splitlines(), 1):
        if number in commented and len(line.expandtabs(8)) > MAX_COLUMNS:
            yield number, "long line", f"{len(line.expandtabs(8))} columns; at most {MAX_COLUMNS}"


def findings(path, text):
    """[(line, rule, hint)] of one file, in order."""
    read = reader(path, text)
    if not read:
        return []
    texts = read(path, text)
    found = set(column_findings(path, text, texts))
    for paragraph in texts + read_names(path, text):
        found |= {(paragraph.line(offset), rule, hint) for rule, offset, hint in text_findings(paragraph)}
    return sorted(found)


def excused(path, rule, line, exceptions, used):
    for number, (pattern, excepted, part, _) in enumerate(exceptions):
        if excepted == rule and fnmatch.fnmatch(path, pattern) and part in line:
            used.add(number)
            return True
    return False


def report(files, exceptions):
    """The lines to print for {path: text}, and the numbers of the exceptions that excused something."""
    found, used = [], set()
    for path, text in sorted(files.items()):
        lines = text.splitlines()
        found += [f"{path}:{number}: {rule}: {hint}" for number, rule, hint in findings(path, text)
                  if not excused(path, rule, lines[number - 1], exceptions, used)]
    return found, used


def unused(exceptions, used):
    return [f"tools/lint_english.py: exception {number + 1} ({path}, {rule}, {part!r}) excuses nothing: remove it"
            for number, (path, rule, part, _) in enumerate(exceptions) if number not in used]


def tracked(root, paths):
    """{path: text} of the files to read."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths],
                            capture_output=True, text=True, check=True).stdout.split("\0")
    read = [p for p in listed if p and (root / p).is_file() and not any(fnmatch.fnmatch(p, pattern) for pattern, _ in NOT_READ)]
    texts = {}
    for path in read:
        try:
            texts[path] = (root / path).read_text()
        except UnicodeDecodeError:
            continue  # a picture
    return texts


def main(paths):
    root = pathlib.Path(__file__).resolve().parent.parent
    found, used = report(tracked(root, paths), EXCEPTIONS)
    found += [] if paths else unused(EXCEPTIONS, used)
    for line in found:
        print(line)
    print(f"{len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
