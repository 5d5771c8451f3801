"""The pictures of docs/images show the pages as they are."""

import json

import picture_sources
import sources


def test_no_picture_is_older_than_the_page_that_it_shows():
    recorded = json.loads(picture_sources.SOURCES.read_text())
    old = [name for name, digest in picture_sources.digests().items() if recorded.get(name) != digest]
    assert old == [], "a template, the style sheet or a sentence has changed: run tools/screenshots, and look at the pictures"


def test_every_picture_exists_and_is_shown_by_a_page():
    names = {picture_sources.file_name(picture, language) for picture in picture_sources.PICTURES for language in picture_sources.LANGUAGES}
    shown = {name for name in names for page in sources.pages() if f"images/{name})" in sources.text(page)}
    assert {name for name in names if not (picture_sources.IMAGES / name).exists()} == set()
    assert names - shown == set()
