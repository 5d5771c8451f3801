#!/usr/bin/python3
"""Compile locales/<language>.po into C: the sorted table that message() searches (src/web/core/messages.h).

    compile_messages.py --output message_table.c locales/fr.po locales/en.po
    compile_messages.py --check --templates templates --sources src  locales/fr.po locales/en.po

The second form tests the translations.  It collects the sentences in use: `_("...")` and ngettext in templates, and
N_("...") in C.  It reports sentences that are missing, empty, fuzzy or unused, and mistakes in French typography.
"""
import argparse
import pathlib
import re
import sys

import polib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import c_literal  # noqa: E402

PLACEHOLDER = re.compile(r"%\(([a-z_]+)\)s")
# A plural formula of gettext: a C expression over n.
FORMULA = re.compile(r"^[n0-9\s<>=!&|?:()%+*-]+$")
# French needs a no-break space (U+00A0 or the narrow U+202F) before : ; ? ! » and after «, and the typographic
# apostrophe.
FRENCH_FAULTS = (
    (re.compile(r"(?<![\u00a0\u202f])[:;?!»](?=\s|$)"), "no no-break space before a double punctuation mark"),
    (re.compile(r"«(?![\u00a0\u202f])"), "no no-break space after «"),
    (re.compile(r"'"), "straight apostrophe: write ’"),
    (re.compile(r"\.\.\."), "three full stops: write …"),
)


class CatalogError(Exception):
    """An unusable .po file; the text gives the file, the line and the reason."""


class Catalog:
    """The sentences and the plural rule of one language."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.language = self.path.stem
        try:
            self.file = polib.pofile(str(path), encoding="utf-8", check_for_duplicates=True)
        except (OSError, ValueError) as error:
            raise CatalogError(f"{path}: {error}") from error
        self.entries = {entry.msgid: entry for entry in self.file if not entry.obsolete}
        self.plural_count, self.plural_formula = self._plural_rule()

    def _plural_rule(self):
        rule = self.file.metadata.get("Plural-Forms", "")
        found = re.match(r"^nplurals=(\d+);\s*plural=(.+?);?$", rule)
        if not found or not FORMULA.match(found[2]):
            raise CatalogError(f"{self.path}: header Plural-Forms is missing or not understood: {rule!r}")
        return int(found[1]), found[2].strip()

    def sentence(self, msgid):
        """Return the translation.  CatalogError: the entry is missing, empty or fuzzy."""
        entry = self._entry(msgid)
        self._same_placeholders(entry, msgid, entry.msgstr)
        return entry.msgstr

    def plural(self, singular, plural):
        """Return the plural forms in the order of the rule.  CatalogError as above."""
        entry = self._entry(singular)
        if entry.msgid_plural != plural:
            raise CatalogError(f"{self.path}: plural of {singular!r} is not {plural!r}")
        forms = [entry.msgstr_plural[i] for i in range(self.plural_count)]
        for form in forms:
            self._same_placeholders(entry, plural, form, may_drop_num=True)
        return forms

    def _entry(self, msgid):
        entry = self.entries.get(msgid)
        if entry is None:
            raise CatalogError(f"{self.path}: missing translation: {msgid!r}")
        if fault := entry_fault(entry, self.plural_count):
            raise CatalogError(f"{self.path}:{entry.linenum}: {fault}: {msgid!r}")
        return entry

    def _same_placeholders(self, entry, msgid, text, may_drop_num=False):
        want, have = set(PLACEHOLDER.findall(msgid)), set(PLACEHOLDER.findall(text))
        if want != have and not (may_drop_num and have | {"num"} == want | {"num"}):
            raise CatalogError(f"{self.path}:{entry.linenum}: placeholders differ: {msgid!r} has {sorted(want)}, "
                               f"its translation {sorted(have)}")


def entry_fault(entry, plural_count):
    """Return the fault of one entry, or None."""
    if entry.fuzzy:
        return "fuzzy"
    if not entry.msgid_plural:
        return None if entry.msgstr.strip() else "empty"
    if sorted(entry.msgstr_plural) != list(range(plural_count)):
        return f"needs {plural_count} plural forms"
    return None if all(text.strip() for text in entry.msgstr_plural.values()) else "empty"


def table(catalogs):
    """Return the C source of message_table, sorted as strcmp sorts: by the bytes of UTF-8."""
    msgids = sorted({m for c in catalogs for m, e in c.entries.items() if not e.msgid_plural}, key=lambda m: m.encode())
    rows = []
    for msgid in msgids:
        texts = ", ".join(f"[LANGUAGE_{c.language.upper()}] = STR_INIT({c_literal.string(c.sentence(msgid))})"
                          for c in catalogs)
        rows.append(f"\t{{ {c_literal.string(msgid)}, {{ {texts} }} }},\n")
    return ('/* Made by tools/compile_messages.py from locales/. */\n#include "web/core/messages.h"\n\n'
            "const struct message_entry message_table[] = {\n" + "".join(rows) +
            "};\nconst size_t message_count = COUNT(message_table);\n")


# --- the test of translations ---------------------------------------------------------------------------------------

MARKED = re.compile(r'\bN_\(\s*((?:"(?:[^"\\\n]|\\.)*"\s*)+)\)')
C_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def c_text(literal):
    """Return the text of adjacent C string literals."""
    raw = "".join(C_STRING.findall(literal))
    return raw.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1").decode("utf-8") \
        if "\\" in raw else raw


def strip_comments(source):
    """Return C without its comments.  Strings and line numbers stay."""
    def keep(found):
        return found[0] if found[0].startswith(('"', "'")) else "\n" * found[0].count("\n")
    return re.sub(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|/\*.*?\*/|//[^\n]*', keep, source, flags=re.S)


def marked_in_c(folder):
    """Return {(msgid, None): "file:line"} for every N_("...")."""
    found = {}
    for path in sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix in (".c", ".h", ".def")):
        source = strip_comments(path.read_text("utf-8"))
        for match in MARKED.finditer(source):
            line = source.count("\n", 0, match.start()) + 1
            found.setdefault((c_text(match[1]), None), f"{path}:{line}")
    return found


def marked_in_templates(folder):
    """The same for _("...") and ngettext("...", "...", n) in templates."""
    import compile_templates
    found = {}
    for path in sorted(pathlib.Path(folder).glob("*.html")):
        for line, singular, plural in compile_templates.messages_of(path):
            found.setdefault((singular, plural), f"{path}:{line}")
    return found


def french_faults(text):
    return [fault for pattern, fault in FRENCH_FAULTS if pattern.search(text)]


def check_catalog(catalog, used):
    """Return all faults of one language, as sentences."""
    faults = []
    for (singular, plural), where in used.items():
        try:
            catalog.plural(singular, plural) if plural else catalog.sentence(singular)
        except CatalogError as error:
            faults.append(f"{where}: {error}")
    singulars = {singular for singular, _ in used}
    for msgid, entry in catalog.entries.items():
        where = f"{catalog.path}:{entry.linenum}"
        if fault := entry_fault(entry, catalog.plural_count):
            faults.append(f"{where}: {fault}: {msgid!r}")
        if msgid not in singulars:
            faults.append(f"{where}: not used: {msgid!r}")
        if catalog.language == "fr":
            for text in [entry.msgstr, *entry.msgstr_plural.values()]:
                faults += [f"{where}: {fault}: {text!r}" for fault in french_faults(text)]
    return faults


def check(catalogs, templates, sources):
    used = {**marked_in_c(sources), **marked_in_templates(templates)}
    return [fault for catalog in catalogs for fault in check_catalog(catalog, used)], len(used)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--templates", type=pathlib.Path)
    parser.add_argument("--sources", type=pathlib.Path)
    parser.add_argument("catalogs", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    try:
        catalogs = [Catalog(path) for path in args.catalogs]
        if args.output:
            args.output.write_text(table(catalogs), "utf-8")
        if args.check:
            faults, count = check(catalogs, args.templates, args.sources)
            print("\n".join(faults) or f"{count} sentences in use, each in {len(catalogs)} languages")
            return 1 if faults else 0
    except CatalogError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
