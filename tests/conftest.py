"""Fixtures of the tests over real sockets and the tests in a browser."""

import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parent / "e2e"), str(pathlib.Path(__file__).parent)]

from harness import PROGRAM, Person, Server  # noqa: E402
from harness.memory import memory_folder  # noqa: E402
from harness.postgres import Postgres  # noqa: E402

import rows  # noqa: E402

# A process that a shell starts in the background inherits an ignored SIGINT, and so would all its children.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Run all servers of the tests on PostgreSQL instead of SQLite.
ON_POSTGRES = os.environ.get("TEST_DATABASE") == "postgres"

# True outside `make test`: run the tests marked `whole`, and the other sizes of those marked `sampled`
# (harness/torture.py).
WHOLE = bool(os.environ.get("TEST_WHOLE") or os.environ.get("TORTURE"))

# Where a test runs.  A mark on a file (`pytestmark`) is for all its tests.  A comment beside a mark gives the reason if
# this table does not.
MARKS = {
    "sqlite": "about a file that holds the database; skipped on PostgreSQL",
    "whole": "not in `make test` but in the stage `whole` of .ci/run, and in the long campaign",
    "sampled": "a part in `make test`, all in the stage `whole` of .ci/run, more in the long campaign",
    "one_row": "takes seconds: `--rows N` runs one row of it, not N",
    "without_postgres": "not in the stage `postgres` of .ci/run: the test is about another subject than the database",
    "without_asan": "not in the stage `asan` of .ci/run: AddressSanitizer reaches no additional code in the test",
    "with_asan": "in the stage `asan`, although its file is marked `without_asan`",
    "without_tsan": "not in the stage `tsan` of .ci/run: a start that is refused, or a command; both have one thread",
}

TROUBLE = ("Sanitizer", "runtime error:", "web.died", "web.sandbox", "Assertion")


def pytest_addoption(parser):
    parser.addoption("--rows", type=int, default=0, metavar="N", help="run N rows of each parametrized test: the first, the last, and others between them")
    parser.addoption("--beyond-rows", type=int, default=0, metavar="N",
                     help="run what --rows N leaves out: the other rows, and (with TEST_WHOLE=1) the tests marked whole or sampled")


def pytest_report_header():
    return f"program under test: {PROGRAM}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for server in (v for v in getattr(item, "funcargs", {}).values() if isinstance(v, Server)):
            report.sections.append(("server log, last lines", "\n".join(server.log().splitlines()[-30:])))


def stop_and_check(server, request, failed_before):
    """Check that a server that no test killed exits with 0, and that its log has no fault."""
    code = server.stop() if server.process.poll() is None else server.process.returncode
    if request.session.testsfailed > failed_before:
        server.keep()
    assert code == 0, f"it ended with {code}"
    assert not [line for line in server.log().splitlines() if any(word in line for word in TROUBLE)]


@pytest.fixture(scope="module")
def server(request, tmp_path_factory):
    """One server for all tests of a module; each test creates its own accounts."""
    failed_before = request.session.testsfailed
    one = Server(tmp_path_factory.mktemp("server"), **getattr(request.module, "SETTINGS", {})).start()
    yield one
    stop_and_check(one, request, failed_before)


@pytest.fixture
def make_server(request, tmp_path):
    """Servers that a test may damage: make_server(start=False, PASSWORD_SCHEME="bcrypt")."""
    made = []
    failed_before = request.session.testsfailed

    def make(start=True, **settings):
        one = Server(tmp_path / f"server-{len(made)}", **settings)
        made.append(one)
        return one.start() if start else one

    yield make
    for one in made:
        one.end()
        if request.session.testsfailed > failed_before:
            one.keep()


def check_marks_of_option(expression):
    """Refuse `-m` with an unknown mark.  pytest.ini refuses unknown marks of tests (--strict-markers)."""
    unknown = set(re.findall(r"\w+", expression)) - {"and", "or", "not", "skip", "skipif", "xfail", "parametrize"} - set(MARKS)
    if unknown:
        raise pytest.UsageError(f"-m: no mark is called {', '.join(sorted(unknown))}; tests/conftest.py has all marks")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    for name, meaning in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    config.folder_of_tests = None
    check_marks_of_option(config.option.markexpr)
    if config.option.basetemp is None and not hasattr(config, "workerinput") and memory_folder():
        config.folder_of_tests = config.option.basetemp = tempfile.mkdtemp(prefix="doubletour-tests-", dir=memory_folder())


def pytest_unconfigure(config):
    if config.folder_of_tests is not None:
        shutil.rmtree(config.folder_of_tests, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    import schedule

    if schedule.missing_files():
        raise pytest.UsageError(f"tests/schedule.py names files that do not exist: {schedule.missing_files()}")
    return schedule.LongestFirst(config, log)


def leave_out(config, items, unwanted):
    if unwanted:
        config.hook.pytest_deselected(items=[item for item in items if item in unwanted])
        items[:] = [item for item in items if item not in unwanted]


# Last, so that `-m` has chosen the tests.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    if not WHOLE:
        leave_out(config, items, {item for item in items if item.get_closest_marker("whole")})
    if config.option.rows:
        leave_out(config, items, rows.surplus(items, config.option.rows))
    if config.option.beyond_rows:
        leave_out(config, items, rows.done(items, config.option.beyond_rows))
    if ON_POSTGRES:
        for item in items:
            if item.get_closest_marker("sqlite"):
                item.add_marker(pytest.mark.skip(reason="about SQLite's file"))


@pytest.fixture(scope="session", autouse=True)
def postgres_template(tmp_path_factory):
    """All workers of a run copy new clusters from one data directory."""
    folder = tmp_path_factory.getbasetemp()
    Postgres.template = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "postgres-template"


@pytest.fixture(scope="session")
def postgres():
    """One PostgreSQL for all tests; each test creates its own database in it."""
    with Postgres() as one:
        yield one


@pytest.fixture(scope="session", autouse=ON_POSTGRES)
def every_server_on_postgres(postgres):
    Server.cluster = postgres
    yield
    Server.cluster = None


@pytest.fixture
def alice(server):
    return Person(server)
