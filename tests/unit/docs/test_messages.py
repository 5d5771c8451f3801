"""The messages that a page quotes are written by the program, its pages or a printed proxy configuration.

A quotation is a block quote (lines that begin with `>`), or a list item that begins with a quotation mark.
Pages for users name links, buttons and fields in *italics*.
"""

import functools
import re

import polib
import pytest

import claims
import sources

BLOCK = re.compile(r"(?:^ *> .*\n)+", re.M)
ITEM = re.compile(r'^- ("[^"]+"|« [^»]+ »)', re.M)
LITERALS = re.compile(r'"((?:[^"\\\n]|\\.)*)"(?:\s*(?:PRI\w+\s*)?"((?:[^"\\\n]|\\.)*)")*')
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"|PRI\w+')
LABEL = re.compile(r"(?<![*\w])\*([^*]+)\*(?![*\w])")
PROXY_TEXT = re.compile(r"'([^'\n]+)'|\"([^\"\n]+)\"")
PLACEHOLDER = re.compile(r"%\(\w+\)s|%[-0-9.*lhzjt]*[a-zA-Z]|@[A-Z]+@")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
LETTERS_MIN = 6  # fewer constant letters would match any sentence


def plain(text):
    """The words of a text without Markdown's marks, with single spaces."""
    return " ".join(re.sub(r"[`*]", "", text).split())


def sentences(text):
    """The sentences of a text, with straight apostrophes, and without full stops because headings have none."""
    return [one.rstrip(".:") for one in SENTENCE_END.split(plain(text).replace("’", "'"))]


def pattern(sentence):
    return re.compile(".+?".join(re.escape(part) for part in PLACEHOLDER.split(sentence)) + r"\Z", re.S)


def c_texts(source):
    for match in LITERALS.finditer(source):
        text = "".join("%s" if part[0].startswith("PRI") else part[1] for part in LITERAL.finditer(match[0]))
        yield text.replace('\\"', '"').replace("\\n", " ").replace("%%s", "%s")


def texts(language):
    """All texts that the program can write in this language."""
    for entry in polib.pofile(sources.ROOT / f"locales/{language}.po"):
        yield from [entry.msgstr, *entry.msgstr_plural.values()]
    for path in sorted(sources.files()):
        if re.match(r"src/.*\.(?:c|h|def)$", path):
            yield from c_texts(sources.text(path))
        if path.startswith("proxies/"):
            yield from (match[1] or match[2] for match in PROXY_TEXT.finditer(sources.text(path)))


@functools.cache
def patterns(language):
    known = {sentence for text in texts(language) for sentence in sentences(text)}
    return [pattern(one) for one in known if len(re.sub(r"\W", "", PLACEHOLDER.sub("", one))) >= LETTERS_MIN]


def quotations(page):
    text = sources.text(page)
    for block in BLOCK.finditer(text):
        yield claims.Claim(page, text.count("\n", 0, block.start()) + 1, re.sub(r"^ *> ", "", block[0], flags=re.M))
    for item in ITEM.finditer(text):
        yield claims.Claim(page, text.count("\n", 0, item.start()) + 1, item[1].strip('"«» \u00a0\u202f'))


def is_written(sentence, language):
    return any(one.match(sentence) for one in patterns(language))


def language_of(page):
    return "fr" if page.startswith("docs/fr/") else "en"


def unknown(page):
    return [claim._replace(name=sentence) for claim in quotations(page) for sentence in sentences(claim.name)
            if not is_written(sentence, language_of(page))]


QUOTING = ["docs/guides/troubleshooting.md", "docs/guides/lost-phone.md", "docs/fr/telephone-perdu.md"]


@pytest.mark.parametrize("page", QUOTING)
def test_a_quoting_page_has_quotations(page):
    assert len(list(quotations(page))) >= 3


def test_every_quoted_message_is_written_by_the_program():
    wrong = [claim for page in sources.pages() if page.startswith("docs/") for claim in unknown(page)]
    assert not wrong, "\n" + "\n".join(f"{claim.path}:{claim.line}: {claim.name}" for claim in wrong)


LABELLED = ["docs/guides/lost-phone.md", "docs/start/quick-start.md", "docs/fr/telephone-perdu.md", "docs/fr/demarrage.md", "docs/fr/compte.md"]


def labels(language):
    return {plain(text) for entry in polib.pofile(sources.ROOT / f"locales/{language}.po") for text in [entry.msgstr, *entry.msgstr_plural.values()]}


@pytest.mark.parametrize("page", LABELLED)
def test_every_label_that_a_page_names_is_on_a_page(page):
    named = claims.found(page, claims.prose(page), LABEL)
    known = labels(language_of(page))
    assert named and [claim for claim in named if claim.name not in known] == []


def test_a_message_that_nothing_writes_is_noticed():
    assert not is_written("The server has lost its umbrella", "en")
