"""The files that CONTRIBUTING.md names are enough to add a question, a factor kind, a setting and an audit event.

The test adds a toy of each to a scratch copy of the source and edits only those files.  It builds the copy and asks the
toy question through the keeper's dispatcher.
"""

import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

import sources
import toy

pytestmark = pytest.mark.skipif(not (os.environ.get("TEST_WHOLE") or os.environ.get("TORTURE")), reason="compiles the keeper: with TEST_WHOLE (.ci/run)")

NUMBERS = {"question": 3, "factor kind": 2, "setting": 1, "audit event": 1}


def steps(what):
    """The files that a section like "A question" of CONTRIBUTING.md lists."""
    section = re.search(rf"### An? {what}\n\nEdit (\d) files?, and its tests:\n\n((?:.+\n)+)", sources.text("CONTRIBUTING.md"))
    files = re.findall(r"^\d\. `(\S+)`", section[2], re.M)
    assert len(files) == int(section[1]) <= NUMBERS[what]
    return files


class Scratch:
    def __init__(self, folder):
        self.folder = folder
        for path in sources.files():
            if not path.startswith(sources.NOT_READ[:3]):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(sources.ROOT / path, folder / path)

    def append(self, path, text):
        with open(self.folder / path, "a") as file:
            file.write(text)

    def replace(self, path, before, after):
        text = (self.folder / path).read_text()
        assert before in text, f"{path} has no {before!r}"
        (self.folder / path).write_text(text.replace(before, after, 1))

    def run(self, *command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        return done.stdout


def add_setting(scratch):
    (definition,) = steps("setting")
    scratch.append(definition, toy.SETTING)


def a_file_of_handlers(pattern):
    return min(path for path in sources.files() if fnmatch.fnmatch(path, pattern) and "/handlers.h\"" in sources.text(path))


def add_question(scratch):
    definition, handlers, page = steps("question")
    scratch.replace(definition, "\n# --- heads", toy.ROW + "\n# --- heads")
    scratch.append(definition, toy.STRUCT)
    scratch.append(a_file_of_handlers(handlers.replace("ROOM/SUBJECT", "*")), toy.HANDLER)
    scratch.run("tools/print_docs.py", page)
    assert "| `toy` | full | `FRESH`, `WRITES` |" in (scratch.folder / page).read_text()


def add_factor_kind(scratch):
    table, file = steps("factor kind")
    scratch.replace(table, "KIND(totp)", "KIND(totp) KIND(toy)")
    (scratch.folder / file.replace("NAME", "toy")).write_text(toy.KIND)
    scratch.replace("src/keeper/meson.build", "'factor/totp.c',", "'factor/totp.c', 'factor/toy.c',")


def add_event(scratch):
    (definition,) = steps("audit event")
    scratch.replace(definition, "\n/* AUDIT_REASON(", toy.EVENT + "\n/* AUDIT_REASON(")


def add_test(scratch):
    (scratch.folder / "tests/unit/keeper/test_toy.c").write_text(toy.TEST)
    scratch.replace("tests/unit/keeper/meson.build", "foreach subject : [", "foreach subject : ['toy', ")


@pytest.fixture
def scratch():
    with tempfile.TemporaryDirectory() as folder:
        yield Scratch(pathlib.Path(folder))


def test_the_files_that_contributing_names_are_enough(scratch):
    add_setting(scratch)
    add_event(scratch)
    add_question(scratch)
    add_factor_kind(scratch)
    add_test(scratch)
    scratch.run("meson", "setup", "build/toy", "-Dtest_hooks=true", "-Dtests=enabled", "-Doptimization=0")
    scratch.run("ninja", "-C", "build/toy", "tests/unit/test_keeper_toy")
    assert "FAILED" not in scratch.run("build/toy/tests/unit/test_keeper_toy")
