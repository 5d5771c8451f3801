"""Each sentence in use has a translation, each translation is in use, and the check finds each kind of fault."""

import os
import pathlib
import subprocess
import sys

import pytest

import c_literal
import compile_messages

ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])
TOOL = ROOT / "tools" / "compile_messages.py"


def check(templates, sources, *catalogs):
    return subprocess.run([sys.executable, TOOL, "--check", "--templates", templates, "--sources", sources, *catalogs],
                          capture_output=True, text=True, check=False)


def test_every_sentence_is_translated_and_every_translation_used():
    done = check(ROOT / "templates", ROOT / "src", ROOT / "locales/fr.po", ROOT / "locales/en.po")
    assert done.returncode == 0, done.stdout + done.stderr


HEAD = 'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'
GOOD = HEAD + 'msgid "In a page"\nmsgstr "Dans une page"\n\nmsgid "In C, \\"two\\" lines"\nmsgstr "En C"\n'
FAULTS = [
    # (why, text to replace in the good catalogue, replacement, a part of the message)
    ("nothing wrong", "", "", None),
    ("page's sentence missing", 'msgid "In a page"', 'msgid "Elsewhere"', "page.html:2: "),
    ("C's sentence missing", 'msgid "In C, ', 'msgid "In D, ', "code.c:3: "),
    ("unused", "Dans une page\"\n", 'Dans une page"\n\nmsgid "Left over"\nmsgstr "Reste"\n', "not used: 'Left over'"),
    ("empty", 'msgstr "En C"', 'msgstr ""', "empty"),
    ("only spaces", 'msgstr "En C"', 'msgstr " "', "empty"),
    ("fuzzy", 'msgid "In a page"', '#, fuzzy\nmsgid "In a page"', "fuzzy"),
    ("another placeholder", 'msgstr "En C"', 'msgstr "En %(c)s"', "placeholders differ"),
    ("plain space before a colon", 'msgstr "En C"', 'msgstr "En C : oui"', "no-break space"),
    ("no space before a question mark", 'msgstr "En C"', 'msgstr "En C?"', "no-break space"),
    ("straight apostrophe", 'msgstr "En C"', "msgstr \"L'autre\"", "apostrophe"),
]


@pytest.mark.parametrize("why,old,new,part", FAULTS, ids=[case[0] for case in FAULTS])
def test_the_check_finds_each_translation_fault(tmp_path, why, old, new, part):
    (tmp_path / "page.html").write_text('\n{{ _("In a page") }}', "utf-8")
    (tmp_path / "code.c").write_text('/* N_("comment") */\n// N_("too")\nx = N_("In C, \\"two\\" "\n "lines");\n', "utf-8")
    (tmp_path / "fr.po").write_text(GOOD.replace(old, new) if old else GOOD, "utf-8")
    done = check(tmp_path, tmp_path, tmp_path / "fr.po")
    assert (done.returncode == 0) == (part is None), why + done.stdout + done.stderr
    assert (part or "2 sentences in use") in done.stdout, why


def test_table_is_sorted_as_strcmp_sorts(tmp_path):
    path = tmp_path / "fr.po"
    msgids = ["a", "B", "é", "a b", "a.", "Z"]
    path.write_text(HEAD + "".join(f'msgid "{m}"\nmsgstr "x{m}"\n\n' for m in msgids), "utf-8")
    source = compile_messages.table([compile_messages.Catalog(path)])
    places = [source.index("\t{ " + c_literal.string(m) + ",") for m in sorted(msgids, key=lambda m: m.encode())]
    assert places == sorted(places)
