"""The pictures of docs/images: the pages that they show, and a digest of the files that make these pages.

tools/screenshots makes the pictures and writes the digests to docs/images/sources.json.
tests/unit/docs/test_pictures.py compares them: a picture that is older than its templates, style sheet or sentences
fails.
"""

import hashlib
import json
import pathlib

import jinja2
import jinja2.ext
import jinja2.meta

from compile_messages import Catalog

ROOT = pathlib.Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
SOURCES = IMAGES / "sources.json"
LANGUAGES = ("en", "fr")
PICTURES = {  # name: the pages that it shows
    "doubletour": ("setup_2fa.html", "verify_2fa.html"),
    "home": ("home.html",),
    "account": ("account.html",),
    "sign-in": ("login.html",),
}


def file_name(picture, language):
    return f"{picture}.png" if language == "en" else f"{picture}.{language}.png"


def parsed_templates(pages):
    """Return the syntax trees of these templates and of all that they extend or include."""
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"])
    trees, names = {}, list(pages)
    while names:
        name = names.pop()
        if name not in trees:
            trees[name] = environment.parse((ROOT / "templates" / name).read_text("utf-8"))
            names += [other for other in jinja2.meta.find_referenced_templates(trees[name]) if other]
    return trees


def sentences(tree):
    for _, _, message in jinja2.ext.extract_from_ast(tree):
        yield from (part for part in (message if isinstance(message, tuple) else (message,)) if part)


def digest(picture, language):
    """Return a digest of the style sheet, the templates and their sentences in this language.

    White space counts as one space, as in a browser, so the layout of a template does not matter.
    """
    trees = parsed_templates(PICTURES[picture])
    entries = Catalog(ROOT / "locales" / f"{language}.po").entries
    texts = {text for tree in trees.values() for text in sentences(tree)}
    parts = [(ROOT / "static" / "app.css").read_text("utf-8"), *((ROOT / "templates" / name).read_text("utf-8") for name in sorted(trees))]
    parts += [str((entries[text].msgstr, entries[text].msgstr_plural)) for text in sorted(texts & entries.keys())]
    return hashlib.sha256(json.dumps([" ".join(part.split()) for part in parts]).encode()).hexdigest()


def digests():
    return {file_name(picture, language): digest(picture, language) for picture in PICTURES for language in LANGUAGES}
