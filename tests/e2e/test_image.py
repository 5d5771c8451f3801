"""The container image: uid 10001, a read-only root, no capability, a volume.  tools/container builds and tests it."""

import contextlib
import os
import re
import secrets
import subprocess
import time

import pytest
import requests

from harness import Person
from harness.server import free_port, wait_until

IMAGE = os.environ.get("DOUBLETOUR_IMAGE")
pytestmark = [pytest.mark.whole, pytest.mark.sqlite, pytest.mark.skipif(not IMAGE, reason="tools/container builds the image and names it")]

SECONDS = 120  # a start of podman copies the image
HARDENED = ("--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges")
# This machine's network, and limits that a test machine allows.  podman's timer for the HEALTHCHECK needs systemd.
MACHINE = ("--network", "host", "--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096", "--health-interval", "disable")
FOLDER = "/var/lib/doubletour"


class RealClock:
    """The clock of a release build: a test cannot set it."""

    offset = 0

    @staticmethod
    def now():
        return time.time()


def podman(*arguments, check=True):
    done = subprocess.run(["podman", "--runtime", "runc", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0 or not check, f"{arguments}\n{done.stdout}{done.stderr}"
    return done


class Container:
    clock = RealClock()

    def __init__(self, *options, **settings):
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"
        self.name = f"doubletour-{secrets.token_hex(4)}"
        settings = {"HOST": "127.0.0.1", "PORT": self.port, "PUBLIC_URL": self.origin, **settings}
        environment = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
        self.options = ["--name", self.name, *MACHINE, *options, *environment, IMAGE]

    def start(self):
        podman("run", "--detach", *self.options)
        wait_until(self.serves, "the server in the container answers", SECONDS)
        return self

    def serves(self):
        with contextlib.suppress(requests.RequestException):
            return requests.get(self.origin + "/healthz", timeout=5).status_code == 200
        return False

    def run(self, *command, check=True):
        return podman("exec", self.name, *command, check=check)

    def status(self, pid):
        return dict(re.findall(r"^(\w+):\s+(.*)$", self.run("cat", f"/proc/{pid}/status").stdout, re.M))

    def end(self):
        podman("rm", "--force", "--ignore", self.name)


@pytest.fixture
def make():
    with contextlib.ExitStack() as stack:
        def made(*options, **settings):
            container = Container(*options, **settings)
            stack.callback(container.end)
            return container
        yield made


@pytest.fixture
def volume():
    name = f"doubletour-{secrets.token_hex(4)}"
    podman("volume", "create", name)
    yield ("--volume", f"{name}:{FOLDER}")
    podman("volume", "rm", "--force", name)


def test_image_without_a_volume_is_refused(make):
    done = podman("run", *make(*HARDENED).options, check=False)
    assert done.returncode == 78
    assert f"Your data would be lost with this container.  Mount a volume at {FOLDER}, or set EPHEMERAL=1." in done.stderr


def test_image_without_a_volume_starts_on_request(make):
    container = make(EPHEMERAL=1, REGISTRATION="open").start()
    assert Person(container).full()


def test_people_sign_in_at_a_hardened_container(make, volume):
    first = make(*HARDENED, *volume, REGISTRATION="open").start()
    person = Person(first).full()
    person.forget().give_password()
    assert person.verify(person.code(1)).status == 303 and person.name in person.visit("/").text
    (web,) = re.findall(r"\d+", first.run("sh", "-c", r"grep -ls '^PPid:\s*1$' /proc/[0-9]*/status").stdout)
    for pid, filters in (("1", 1), (web, 5)):
        status = first.status(pid)
        assert status["Uid"].split() == ["10001"] * 4 and status["Gid"].split() == ["10001"] * 4
        assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16} and status["NoNewPrivs"] == "1"
        assert int(status["Seccomp_filters"]) >= filters, "the runtime's filter, and the wall of web"
    assert first.run("touch", "/usr/bin/x", check=False).returncode != 0, "the root is read-only"
    assert first.run("doubletour", "healthcheck").stdout == f"The server at http://127.0.0.1:{first.port} is healthy.\n"
    assert podman("healthcheck", "run", first.name).returncode == 0, "HEALTHCHECK of the image"
    assert podman("exec", "--env", "PORT=1", first.name, "doubletour", "healthcheck", check=False).returncode == 1
    podman("stop", first.name)
    assert podman("inspect", "--format", "{{.State.ExitCode}}", first.name).stdout == "0\n", "SIGTERM ends it"
    first.end()

    second = make(*HARDENED, *volume).start()
    assert person.name in second.run("doubletour", "user", "list").stdout, "the volume has outlived the first container"


def test_image_reads_its_key_from_a_mounted_secret(make, volume, tmp_path):
    """As in examples/compose, where the file belongs to the uid of the image."""
    key = tmp_path / "key"
    key.write_text(secrets.token_hex(32) + "\n")
    key.chmod(0o400)
    os.chown(key, 10001, 10001)
    container = make(*HARDENED, *volume, "--volume", f"{key}:/run/secrets/key:ro", SECRET_KEY_FILE="/run/secrets/key").start()
    files = container.run("ls", FOLDER).stdout.split()
    assert "doubletour.sqlite" in files and "doubletour.key" not in files
    container.end()
    without = podman("run", *make(*HARDENED, *volume).options, check=False)
    assert without.returncode != 0 and "key" in without.stderr, "the database is not opened without its key"
