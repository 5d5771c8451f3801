"""The French pages have the commands and settings of the English pages that they translate."""

import re

import pytest

import claims
import sources

ENGLISH = {
    "README.fr.md": "README.md",
    "docs/fr/applications.md": "docs/guides/applications/README.md",
    "docs/fr/cles-d-acces.md": "docs/guides/passkeys.md",
    "docs/fr/demarrage.md": "docs/start/quick-start.md",
    "docs/fr/installation.md": "docs/guides/install.md",
    "docs/fr/proteger-une-application.md": "docs/start/protect-an-application.md",
    "docs/fr/tutoriel-flask.md": "docs/start/from-the-flask-tutorial.md",
}
WITHOUT_COMMANDS = ["docs/fr/compte.md", "docs/fr/telephone-perdu.md"]


def code(path):
    """The lines of the code blocks of a page, without comments."""
    lines = (re.sub(r"(^|\s+)#.*", "", claim.name) for claim in claims.block_lines(path) if not claim.name.startswith("```"))
    return [line for line in lines if line]


@pytest.mark.parametrize("french", ENGLISH)
def test_french_commands_are_those_of_the_english_page(french):
    english = code(ENGLISH[french])
    assert code(french) and [line for line in code(french) if line not in english] == []


def test_every_french_page_is_compared():
    french = [path for path in sources.pages() if path.startswith("docs/fr/") or path == "README.fr.md"]
    assert sorted(french) == sorted([*ENGLISH, *WITHOUT_COMMANDS])
    assert [path for path in WITHOUT_COMMANDS if code(path)] == []
