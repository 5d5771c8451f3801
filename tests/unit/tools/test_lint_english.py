"""The checker of English: every rule finds its sentence, in every kind of file, at the right line."""

import fnmatch
import os
import subprocess

import pytest

import lint_english

# rule, a sentence that it finds, a sentence near it that is allowed
SENTENCES = [
    ("nobody", "Nobody reads it.", "No process reads it."),
    ("somebody", "Somebody waits.", "A thread waits."),
    ("whoever", "Whoever asks first gets it.", "The first request gets it."),
    ("is none", "A code that is none is refused.", "There is none left."),
    ("is no", "A hyphen is no letter.", "There is no letter, and it is no longer read."),
    ("none of it", "None of it is kept.", "No part of the form is kept."),
    ("for it", "The file is left out, for it may be gone.", "The file is kept for it."),
    ("all the same", "It is sent all the same.", "All the same values are sent."),
    ("once more", "The page is shown once more.", "The page is shown again."),
    ("of its own", "It has a thread of its own.", "It has its own thread."),
    ("at all", "It does not start at all.", "It does not start at all times."),
    ("that is", "The last step, that is, the newest.", "The last step that is spent."),
    ("of itself", "It ends of itself.", "It ends by a timeout."),
    ("see to", "The caller sees to it.", "It is seen today."),
    ("inversion", "First is read the head.", "The head is read first."),
    ("what is", "The server closes what is idle.", "What is idle?"),
    ("archaic", "The lock is held, lest it change.", "The lock is held."),
    ("door", "The doorkeeper closes it.", "The acceptor closes it."),
    ("lane", "Each lane has threads.", "Each plane has threads."),
    ("pardon", "It pardons a delay.", "It tolerates a delay."),
    ("patience", "Its patience ends.", "Its timeout ends."),
    ("way back", "The way back is kept.", "The return URL is kept."),
    ("happening", "A happening is shown.", "It happens again."),
    ("hurry", "It is in a hurry.", "It has a deadline."),
    ("bones", "The bones remain.", "The redacted row remains."),
    ("stranger", "A stranger sends it.", "A client sends it."),
    ("good for", "The seal is good for an hour.", "The seal is valid for an hour."),
    ("is said", "A wrong key is said.", "The log names a wrong key."),
    ("leads on", "The page leads on.", "The page leads to the application."),
    ("old name", "It calls let_in once.", "It calls sign_in_complete once."),
    ("long sentence", "It has " + "very " * lint_english.MAX_WORDS + "many words.", "It has " + "very " * (lint_english.MAX_WORDS - 4) + "many words."),
]


def rules(path, text):
    return [rule for _, rule, _ in lint_english.findings(path, text)]


@pytest.mark.parametrize("rule, found, allowed", SENTENCES, ids=[rule for rule, _, _ in SENTENCES])
def test_each_rule_finds_its_sentence(rule, found, allowed):
    assert rules("docs/page.md", f"{found}\n") == [rule]
    assert rules("docs/page.md", f"{allowed}\n") == []


def test_every_rule_for_words_has_a_sentence():
    assert {rule for rule, _, _ in lint_english.WORDS} <= {rule for rule, _, _ in SENTENCES}


@pytest.mark.parametrize("path, text, line", [
    ("src/x.c", "int a;\n/*\n * One thing.\n * Nobody reads it.\n */\n", 4),
    ("src/x.c", 'int a; /* "nobody" */ // nobody\n', 1),
    ("src/x.c", '\n\tlog("one", "the line that "\n\t    "nobody reads");\n', 3),
    ("src/x.def", '\n/* Nobody. */\n', 2),
    ("src/ipc/questions.def", "a  b\n# Nobody.\n", 2),
    ("src/x.sql", "-- row: nobody int\n-- Nobody.\n", 2),
    ("tools/x.py", '"""A tool.\n\nNobody reads it.\n"""\n', 3),
    ("tools/x.py", 'a = "nobody"\nb = 1  # nobody\n', 2),
    ("tools/x", "#!/bin/sh\na=nobody # nobody reads it\n", 2),
    ("x/meson.build", "a = 'nobody'\n# Nobody.\n", 2),
    ("templates/x.html", "<p>nobody</p>\n{# One.\nNobody. #}\n", 3),
    ("docs/x.md", "```\nnobody\n```\n> Nobody.\n\n`nobody` is an account.\n\n| a | nobody |\n", 8),
    ("man/x.3", '.Sh SYNOPSIS\nnobody\n.Sh NAME\n.\\" Nobody.\n', 4),
    ("locales/en.po", 'msgid "A"\nmsgstr "nobody"\n\nmsgid ""\n"A "\n"nobody"\nmsgstr ""\n', 6),
    ("tests/unit/x.c", "static void\na_file_nobody_reads(void **state)\n{\n", 2),
    ("tests/e2e/test_x.py", "\ndef test_a_file_nobody_reads(alice):\n    pass\n", 2),
], ids=lambda value: value if isinstance(value, str) and "\n" not in value else "")
def test_each_kind_of_file_is_read(path, text, line):
    assert [(number, rule) for number, rule, _ in lint_english.findings(path, text)] == [(line, "nobody")]


@pytest.mark.parametrize("text, expected", [
    ("/* What a page holds. */\n", ["what"]),
    ("/* What does a page hold? */\n", []),
    ("/* The content of a page. */\n", []),
], ids=["statement", "question", "subject"])
def test_comments_without_a_subject_are_found(text, expected):
    assert rules("src/x.c", text) == expected


@pytest.mark.parametrize("text, expected", [
    ("/* " + "x" * 114 + " */\n", []),
    ("/* " + "x" * 115 + " */\n", ["long line"]),
    ("\t" * 14 + "/* one */\n", ["long line"]),
    ("int a = f(" + "x" * 200 + ");\n", []),
], ids=["120 columns", "121 columns", "tabs", "code"])
def test_long_lines_with_comments_are_found(text, expected):
    assert rules("src/x.c", text) == expected


@pytest.mark.parametrize("name, expected", [
    ("a_code_is_accepted_once", []),
    ("it_is_accepted_once", ["test name"]),
    ("what_passes_is_tried_again", ["test name"]),
    ("whoever_asks_is_answered", ["test name", "whoever"]),
    ("a" + "x" * 59, []),
    ("a" + "x" * 60, ["test name"]),
])
def test_names_of_tests_begin_with_a_subject(name, expected):
    assert rules("tests/unit/x.c", f"static void\n{name}(void **state)\n") == expected
    assert rules("tests/e2e/test_x.py", f"def test_{name}():\n    pass\n") == expected


@pytest.mark.parametrize("row", [" * name  " + "word " * 20, " * - " + "word " * 20, " *\tcode(" + "n, " * 30], ids=["table", "list", "code"])
def test_lines_of_tables_lists_and_code_are_separate_sentences(row):
    assert rules("src/x.h", f"/*\n{row}\n{row}\n */\n") == []


def test_exceptions_excuse_one_rule_in_one_place():
    files = {"docs/a.md": "Nobody is an account.\n\nNobody reads it.\n", "docs/b.md": "Nobody is an account.\n"}
    exceptions = [("docs/a.md", "nobody", "is an account", "the account of that name")]
    found, used = lint_english.report(files, exceptions)
    assert [line.split(": ")[0] for line in found] == ["docs/a.md:3", "docs/b.md:1"]
    assert lint_english.unused(exceptions, used) == []


def test_unused_exceptions_are_errors():
    exceptions = [("docs/a.md", "nobody", "is an account", "the account of that name")]
    _, used = lint_english.report({"docs/a.md": "A page.\n"}, exceptions)
    assert len(lint_english.unused(exceptions, used)) == 1


def test_each_pattern_of_unread_files_matches_a_file():
    tracked = subprocess.run(["git", "-C", os.environ["SOURCE_ROOT"], "ls-files"], capture_output=True, text=True).stdout.splitlines()
    assert [pattern for pattern, _ in lint_english.NOT_READ if tracked and not fnmatch.filter(tracked, pattern)] == []


def test_exceptions_give_their_reasons():
    assert all(len(reason.split()) >= 3 for *_, reason in lint_english.EXCEPTIONS)
