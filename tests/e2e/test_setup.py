"""doubletour setup: settings, database, key and the first account, by questions on a terminal or by options."""

import codecs
import io
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from harness import Person, Server

URL = "https://login.example.org"
OPTIONS = ("--public-url", URL, "--proxy", "nginx", "--registration", "invite", "--admin", "anna", "--yes")
NO_TERMINAL = "setup asks questions, but standard input is not a terminal.  Give --public-url, --proxy, --registration, --admin and --yes."


@pytest.fixture
def new(make_server):
    """A folder without settings and without a database.  The place of a new file does not depend on the tests' user."""
    return without_settings(make_server)


def without_settings(make_server, **more):
    return make_server(start=False, DOUBLETOUR_SETTINGS=".env", **more)


def settings(server):
    return (server.work / ".env").read_text()


def untouched(server):
    return not server.data.exists() and not list(server.work.iterdir())


def take_terminal():
    """Make the terminal on standard input the controlling one of a new session: ^C then reaches the process."""
    os.close(os.open(os.ttyname(0), os.O_RDWR))


class Terminal:
    """The command on a pseudo terminal, as a person runs it."""

    def __init__(self, server, *words):
        self.main, side = pty.openpty()
        self.process = subprocess.Popen([server.program, "setup", *words], cwd=server.work, env=server.environment,
                                        stdin=side, stdout=side, stderr=side, start_new_session=True, preexec_fn=take_terminal)
        os.close(side)
        self.decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")(), translate=True)
        self.seen = ""

    def until(self, text):
        """Read until the text appears; return the output before it."""
        deadline = time.monotonic() + 30
        while text not in self.seen:
            assert select.select([self.main], [], [], max(0, deadline - time.monotonic()))[0], self.seen
            self._read()
        before, _, self.seen = self.seen.partition(text)
        return before

    def _read(self):
        try:
            data = os.read(self.main, 65536)
        except OSError:  # no process has the terminal open
            data = b""
        assert data, self.seen
        self.seen += self.decoder.decode(data)  # one read may end within a character or a line's end

    def type(self, text):
        os.write(self.main, text.encode())

    def answer(self, prompt, text):
        before = self.until(prompt)
        self.type(text + "\n")
        return before

    def end(self):
        """Return the rest of the output and the exit status."""
        while True:
            try:
                self._read()
            except AssertionError:
                break
        os.close(self.main)
        return self.seen, self.process.wait(timeout=30)


def test_four_answers_lead_to_settings_a_database_and_a_link(new):
    terminal = Terminal(new)
    terminal.answer("Public address: ", URL)
    terminal.answer("Proxy [nginx]: ", "")
    terminal.answer("Registration [invite]: ", "closed")
    terminal.answer("User name: ", "anna")
    said, status = terminal.end()
    assert status == 0, said
    assert settings(new) == f"APP_SETTINGS=testing\nPUBLIC_URL={URL}\nREGISTRATION=closed\nTRUSTED_PROXIES=127.0.0.1\n"
    assert (new.work / ".env").stat().st_mode & 0o7777 == 0o600
    assert "server_name login.example.org;" in said
    again = re.search(r"`doubletour (proxy-config nginx) >FILE`", said)[1]
    assert new.command(*again.split()).stdout in said, "the command prints the same configuration"
    assert re.search(rf"^{URL}/set-password\?link=\S{{43}}$", said, re.M)
    assert "systemctl enable --now doubletour" in said and "doubletour.key" in said
    named = re.findall(r"`doubletour ((?:client|proxy-config) \S+)`", said)
    assert named[-2:] == ["client presets", "proxy-config --help"], "what comes next"
    assert [new.command(*words.split()).returncode for words in named[-2:]] == [0, 0]
    checked = new.command("config", "check")
    assert checked.returncode == 0 and "The settings are valid." in checked.stdout
    assert new.command("check").returncode == 0
    assert re.search(r"^anna .*no password yet", new.command("user", "list").stdout, re.M)


def test_a_wrong_answer_is_explained_and_asked_again(new):
    terminal = Terminal(new)
    terminal.answer("Public address: ", "login.example.org")
    assert "The public address must be https://host" in terminal.answer("Public address: ", "http://login.example.org")
    assert "would travel unencrypted" in terminal.answer("Public address: ", URL)
    terminal.answer("Proxy [nginx]: ", "apache")
    assert "The proxy must be nginx, caddy," in terminal.answer("Proxy [nginx]: ", "caddy")
    terminal.answer("Registration [invite]: ", "perhaps")
    assert "Registration must be open, invite or closed" in terminal.answer("Registration [invite]: ", "open")
    terminal.answer("User name: ", "")
    assert "user name" in terminal.answer("User name: ", "a b\x1b")
    assert "user name" in terminal.until("User name: ")
    assert untouched(new)
    terminal.type("\x04")
    said, status = terminal.end()
    assert status == 1 and "The input ended before the last answer.  Nothing was changed." in said
    assert untouched(new)


def test_control_c_changes_nothing(new):
    terminal = Terminal(new, "--public-url", URL, "--proxy", "none", "--registration", "open")
    terminal.until("User name: ")
    terminal.type("\x03")
    assert terminal.end()[1] == -signal.SIGINT
    assert untouched(new)


def test_setup_without_a_terminal_names_its_options(new):
    refused = new.command("setup", "--public-url", URL)
    assert refused.returncode == 2 and NO_TERMINAL in refused.stderr
    assert untouched(new)


@pytest.mark.parametrize("different, said", [
    ({"--public-url": "http://login.example.org"}, "--public-url begins with http://"),
    ({"--public-url": None}, "Give --public-url too"),
    ({"--proxy": "apache"}, "--proxy must be nginx, caddy, traefik, haproxy, envoy or none."),
    ({"--public-url": "http://localhost:5000"}, "A proxy needs a public address with https."),
    ({"--registration": "perhaps"}, '--registration must be open, invite or closed, not "perhaps".'),
    ({"--admin": "a b"}, "user name"), ({"--admin": None}, "Give --admin too"),
])
def test_an_invalid_option_changes_nothing(new, different, said):
    given = {**dict(zip(OPTIONS[0:8:2], OPTIONS[1:8:2])), **different}
    refused = new.command("setup", "--yes", *(word for pair in given.items() if pair[1] is not None for word in pair))
    assert refused.returncode != 0 and said in refused.stderr
    assert untouched(new)


def test_the_printed_link_leads_to_a_sign_in_with_a_code(make_server):
    server = without_settings(make_server)
    made = server.command("setup", "--public-url", f"http://127.0.0.1:{server.port}", "--proxy", "none", *OPTIONS[4:])
    assert made.returncode == 0, made.stderr
    link = made.stdout.strip().removeprefix(f"http://127.0.0.1:{server.port}")
    server.start()
    anna = Person(server, "anna")
    anna.visit(link)
    assert anna.send(link, {"password": anna.password, "confirm": anna.password}).status == 303
    assert anna.confirm().status == 303
    anna.forget().sign_in()
    assert anna.visit("/").status == 200 and "anna" in anna.page.text


def test_a_second_run_keeps_everything(new):
    before = "# ours\r\nAPP_NAME='It # works' # name\r\nREGISTRATION=open # for now"
    (new.work / ".env").write_bytes(before.encode())
    (new.work / ".env").chmod(0o600)
    assert new.command("setup", *OPTIONS).returncode == 0
    expected = before.replace("=open", "=invite") + f"\r\nAPP_SETTINGS=testing\r\nPUBLIC_URL={URL}\r\nTRUSTED_PROXIES=127.0.0.1\r\n"
    assert (new.work / ".env").read_bytes().decode() == expected
    key, changed = (new.data / "doubletour.key").read_bytes(), (new.work / ".env").stat()
    again = new.command("setup", "--yes", "--admin", "anna")
    assert again.returncode == 0, again.stderr
    assert "did not change" in again.stderr and "already exists" in again.stderr
    assert (new.work / ".env").stat() == changed and (new.data / "doubletour.key").read_bytes() == key
    assert again.stdout.count("/set-password?link=") == 1, "an account without a password gets a new link"


def test_an_account_with_a_password_gets_no_link(server):
    anna = Person(server)
    assert anna.register().status == 303
    again = server.command("setup", "--public-url", f"http://127.0.0.1:{server.port}", "--proxy", "none", "--registration", "open",
                           "--admin", anna.name, "--yes")
    assert again.returncode == 0 and again.stdout == "", again.stderr
    assert f"The account {anna.name} already exists and was not changed." in again.stderr
    assert anna.forget().give_password().status == 303


def test_a_failure_after_the_settings_says_that_a_new_run_is_safe(make_server):
    server = without_settings(make_server, DATABASE_URL="sqlite:////no/such/folder/x.sqlite")
    failed = server.command("setup", *OPTIONS)
    assert failed.returncode == 1
    assert "Wrote the settings to .env." in failed.stderr
    assert "The settings are in .env.  Correct the cause, then run `doubletour setup` again: this is safe." in failed.stderr
    del server.environment["DATABASE_URL"]
    assert server.command("setup", *OPTIONS).returncode == 0


def test_a_file_that_cannot_be_written_stops_setup(new):
    refused = new.command("--settings", "absent/x.env", "setup", *OPTIONS)
    assert refused.returncode == 1 and "absent/x.env cannot be written: No such file or directory." in refused.stderr
    assert untouched(new)


def test_setup_writes_the_named_file(new):
    assert new.command("setup", "--settings", "x.env", *OPTIONS).returncode == 0
    assert sorted(path.name for path in new.work.iterdir()) == ["x.env"]
    assert new.command("--settings", "x.env", "config", "check").returncode == 0


def test_setup_writes_the_profile_of_the_environment(new):
    key = "q7X-2mPz_9vKc4RtYb1nLw8sDf3gHj6e"
    made = new.command("setup", *OPTIONS, APP_SETTINGS="development", SECRET_KEY=key)
    assert made.returncode == 0, made.stderr
    assert "APP_SETTINGS=development\n" in settings(new) and key not in settings(new) + made.stderr
    named = re.search("^Only the environment of this command has these settings:(.*)\\.  Give them to the server too\\.$", made.stderr, re.M)[1].split()
    assert {"DATA_DIR", "SECRET_KEY"} <= set(named) and not {"APP_SETTINGS", "PUBLIC_URL", "REGISTRATION"} & set(named)
    (new.work / ".env").write_text("".join(f"{name}={value}\n" for name, value in new.environment.items() if name in named) + settings(new))
    new.environment = {name: value for name, value in new.environment.items() if name not in named}
    again = new.command("setup", *OPTIONS, SECRET_KEY=key)
    assert "these settings: SECRET_KEY." in again.stderr


def test_a_variable_that_overrides_an_answer_is_refused(new):
    new.environment["PUBLIC_URL"] = "https://other.example.org"
    refused = new.command("setup", *OPTIONS)
    assert refused.returncode != 0 and "PUBLIC_URL is https://other.example.org in the environment" in refused.stderr
    assert untouched(new)


SERVICE = 65534


@pytest.fixture
def service():
    """A new folder for root, whose data belongs to another user; that user can reach the folder."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="doubletour-", dir="/tmp"))
    home.chmod(0o755)
    server = Server(home)
    server.data.mkdir()
    os.chown(server.data, SERVICE, SERVICE)
    yield server
    shutil.rmtree(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes the owner of DATA_DIR")
def test_root_writes_the_system_file_and_the_owner_makes_data(service):
    service.clock.path.chmod(0o644)
    service.faults.path.chmod(0o666)
    made = service.command("setup", *OPTIONS)
    assert made.returncode == 0, made.stderr
    file = (service.work / "system/doubletour.env").stat()
    assert file.st_uid == 0 and file.st_mode & 0o7777 in (0o600, 0o640), "0640 where the group doubletour exists"
    assert {path.stat().st_uid for path in service.data.iterdir()} == {SERVICE}


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes the system's file")
def test_another_user_writes_dotenv(new):
    del new.environment["DOUBLETOUR_SETTINGS"]
    assert new.command("setup", *OPTIONS).returncode == 0
    assert [path.name for path in new.work.iterdir()] == [".env"]


def test_the_lua_file_of_haproxy_needs_no_application(new):
    made = new.command("setup", "--proxy", "haproxy", *OPTIONS[:2], *OPTIONS[4:])
    assert "HAProxy needs a Lua file too: `doubletour proxy-config haproxy --lua" in made.stderr
    assert "lua-load /etc/haproxy/doubletour.lua" in made.stdout
    printed = new.command("proxy-config", "haproxy", "--lua")
    assert printed.returncode == 0 and "doubletour_ask" in printed.stdout


def test_the_printed_proxy_configuration_has_no_application(new):
    made = new.command("setup", *OPTIONS)
    assert "server_name login.example.org;" in made.stdout and "location ^~ /api/authz/" in made.stdout
    assert "auth_request" not in made.stdout.split("# The sign-in pages.")[1]
