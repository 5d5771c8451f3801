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
ENGINE = os.environ.get("DOUBLETOUR_ENGINE", "podman --runtime runc").split()
DOCKER = ENGINE[0] == "docker"
pytestmark = [pytest.mark.whole, pytest.mark.sqlite, pytest.mark.skipif(not IMAGE, reason="tools/container builds the image and names it")]

SECONDS = 300  # each start copies the image
HARDENED = ("--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges")
# Limits that a test machine allows.
LIMITS = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096")
HASTY = ("--health-interval", "1s", "--health-timeout", "2s", "--health-retries", "1")
FOLDER = "/var/lib/doubletour"


class RealClock:
    """The clock of a release build: a test cannot set it."""

    offset = 0

    @staticmethod
    def now():
        return time.time()


def engine(*arguments, check=True):
    done = subprocess.run([*ENGINE, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0 or not check, f"{arguments}\n{done.stdout}{done.stderr}"
    return done


class Container:
    clock = RealClock()

    def __init__(self, *options, **settings):
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"
        self.name = f"doubletour-{secrets.token_hex(4)}"
        if DOCKER:  # as in the guide: a published port of Docker's bridge
            network, settings = ("--publish", f"127.0.0.1:{self.port}:5000"), {"PUBLIC_URL": self.origin, **settings}
        else:  # podman's timer for the HEALTHCHECK needs systemd
            network = ("--network", "host", "--health-interval", "disable")
            settings = {"HOST": "127.0.0.1", "PORT": self.port, "PUBLIC_URL": self.origin, **settings}
        environment = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
        self.options = ["--name", self.name, *LIMITS, *network, *options, *environment, IMAGE]

    def start(self):
        engine("run", "--detach", *self.options)
        wait_until(self.serves, "the server in the container answers", SECONDS)
        return self

    def serves(self):
        with contextlib.suppress(requests.RequestException):
            return requests.get(self.origin + "/healthz", timeout=5).status_code == 200
        return False

    def run(self, *command, check=True):
        return engine("exec", self.name, *command, check=check)

    def status(self, pid):
        return dict(re.findall(r"^(\w+):\s+(.*)$", self.run("cat", f"/proc/{pid}/status").stdout, re.M))

    def wait_for_health(self, wanted):
        """Docker runs the image's HEALTHCHECK itself; podman does it on request."""
        if not DOCKER:
            assert (engine("healthcheck", "run", self.name, check=False).returncode == 0) == (wanted == "healthy")
            return
        wait_until(lambda: engine("inspect", "--format", "{{.State.Health.Status}}", self.name).stdout.strip() == wanted, wanted, SECONDS)

    def web(self):
        """The process that the program in the container has started."""
        (web,) = re.findall(r"\d+", self.run("sh", "-c", r"grep -ls '^PPid:\s*1$' /proc/[0-9]*/status").stdout)
        return web

    def stop(self):
        """SIGTERM, and SIGKILL after the time that the runtimes give a container."""
        engine("stop", "--time", "10", self.name)
        assert engine("inspect", "--format", "{{.State.ExitCode}}", self.name).stdout == "0\n", "SIGTERM ends it"

    def end(self):
        engine("rm", "--force", self.name, check=False)


@pytest.fixture
def stack():
    """Ends the newest thing first: a container, then its volume."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def make(stack):
    def made(*options, **settings):
        container = Container(*options, **settings)
        stack.callback(container.end)
        return container
    return made


@pytest.fixture
def volume(stack):
    name = f"doubletour-{secrets.token_hex(4)}"
    engine("volume", "create", name)
    stack.callback(engine, "volume", "rm", "--force", name)
    return ("--volume", f"{name}:{FOLDER}")


def test_image_without_a_volume_is_refused(make):
    done = engine("run", *make(*HARDENED).options, check=False)
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
    for pid, filters in (("1", 1), (first.web(), 5)):
        status = first.status(pid)
        assert status["Uid"].split() == ["10001"] * 4 and status["Gid"].split() == ["10001"] * 4
        assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16} and status["NoNewPrivs"] == "1"
        assert int(status["Seccomp_filters"]) >= filters, "the runtime's filter, and the wall of web"
    assert first.run("touch", "/usr/bin/x", check=False).returncode != 0, "the root is read-only"
    assert first.run("doubletour", "healthcheck").stdout == f"The server at http://{'0.0.0.0:5000' if DOCKER else f'127.0.0.1:{first.port}'} is healthy.\n"
    first.wait_for_health("healthy")
    assert engine("exec", "--env", "PORT=1", first.name, "doubletour", "healthcheck", check=False).returncode == 1
    first.stop()
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
    without = engine("run", *make(*HARDENED, *volume).options, check=False)
    assert without.returncode != 0 and "key" in without.stderr, "the database is not opened without its key"


def test_new_image_upgrades_the_database_of_a_volume(make, volume):
    """DATABASE_UPGRADE=auto of the image, on a database that was taken back by one migration."""
    first = make(*HARDENED, *volume, REGISTRATION="open").start()
    person = Person(first).full()
    files = first.run("ls", FOLDER).stdout.split()
    assert not [name for name in files if name.startswith("before-")]
    first.stop()
    first.end()
    newest = int(engine("run", "--rm", *make(*volume).options, "db", "current").stdout[:4])
    engine("run", "--rm", *make(*volume).options, "db", "downgrade", str(newest - 1))
    second = make(*HARDENED, *volume).start()
    assert int(second.run("doubletour", "db", "current").stdout[:4]) == newest
    assert f"before-{newest - 1:04}.sqlite" in second.run("ls", FOLDER).stdout.split()
    person.server = second
    person.forget().give_password()
    assert person.verify(person.code(1)).status == 303


@pytest.mark.skipif(not DOCKER, reason="podman runs a HEALTHCHECK by a timer of systemd")
def test_docker_sees_a_server_that_hangs(make, volume):
    container = make(*HARDENED, *volume, *HASTY).start()
    container.wait_for_health("healthy")
    web = container.web()
    container.run("sh", "-c", f"kill -STOP {web}")
    container.wait_for_health("unhealthy")
    container.run("sh", "-c", f"kill -CONT {web}")
    container.wait_for_health("healthy")
