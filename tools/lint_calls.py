#!/usr/bin/python3
"""Find calls that are forbidden everywhere, or allowed in one file only.  Print TAP.

A call is a name followed by an opening parenthesis, outside comments and strings.
"""

import pathlib
import re
import sys

# names, files where they are allowed ([]: nowhere), the replacement
# src/otp is a library for other programs, so it allocates memory and reads randomness itself.
RULES = [
    ("strcpy strcat stpcpy sprintf vsprintf gets", [], "str_copy_z, snprintf or a struct buf"),
    ("strtok strtok_r", [], "str_cut"),
    ("atoi atol atoll atof strtol strtoul strtoll strtoull", [], "str_number"),
    ("rand srand random srandom drand48 rand_r", [], "random_fill"),
    ("system popen", [], "nothing: the program starts no shell"),
    ("alloca", [], "an array of fixed size, or an arena"),
    ("memcmp bcmp", ["src/base/"], "str_equal; for secrets secret_equal"),
    ("clock_gettime gettimeofday time ftime timespec_get", ["src/base/clock.c"], "clock_now_us, clock_monotonic_us"),
    ("getrandom getentropy arc4random arc4random_buf RAND_bytes RAND_priv_bytes",
     ["src/base/random.c", "src/otp/"], "random_fill"),
    ("malloc calloc realloc reallocarray strdup strndup asprintf vasprintf aligned_alloc posix_memalign",
     ["src/base/mem.c", "src/otp/"], "mem_new, an arena or a struct buf"),
]
# Only cli/print.h writes text from outside to a terminal; it makes control bytes visible.  otp_qr.c writes files.
RULES += [
    ("printf fprintf vprintf vfprintf puts fputs putchar putc fputc fwrite perror dprintf vdprintf",
     ["src/cli/print.c"], "cli_say, cli_line and cli_print of cli/print.h; log_event elsewhere"),
]
# Rules for tests/unit, whose standard output is TAP.
TEST_RULES = [("print_message", [], "unit_note of unit.h, which writes a comment of TAP")]
FORMATS = re.compile(r'\bbuf_printf\s*\((?:[^;"]|"(?:\\.|[^"\\])*")*;', re.DOTALL)
TEXT_VALUE = re.compile(r'%[-0-9.*]*s')
SKIP = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code_only(text):
    """Replace comments and literals by blanks; lines keep their numbers."""
    return SKIP.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def calls(text, names):
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(names.split()) + r")\s*\(")
    return [(text.count("\n", 0, m.start()) + 1, m.group(1)) for m in pattern.finditer(text)]


def raw_formats(path, text):
    """Find buf_printf with a text argument in cli/: use cli_line or buf_put_visible instead."""
    if not path.startswith("src/cli/"):
        return []
    return [f"{path}:{text.count(chr(10), 0, m.start()) + 1}: buf_printf of a text: use cli_line or buf_put_visible"
            for m in FORMATS.finditer(text) if TEXT_VALUE.search(m.group())]


def breaches(path, text):
    code = code_only(text)
    found = raw_formats(path, text)
    for names, homes, instead in TEST_RULES if path.startswith("tests/") else RULES:
        if any(path.startswith(home) for home in homes):
            continue
        found += [f"{path}:{line}: {name}: use {instead}" for line, name in calls(code, names)]
    return found


# path, text, number of findings, reason
EXAMPLES = [
    ("src/web/x.c", "\tstrcpy(a, b);\n", 1, "forbidden everywhere"),
    ("src/web/x.c", "\tn = atoi (text);\n", 1, "a space before the parenthesis changes nothing"),
    ("src/web/x.c", "/* strcpy(a, b) */ // rand()\n", 0, "a comment is not a call"),
    ("src/web/x.c", 'f("time(now)");\n', 0, "a string is not a call"),
    ("src/web/x.c", "\tx->time(y); z.time(y); put_time(y);\n", 0, "a member or a longer name is another function"),
    ("src/keeper/x.c", "\ttime(NULL);\n", 1, "a second caller of the clock"),
    ("src/base/clock.c", "\tclock_gettime(id, &t);\n", 0, "allowed in this file"),
    ("src/keeper/x.c", "\tmemcmp(a, b, n);\n", 1, "may stop at the first difference"),
    ("src/keeper/x.c", "\tp = malloc(n);\n", 1, "tests cannot make it fail"),
    ("src/cli/x.c", '\tfprintf(stderr, "%s", name);\n', 1, "a name may contain escape sequences for the terminal"),
    ("src/cli/print.c", "\tfwrite(p, 1, n, stdout);\n", 0, "allowed in this file"),
    ("src/cli/x.c", '\tbuf_printf(&out, "name %.*s\\n", STR_ARG(name));\n', 1, "a name may contain a line end"),
    ("src/cli/x.c", '\tbuf_printf(&out, "%lld",\n\t\t(long long)n);\n', 0, "a number is not a text"),
    ("src/keeper/x.c", "\tRAND_bytes(p, n);\n", 1, "a second source of randomness"),
    ("tests/unit/base/test_x.c", '\tprint_message("%s\\n", why);\n', 1, "the line would not be TAP"),
    ("tests/unit/base/test_x.c", "\tp = malloc(n);\n", 0, "a rule for src"),
]


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    results = []
    for path, text, must, why in EXAMPLES:
        found = breaches(path, text)
        results.append((f"finds {must} in {text.strip()!r}: {why}", [] if len(found) == must else found or ["none"]))
    for folder in [*sorted(p for p in (root / "src").iterdir() if p.is_dir()), root / "tests" / "unit"]:
        found = []
        for path in sorted(folder.rglob("*.[ch]")):
            found += breaches(str(path.relative_to(root)), path.read_text())
        results.append((f"{folder.relative_to(root)} calls nothing that is forbidden there", found))
    print(f"1..{len(results)}")
    for number, (name, problems) in enumerate(results, 1):
        print(f"{'not ' if problems else ''}ok {number} - {name.replace('#', '')}")
        for problem in problems:
            print(f"# {problem}")
    return 1 if any(problems for _, problems in results) else 0


if __name__ == "__main__":
    sys.exit(main())
