"""Doubletour in a container: a start that would lose data, or with a clock that was not set, is refused."""

import hashlib
import os
import pathlib
import re
import shlex
import shutil
import stat
import tempfile
import time

import pytest
import yaml

from harness import Person
from harness.server import ROOT

pytestmark = [pytest.mark.sqlite, pytest.mark.without_postgres]

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
    server = make_server(start=False, profile="production", **settings)
    if "EPHEMERAL" not in settings:
        del server.environment["EPHEMERAL"]
    return server


# Data that would be lost


def test_container_without_a_volume_is_refused(make_server):
    server = production(make_server, DATA_DIR="/no-such-folder/data")
    done = server.command("run")
    assert (done.returncode, done.stderr) == (78, f"doubletour: {LOST.format('/no-such-folder/data')}\n")
    assert not os.path.exists("/no-such-folder")


@pytest.mark.parametrize("command", [("db", "init"), ("restore", str(ROOT / "README.md"))])
def test_commands_make_no_data_that_would_be_lost(make_server, on_root, command):
    done = production(make_server, DATA_DIR=on_root / "data").command(*command)
    assert done.returncode == 78 and LOST.format(on_root / "data") in done.stderr
    assert list(on_root.iterdir()) == []


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
def test_start_continues_where_no_data_can_be_lost(make_server, on_root, settings, why):
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


# The image and the example with Caddy, without building anything

FILE = (ROOT / "Containerfile").read_text()
COMPOSE_FOLDER = ROOT / "examples" / "compose"
COMPOSE = yaml.safe_load((COMPOSE_FOLDER / "compose.yaml").read_text())
LOGIN = COMPOSE["services"]["doubletour"]
USER = 10001


def instructions(name):
    """Return the arguments of each instruction with this name."""
    return re.findall(rf"^{name} (.*)$", FILE.replace("\\\n", " "), re.M)


def image_environment():
    return dict(word.split("=", 1) for line in instructions("ENV") for word in shlex.split(line))


def ignored(path):
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    return any(f"/{path}/".startswith(f"{rule}/") for rule in rules)


def test_copied_files_of_the_image_exist():
    copied = [line.split() for line in instructions("COPY")]
    sources = [source for words in copied if not words[0].startswith("--from=") for source in words[:-1]]
    assert sources and all((ROOT / source).exists() and not ignored(source) for source in sources)
    (built,) = {word for line in instructions("COPY") for word in line.split() if word.startswith("/image/")}
    assert built.startswith("/image/usr/bin/") and "PREFIX=/usr DESTDIR=/image" in FILE
    for script in ("entrypoint", "packages"):
        assert f"packaging/container/{script}" in FILE and (ROOT / "packaging" / "container" / script).stat().st_mode & stat.S_IXOTH


def test_build_context_has_no_local_secret():
    assert all(ignored(name) for name in (".env", "data", ".git", "build"))
    needed = re.findall(r"subdir\('([^'/]+)", (ROOT / "meson.build").read_text()) + ["migrations", "templates", "static", "locales", "include", "tools", "proxies", "packaging"]
    assert [name for name in needed if ignored(name)] == ["tests", "bench", "fuzz"], "the options of meson leave these three out"


def test_user_of_the_image_is_the_same_everywhere():
    assert instructions("USER") == [f"{USER}:{USER}"]
    assert f"--uid {USER} " in FILE and f"-o {USER} -g {USER} {image_environment()['DATA_DIR']}" in FILE
    assert f"-o {USER} " in (COMPOSE_FOLDER / "compose.yaml").read_text()
    assert {int(n) for page in ("start/quick-start.md", "guides/install.md") for n in re.findall(r"\b1\d{4}\b", (ROOT / "docs" / page).read_text())} == {USER}


def test_image_declares_no_volume():
    assert instructions("VOLUME") == [] and image_environment()["container"] == "oci"


def test_image_runs_commands_that_exist(server):
    (health,) = instructions("HEALTHCHECK")
    program, command = re.search(r'CMD \["([^"]+)", "([^"]+)"\]$', health).groups()
    assert program == "/usr/bin/doubletour" and server.command("help", command).returncode == 0
    assert instructions("ENTRYPOINT") == ['["/usr/bin/doubletour-entrypoint"]'] and instructions("CMD") == ['["run"]']
    for words in re.findall(r"doubletour ([a-z ]+?)(?: >| \"|$|;)", (ROOT / "packaging" / "container" / "entrypoint").read_text(), re.M):
        assert server.command("help", *words.split()).returncode == 0, words


@pytest.mark.parametrize("more", [{}, LOGIN["environment"]], ids=["image", "compose"])
def test_settings_of_the_image_are_accepted(server, tmp_path, more):
    environment = {**image_environment(), **more}
    names = set(re.findall(r"^#?([A-Z_]+)=", server.command("config", "example").stdout, re.M))
    assert {name.removesuffix("_FILE") for name in environment} - names == {"container"}
    if "SECRET_KEY_FILE" in environment:
        environment["SECRET_KEY_FILE"] = tmp_path / "key"
        environment["SECRET_KEY_FILE"].write_text(KEY)
    done = server.command("config", "check", **environment)
    assert done.returncode == 0, done.stderr


def test_compose_file_declares_all_names():
    assert LOGIN["read_only"] is True and LOGIN["cap_drop"] == ["ALL"] and LOGIN["security_opt"] == ["no-new-privileges:true"]
    assert (COMPOSE_FOLDER / LOGIN["build"]["context"] / LOGIN["build"]["dockerfile"]).resolve() == ROOT / "Containerfile"
    assert LOGIN["environment"]["SECRET_KEY_FILE"] == f"/run/secrets/{LOGIN['secrets'][0]}" and set(LOGIN["secrets"]) == set(COMPOSE["secrets"])
    assert f"doubletour:{image_environment()['DATA_DIR']}" in LOGIN["volumes"]
    for service in COMPOSE["services"].values():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (COMPOSE_FOLDER / source).exists()
    assert LOGIN["networks"] == ["login"] and "ports" not in LOGIN, "only Caddy reaches Doubletour"
    assert COMPOSE["services"]["caddy"]["networks"]["login"]["ipv4_address"] == LOGIN["environment"]["TRUSTED_PROXIES"]


def test_caddyfile_of_the_example_is_what_the_program_prints(server):
    text = (COMPOSE_FOLDER / "Caddyfile").read_text()
    (command,) = re.findall(r"^#\tdoubletour (proxy-config .*)$", text, re.M)
    done = server.command(*command.split(), **{**image_environment(), **LOGIN["environment"], "SECRET_KEY_FILE": "", "DATA_DIR": server.data})
    printed = [line for line in done.stdout.splitlines() if not line.startswith("\ttls ")]
    assert text.partition("=wiki:80\n#\n")[2].splitlines() == [line.replace("0.0.0.0:5000", "doubletour:5000") for line in printed]
    names = {host for line in printed for host in re.findall(r"^https://([a-z.]+) {", line)}
    assert names == {"login.doubletour.localhost", "wiki.doubletour.localhost"}
