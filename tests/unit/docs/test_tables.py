"""The tables and lists of the documentation agree with the program."""

import pathlib
import re

import pytest

import claims
import print_docs
import sources

BUILD = pathlib.Path(sources.BUILD)


def test_every_printed_table_equals_the_output_of_the_program():
    stale = [path for path in print_docs.files() if path not in sources.files() or sources.text(path) != print_docs.printed(path, BUILD)]
    assert not stale, f"{', '.join(stale)}: run tools/print_docs.py"


def test_every_table_that_can_be_printed_is_in_a_page():
    used = [source for path in sources.pages() for source in print_docs.sources(sources.text(path))]
    assert sorted(used) == sorted(print_docs.TABLES)


def test_a_changed_cell_of_a_table_is_noticed():
    page = sources.text("docs/explain/throttling.md")
    changed = page.replace("| `name` |", "| `names` |")
    assert changed != page and print_docs.page_printed(changed, BUILD) == page


def test_every_event_of_the_log_is_explained():
    page = sources.text("docs/reference/log-events.md")
    assert re.findall(r"^\| `([a-z.]+)` \|.*\|  \|$", page, re.M) == []


def section(page, heading):
    return sources.text(page).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def source_folders():
    return sorted(path for path in sources.folders() if re.fullmatch(r"src/\w+", path))


@pytest.mark.parametrize("page, heading", [("docs/develop/architecture.md", "Layers"), ("CONTRIBUTING.md", "Where things are")])
def test_every_folder_of_the_source_is_explained(page, heading):
    named = re.findall(r"`(?:src/)?(\w+)", section(page, heading))
    assert [folder for folder in source_folders() if pathlib.PurePosixPath(folder).name not in named] == []


def test_every_file_of_tests_over_sockets_is_explained():
    tests = [path for path in sources.files() if re.match(r"tests/(?:e2e|browser)/test_\w+\.py$", path)]
    page = sources.text("docs/develop/testing.md")
    assert sorted(path for path in tests if f"{pathlib.PurePosixPath(path).name}`" not in page) == []


def test_every_file_of_the_http_server_is_explained():
    files = [path for path in sources.files() if re.match(r"src/http/\w+\.c$", path)]
    page = sources.text("docs/develop/http.md")
    assert sorted(path for path in files if f"`{pathlib.PurePosixPath(path).name}`" not in page) == []


def test_every_table_of_the_database_is_explained():
    page = section("docs/develop/database.md", "Tables")
    assert sorted(table for table in sources.tables() if f"`{table}`" not in page) == []


def test_every_page_of_the_documentation_is_linked():
    linked = {claims.target(claim) for path in sources.pages() for claim in claims.links(path)}
    pages = [path for path in sources.pages() if path.startswith("docs/")]
    assert [path for path in pages if path not in linked and str(pathlib.PurePosixPath(path).parent) not in linked - {"docs"}] == []


def defaults():
    """The default of each setting in docs/reference/settings.md."""
    return dict(re.findall(r"^## `(\w+)`\n.*?^- default: (.*?)$", sources.text("docs/reference/settings.md"), re.M | re.S))


@pytest.mark.parametrize("page", ["docs/guides/install.md", "docs/fr/installation.md"])
def test_defaults_in_short_tables_are_those_of_the_settings(page):
    rows = re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|.*\| ([^|]*) \|$", sources.text(page), re.M)
    cells = [(re.findall(r"`(\w+)`", names), re.findall(r"`([^`]+)`", default)) for names, default in rows]
    assert len(cells) > 8
    wrong = [(names, value) for names, values in cells for value in values
             if value not in defaults() and not any(f"`{value}`" in defaults()[name] for name in names)]
    assert wrong == []


# --- headers and cookies ----------------------------------------------------------------------------------------------

READ_HEADER = r'request_header\([^,()]*(?:\([^()]*\))?[^,()]*, "([A-Za-z-]+)"'
WRITTEN_HEADER = r'reply_header(?:_borrowed)?\([^;]*?STR\("([A-Z][A-Za-z-]+)"\)|web_gate_header\(x, "([A-Za-z-]+)"'
CONSTANT_HEADERS = r'STR_INIT\("([A-Z][A-Za-z-]+)"\),\s*STR_INIT\("'
COOKIE = r'\.?(?:local|https)?(?: = )?STR_INIT\("((?:__Host-)?doubletour[a-z-]*)"\)'


def in_web(pattern, text=None):
    text = text or "".join(sources.text(path) for path in sources.files() if re.match(r"src/web/.*\.c$", path))
    return {name for match in re.finditer(pattern, text) for name in match.groups() if name}


def test_every_header_and_cookie_of_the_pages_is_listed():
    respond, cookies = sources.text("src/web/core/respond.c"), sources.text("src/web/core/cookies.c")
    page = sources.text("docs/reference/routes.md") + sources.text("docs/reference/forward-auth.md")
    names = in_web(READ_HEADER) | in_web(WRITTEN_HEADER) | in_web(CONSTANT_HEADERS, respond) | in_web(COOKIE, cookies)
    assert len(names) > 40
    assert sorted(name for name in names if f"`{name}" not in page and f"`-{name.rpartition('-')[2]}`" not in page) == []


def test_header_values_are_those_of_the_code():
    rows = re.findall(r'STR_INIT\("([A-Z][A-Za-z-]+)"\),\s*((?:STR_INIT\()?(?:"[^"]*"\s*)+)', sources.text("src/web/core/respond.c"))
    page = section("docs/reference/routes.md", "Response headers")
    values = {name: "".join(re.findall(r'"([^"]*)"', value)) for name, value in rows if name != "Content-Type"}
    assert len(values) > 6 and [name for name, value in values.items() if f"`{value}`" not in page] == []
