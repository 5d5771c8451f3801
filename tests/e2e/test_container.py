"""Doubletour in a container: a start that would lose data, or with a clock that was not set, is refused."""

import hashlib
import os
import pathlib
import shutil
import tempfile
import time

import pytest

from harness import Person
from harness.server import ROOT

pytestmark = pytest.mark.sqlite

KEY = hashlib.sha256(b"test_container").hexdigest()
LOST = "Your data would be lost with this container.  Mount a volume at {}, or set EPHEMERAL=1."


def mount_of(path):
    """Return the id of the mount: a line of /proc/self/mountinfo begins with it."""
    fd = os.open(path, os.O_PATH)
    try:
        return [line.split()[1] for line in pathlib.Path(f"/proc/self/fdinfo/{fd}").read_text().splitlines() if line.startswith("mnt_id:")][0]
    finally:
        os.close(fd)


@pytest.fixture
def on_root():
    """A folder on the mount of /."""
    for parent in ("/tmp", "/var/tmp", ROOT / "build"):
        if mount_of(parent) == mount_of("/") and os.access(parent, os.W_OK):
            folder = pathlib.Path(tempfile.mkdtemp(prefix="doubletour-lost-", dir=parent))
            yield folder
            shutil.rmtree(folder)
            return
    pytest.skip("no folder on the mount of / is writable")


def production(make_server, **settings):
    settings = {"container": "docker", "PUBLIC_URL": "http://localhost", **settings}
    return make_server(start=False, profile="production", **settings)


# Data that would be lost


def test_container_without_a_volume_is_refused(make_server):
    server = production(make_server, DATA_DIR="/no-such-folder/data")
    done = server.command("run")
    assert (done.returncode, done.stderr) == (78, f"doubletour: {LOST.format('/no-such-folder/data')}\n")
    assert not os.path.exists("/no-such-folder")


@pytest.mark.parametrize("settings, folder", [
    ({}, "data"),
    ({"SECRET_KEY": KEY}, "data"),
    ({"SECRET_KEY": KEY, "DATABASE_URL": "sqlite:///{root}/other/database"}, "other"),
    ({"DATABASE_URL": "sqlite:////dev/shm/no-such-database"}, "data"),
    ({"DATABASE_URL": "postgresql://127.0.0.1:1/none"}, "data"),
])
def test_message_names_the_folder_that_needs_a_volume(make_server, on_root, settings, folder):
    settings = {name: value.format(root=on_root) for name, value in settings.items()}
    server = production(make_server, DATA_DIR=on_root / "data", **settings)
    done = server.command("run")
    assert done.returncode == 78 and LOST.format(on_root / folder) in done.stderr
    assert list(on_root.iterdir()) == []


@pytest.mark.parametrize("settings, why", [
    ({"EPHEMERAL": "1"}, "the data may be lost"),
    ({"container": ""}, "no container"),
    ({"container": "lxc"}, "a container that keeps its files"),
    ({"APP_SETTINGS": "development"}, "data for trials"),
    ({"SECRET_KEY": KEY, "DATABASE_URL": "postgresql://127.0.0.1:1/none?connect_timeout=2"}, "no file that matters"),
])
def test_start_goes_on_where_no_data_can_be_lost(make_server, on_root, settings, why):
    done = production(make_server, **{"DATA_DIR": on_root / "data", **settings, "HOST": "127.0.0.2", "PORT": 1, "LISTEN": "unix:/no-such-folder/socket"}).command("run")
    assert done.returncode == 1 and "There is no folder /no-such-folder" in done.stderr, f"{why}: the next step is the socket"


def test_container_with_a_volume_serves(make_server):
    server = production(make_server)
    if mount_of(server.home) == mount_of("/"):
        pytest.skip("no other mount than / is writable")
    assert server.command("db", "init").returncode == 0
    assert server.start().command("healthcheck").returncode == 0
    assert server.stop() == 0


# A clock that was not set


@pytest.mark.parametrize("unix_time, words", [
    (100, "The clock of this machine shows 1970-01-01 00:01 UTC, a time before this version was released."),
    (1_577_836_800, "shows 2020-01-01 00:00 UTC"),
    (-1_000, "The clock of this machine cannot be read."),
])
def test_clock_before_the_release_is_refused(make_server, unix_time, words):
    server = make_server(start=False)
    server.clock.set(unix_time - time.time())
    done = server.command("run")
    assert done.returncode == 1 and words in done.stderr and "Set it, and start again." in done.stderr
    assert not server.data.exists(), "nothing was made"
    server.clock.set(0)
    assert Person(server.start()).full()
