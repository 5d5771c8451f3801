"""Files named on the command line or in the settings: only regular files are read."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile

import pytest

from harness.server import wait_until

pytestmark = pytest.mark.without_postgres

SETTINGS = {"GATE_DOMAINS": "example.org", "PUBLIC_URL": "https://login.example.org"}
RULES = "rules:\n  - domain: wiki.example.org\n"


def fifo(path):
    os.mkfifo(path)


def a_socket(path):
    one = socket.socket(socket.AF_UNIX)
    here = os.open(path.parent, os.O_RDONLY)
    one.bind(f"/proc/self/fd/{here}/{path.name}")
    os.close(here)
    one.close()


# the object at the path, the words of the error
KINDS = [(fifo, "is a FIFO"), (lambda path: path.mkdir(), "is a directory"), (a_socket, "is a socket"),
         (lambda path: path.symlink_to("/dev/zero"), "is a device"), (lambda path: path.symlink_to("missing"), "No such file"),
         (lambda path: path.symlink_to(path), "symbolic links")]

# the command, the settings; % is the file
WAYS = [
    (("restore", "--replace", "%"), {}), (("import", "htpasswd", "%"), {}), (("import", "authelia", "%"), {}),
    (("import", "authelia", "good", "--totp", "%"), {}), (("import", "htpasswd", "good", "--map", "%"), {}), (("import", "flask", "sqlite:///%"), {}),
    (("otp", "generate", "--file", "%"), {}), (("otp", "parse", "--file", "%"), {}), (("otp", "migration", "--file", "%"), {}),
    (("otp", "qr", "--file", "%"), {}), (("otp", "verify", "--code-file", "%", "--file", "good"), {}), (("doctor", "https://wiki.example.org/", "--ca", "%"), {}),
    (("config", "check"), {"ACCESS_RULES": "%"}), (("gate", "check", "https://wiki.example.org/"), {"ACCESS_RULES": "%"}),
    (("check",), {"DATABASE_URL": "sqlite:///%"}), (("db", "copy", "sqlite:///%", "-"), {}),
]


@pytest.mark.parametrize("arguments, more", WAYS, ids=lambda value: " ".join(value))
def test_a_named_file_is_a_file_or_is_refused(make_server, request, arguments, more):
    server = make_server(start=False, **SETTINGS).init()
    (server.work / "good").write_text("anna:x\n" if arguments[0] == "import" else "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n")
    for number, (make, word) in enumerate(KINDS):
        name = f"named{number}"
        request.addfinalizer(lambda path=server.work / name: path.rmdir() if path.is_dir() else path.unlink())
        make(server.work / name)
        done = subprocess.run([server.program, *(a.replace("%", name) for a in arguments)], cwd=server.work, stdin=subprocess.DEVNULL,
                              env={**server.environment, **{k: v.replace("%", name) for k, v in more.items()}}, capture_output=True, text=True, timeout=30)
        assert done.returncode != 0 and name in done.stderr, (word, done.stderr)
        if "flask" in arguments and number >= 4:  # the error names the other places too
            continue
        if not {"DATABASE_URL", "copy"} & {*more, *arguments} and not (arguments[:2] == ("import", "authelia") and "good" in arguments):
            assert word in done.stderr, (word, done.stderr)


def test_settings_outside_a_regular_file_are_refused(make_server):
    for make, word in KINDS[:4]:
        server = make_server(start=False)
        make(server.work / ".env")
        done = server.command("config", "check")
        assert done.returncode == 78 and word in done.stderr, done.stderr


def test_standard_input_is_accepted_as_a_file(make_server, tmp_path):
    server = make_server(start=False)
    (tmp_path / "secret").write_text("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n")

    def generate(stdin, *file):
        return subprocess.run([server.program, "otp", "generate", *file], stdin=stdin, capture_output=True, text=True, timeout=30)

    with open(tmp_path / "secret") as stdin:
        assert generate(stdin, "--file", "/dev/stdin").returncode == 0
    with subprocess.Popen(["cat", tmp_path / "secret"], stdout=subprocess.PIPE) as cat:
        refused = generate(cat.stdout, "--file", "/dev/stdin")
        assert refused.returncode == 1 and "/dev/stdin is a FIFO or a pipe" in refused.stderr
    with subprocess.Popen(["cat", tmp_path / "secret"], stdout=subprocess.PIPE) as cat:
        assert generate(cat.stdout, "--file", "-").returncode == 0


def test_an_endless_file_is_read_up_to_its_maximum(make_server):
    server = make_server(start=False, **SETTINGS).init()
    with open(server.work / "endless", "wb") as file:
        file.truncate(1 << 44)
    for arguments, more in ((("otp", "parse", "--file", "endless"), {}), (("import", "htpasswd", "endless"), {}), (("restore", "--replace", "endless"), {}),
                            (("config", "check"), {"ACCESS_RULES": "endless"})):
        done = server.command(*arguments, **more)
        assert done.returncode != 0 and done.stderr, arguments


# The owner of the settings

OWNERS = [
    (0o600, 0, 0, "", "ours alone"), (0o640, 0, 1000, "", "a group may read it"), (0o644, 0, 0, "", "everyone may read what is no secret"),
    (0o660, 0, 1000, "can be written by other users", "another group may write it"), (0o666, 0, 0, "can be written by other users", "everyone may write it"),
    (0o600, 1000, 0, "belongs to another user", "another's"), (0o444, 1000, 1000, "belongs to another user", "another's, read-only for now"),
]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("name", [".env", "rules"])
@pytest.mark.parametrize("mode, owner, group, word, why", OWNERS, ids=[why for *_, why in OWNERS])
def test_settings_of_others_are_refused(make_server, name, mode, owner, group, word, why):
    server = make_server(start=False, **SETTINGS, **({"ACCESS_RULES": "rules"} if name == "rules" else {}))
    path = server.work / name
    path.write_text("LOG_LEVEL=info\n" if name == ".env" else RULES)
    os.chown(path, owner, group)
    path.chmod(mode)
    for command in (("config", "check"), ("gate", "check", "https://wiki.example.org/")):
        done = server.command(*command)
        assert (word in done.stderr and done.returncode == 78) if word else "user" not in done.stderr, (why, done.stderr)


# Root becomes the owner of DATA_DIR

SERVICE, STRANGER = 65534, 1000
BY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")


@pytest.fixture
def service(make_server):
    """A stopped server whose data belong to another user, in a folder that every user may enter; it has a .env."""
    server = make_server(start=False).init()
    with tempfile.TemporaryDirectory() as home:
        server.move_to(home, SERVICE)
        (server.work / ".env").write_text("LOG_LEVEL=info\n")
        (server.work / ".env").chmod(0o640)
        os.chmod(home, 0o755)
        yield server
        server.end()


def owners(folder):
    return {path.name: path.stat().st_uid for path in folder.iterdir()}


@BY_ROOT
def test_commands_of_root_run_as_the_owner_of_the_data(service):
    os.chown(service.work / ".env", SERVICE, SERVICE)
    done = service.command("user", "add", "anna", SUDO_USER="berta")
    assert done.returncode == 0, done.stderr
    assert set(owners(service.data).values()) == {SERVICE}
    assert json.loads(service.command("audit", "--json", "--user", "anna").stdout.splitlines()[0])["actor"] == "command:berta"
    if not service.on_postgres():
        refused = service.command("backup", "/root/no-such-backup.sqlite")
        assert refused.returncode == 1 and "This command runs as the user " in refused.stderr, refused.stderr
        assert service.command("backup", service.work / "copy.sqlite").returncode == 0
        assert owners(service.work)["copy.sqlite"] == SERVICE


@BY_ROOT
def test_server_of_root_runs_as_the_owner_of_the_data(service):
    with open(service.log_path, "wb") as log:
        service.process = subprocess.Popen([service.program, "run"], cwd=service.work, env=service.environment, stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, start_new_session=True, extra_groups=[0, 4])
    service.until_it_serves()
    for pid in service.keeper_pid(), service.web_pid():
        status = open(f"/proc/{pid}/status").read()
        assert re.search(rf"^Uid:(\t{SERVICE}){{4}}$", status, re.M) and re.search(rf"^Gid:(\t{SERVICE}){{4}}$", status, re.M)
        assert re.search(r"^CapEff:\t0+$", status, re.M)
        assert not re.search(r"^Groups:.*\b[04]\b", status, re.M)
    assert service.stop() == 0
    assert set(owners(service.data).values()) == {SERVICE}


@BY_ROOT
@pytest.mark.sqlite
def test_settings_that_only_root_reads_are_kept_on_sighup(service):
    file = service.work / ".env"
    advice = rf"Run `chgrp {SERVICE} \.env && chmod g\+r \.env`"
    os.chown(file, 0, 0)
    file.chmod(0o600)
    checked = service.command("config", "check")
    assert checked.returncode == 0 and re.search(rf"^Warning: The server runs as the user \S+, who .*{advice}\.$", checked.stdout, re.M)
    service.start()
    assert re.search(rf"settings\.unreadable why=.*SIGHUP keeps the old settings.*{advice}", service.log())
    file.write_text("LOG_LEVEL=notice\n")
    service.signal(signal.SIGHUP)
    wait_until(lambda: re.search(rf"settings\.kept why=.*{advice}", service.log()), "the log says how to correct it")
    os.chown(file, 0, SERVICE)
    file.chmod(0o640)
    service.signal(signal.SIGHUP)
    wait_until(lambda: "settings.changed setting=LOG_LEVEL" in service.log(), "the advice works")
    assert "Warning" not in service.command("config", "check").stdout


@BY_ROOT
@pytest.mark.sqlite
def test_a_key_file_of_another_user_names_the_command(service):
    advice = f"run `chown {SERVICE} {service.key_file()}`."
    for owner in 0, STRANGER:
        os.chown(service.key_file(), owner, owner)
        for command in ("check",), ("restore", "--replace", service.data / "doubletour.sqlite"):
            done = service.command(*command)
            assert done.returncode == 78 and advice in done.stderr, (owner, done.stderr)


@BY_ROOT
def test_a_file_that_the_user_may_not_read_names_the_reason(service):
    service.work.chmod(0o700)
    os.chown(service.work, 0, 0)
    denied = f"cannot be opened: Permission denied.  This user (uid {SERVICE}) may not enter the current directory"
    assert denied in service.command("restore", "copy.sqlite").stderr
    (service.work / "rules").write_text(RULES)
    done = service.command("gate", "check", "https://wiki.example.org/", ACCESS_RULES=service.work / "rules", **SETTINGS)
    assert f"Let this user (uid {SERVICE}) read the file and enter its folder." in done.stderr
    done = service.command("gate", "check", "https://wiki.example.org/", ACCESS_RULES="rules", **SETTINGS)
    assert "write the whole path, such as /etc/doubletour/access.conf." in done.stderr


@BY_ROOT
def test_root_refuses_the_settings_of_a_third_user(service):
    os.chown(service.work / ".env", STRANGER, STRANGER)
    done = service.command("user", "list")
    assert done.returncode == 78 and f"belongs to another user (uid {STRANGER})" in done.stderr


@BY_ROOT
def test_root_reads_secrets_as_the_owner_of_the_data(service):
    secret = service.work / "secret"
    secret.write_text("sqlite:///" + str(service.data / "doubletour.sqlite"))
    secret.chmod(0o400)
    service.environment.pop("DATABASE_URL", None)
    os.chown(secret, SERVICE, SERVICE)
    assert service.command("config", "check", DATABASE_URL_FILE=secret).returncode == 0
    os.chown(secret, 0, 0)
    refused = service.command("config", "check", DATABASE_URL_FILE=secret)
    assert refused.returncode == 78 and "Permission denied" in refused.stderr


@pytest.mark.parametrize("line, mode, refused, why", [
    ("DATABASE_URL=postgresql://anna:QvZx77@127.0.0.1/x", 0o644, True, "a password that everyone may read"),
    ("SECRET_KEY=QvZx77-2mPz_9vKc4RtYb1nLw8sDf3gHj6e", 0o644, True, "a key that everyone may read"),
    ("DATABASE_URL=postgresql://127.0.0.1/x?password=QvZx77", 0o604, True, "in the other file"),
    ("DATABASE_URL=postgresql://anna:QvZx77@127.0.0.1/x", 0o640, False, "a group reads it"),
    ("DATABASE_URL=postgresql://anna@127.0.0.1/x", 0o644, False, "there is no password in it"),
    ("APP_NAME=Example", 0o644, False, "no secret"),
])
def test_a_secret_that_everyone_may_read_is_refused(make_server, line, mode, refused, why):
    server = make_server(start=False)
    server.environment.pop("DATABASE_URL", None)
    (server.work / ".env").write_text(line + "\n")
    (server.work / ".env").chmod(mode)
    done = server.command("config", "check")
    assert (done.returncode == 78 and "chmod o-r .env" in done.stderr) == refused, (why, done.stderr)
    assert "QvZx77" not in done.stderr
