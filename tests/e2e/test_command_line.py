"""Rules for every command: plain errors, help by topic, and output that cannot control the terminal."""

import json
import re
import subprocess
import threading
import unicodedata
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

from harness import Person

pytestmark = pytest.mark.without_postgres

# Text that controls the terminal, hides its neighbours, or forges a line.
HOSTILE = [
    ("\x1b[2J\x1b]0;owned\x07", "escape sequences"),
    ("\u009b2J", "C1: CSI in one code point"),
    ("anna\nroot  2026-11-23  active", "a separate line"),
    ("anna\rroot", "a carriage return"),
    ("a\u202egnp.exe", "a direction override"),
    ("a\u2066b\u2069", "isolates"),
    ("a\u200eb\u200f", "marks of direction"),
    ("a\u2028b\u2029c", "line and paragraph separators"),
    ("a\x7fb\x08c", "DEL and backspace"),
    ("a\u061cb", "the Arabic letter mark"),
]
IDS = [why for _, why in HOSTILE]
# Bytes that are not UTF-8.
BROKEN = [(b"a\x9b2Jb", "C1 as a byte"), (b"a\xc3", "half a code point"), (b"\xe2\x80", "a cut override")]


def misleads(character):
    return unicodedata.category(character) in ("Cc", "Zl", "Zp") or character in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def assert_visible(text):
    """Check that the text has no control characters except line ends."""
    assert not [c for c in text if c != "\n" and misleads(c)], repr(text)


def run(server, *arguments, stdin=b"", **more):
    """Run a command with bytes; check its output."""
    result = subprocess.run([server.program, *arguments], cwd=server.work, env={**server.environment, **more}, input=stdin,
                            capture_output=True, timeout=60)
    for stream in (result.stdout, result.stderr):
        assert_visible(stream.decode())  # fails unless it is UTF-8
    return result


# Options and help

GATE = {"GATE_DOMAINS": "example.org", "PUBLIC_URL": "https://login.example.org"}


@pytest.mark.parametrize("arguments, words, why", [
    (("run", "--port", "99999"), ('--port must be a number from 1 to 65535, not "99999"',), "the option, not its setting"),
    (("run", "--port", ""), ("--port must be",), "an empty value counts as a value"),
    (("run", "--host", "nowhere.example"), ("--host must be",), "the other option"),
    (("run", "--host", "0.0.0.0"), ("--host is an address that other machines can reach", "PUBLIC_URL"), "settings that do not go together"),
    (("run", "--prot", "1"), ('Did you mean "--port"?', "doubletour run --help"), "the nearest, and the help"),
    (("run", "--xyzzy"), ("doubletour run --help",), "nothing is near"),
    (("run", "-p"), ('no option "-p"',), "one letter"),
    (("run", "--port"), ("--port needs a value",), "the value is missing"),
    (("user", "list", "--json=yes"), ("--json takes no value",), "a value too many"),
    (("user", "list", "--disbled"), ('Did you mean "--disabled"?',), "another command"),
    (("routes", "--jsn"), ('Did you mean "--json"?',), "a command that formerly had its own parser"),
    (("otp", "generate", "--digit", "x"), ("--digits",), "the tools of otp"),
    (("user", "list", "--inactive", "soon"), ("--inactive", "soon"), "a value that is checked later"),
    (("help", "usr"), ('Did you mean "user"?',), "help of a misspelt command"),
    (("help", "user", "lsit"), ('no command of user "lsit"', 'Did you mean "list"?'), "help of a misspelt command of a command"),
    (("db", "nope", "--help"), ('no command of db "nope".  See `doubletour db --help`',), "help of an unknown command, unlike any other"),
    (("help", "config", "postgresql://a:b@c/d"), ('no command of config "..."',), "an argument that may be a secret"),
    (("user", "--json", "lsit"), ('Did you mean "list"?',), "an option before it"),
    (("-x",), ('no option "-x".  See `doubletour --help`',), "two letters are too few for a suggestion"),
    (("--setings", "x", "user", "list"), ('no option "--setings".  Did you mean "--settings"?',), "an option before the command"),
    (("help", "--nonsense"), ('no option "--nonsense".  See `doubletour --help`',), "an option that help does not have"),
    (("session",), ('no command "session".  See',), "`version` is not suggested: its first letter differs"),
    (("otp", "generate", "--json=3"), ("--json takes no value.  See `doubletour otp generate --help`",), "otp has its own parser"),
    (("otp", "generate", "a", "b"), ("See `doubletour otp generate --help`",), "an argument that otp does not take"),
    (("db", "copy", "x"), ("two addresses", "See `doubletour db copy --help`"), "an address is missing"),
    (("gate", "check", "https://wiki.example.org/", "--method", "x/"), ("--method must be",), "a method that no browser sends"),
    (("gate", "check", "https://wiki.example.org/", "--address", "here"), ("--address must be an IPv4 or IPv6 address",), "a name for an address"),
    (("",), ('no command "".  See `doubletour --help`',), "an empty word"),
])
def test_errors_name_the_option_that_was_typed(make_server, arguments, words, why):
    server = make_server(start=False, profile="development", **GATE if arguments[0] == "gate" else {})
    if "list" in arguments:
        server.command("db", "init")
    for name in ("HOST", "PORT"):
        server.environment.pop(name)
    result = run(server, *arguments)
    assert result.returncode in (1, 2, 78) and result.stdout == b"", why
    for word in words:
        assert word in result.stderr.decode(), (why, result.stderr)
    assert "(environment)" not in result.stderr.decode()


@pytest.mark.parametrize("arguments, first, why", [
    (("help", "user"), "Usage: doubletour user COMMAND", "a command"),
    (("help", "user", "add"), "Usage: doubletour user add NAME", "a command of a command"),
    (("user", "add", "--help"), "Usage: doubletour user add NAME", "the same by its option"),
    (("user", "add", "anna", "--help"), "Usage: doubletour user add NAME", "behind an argument"),
    (("user", "--help"), "Usage: doubletour user COMMAND", "all of them"),
    (("db", "copy", "--help"), "Usage: doubletour db copy FROM TO", "another command"),
    (("help", "config", "show"), "Usage: doubletour config show", "and another"),
    (("help", "otp", "qr"), "Usage: doubletour otp qr", "otp has its own"),
    (("help", "run"), "Usage: doubletour run", "a command without commands"),
    (("help", "help"), "Doubletour, a login server", "help of help"),
    (("help", "import", "htpasswd"), "Usage: doubletour import htpasswd FILE", "a source of import"),
    (("import", "authelia", "users.yml", "--help"), "Usage: doubletour import authelia [FILE]", "another source"),
    (("help",), "Doubletour, a login server", "the list"),
])
def test_help_is_about_the_command_that_was_named(make_server, arguments, first, why):
    result = run(make_server(start=False), *arguments)
    assert result.returncode == 0 and result.stderr == b""
    assert result.stdout.decode().startswith(first), why


def test_every_command_of_user_has_its_own_help(make_server):
    server = make_server(start=False)
    listed = re.findall(r"^  ([a-z0-9-]+) ", run(server, "user", "--help").stdout.decode(), re.M)
    commands = [word for word in listed if not word.startswith("-")]
    assert len(commands) == 14
    for command in commands:
        assert run(server, "user", command, "--help").stdout.decode().startswith(f"Usage: doubletour user {command}")


@pytest.mark.parametrize("arguments", [
    ("db", "init", "postgresql://anna:Secret42@localhost/x"), ("postgresql://anna:Secret42@localhost/x",),
    ("import", "postgresql://anna:Secret42@localhost/x", "y"), ("backup", "a", "otpauth://totp/a?secret=Secret42"),
    ("db", "copy", "a", "b", "password=Secret42"), ("otp", "parse", "otpauth://totp/a?secret=Secret42"), ("user", "password=Secret42"),
    ("config", "show", "Secret42"), ("run", "host=x password=Secret42"), ("db", "upgrade", "postgresql://u:Secret42@h"),
    ("user", "list", "--password=Secret42"), ("help", "postgresql://anna:Secret42@localhost/x"),
])
def test_arguments_that_may_hold_secrets_are_not_repeated(make_server, arguments):
    result = run(make_server(start=False), *arguments)
    assert result.returncode == 2 and result.stderr and b"Secret42" not in result.stdout + result.stderr


# Lists and sentences


def test_columns_of_routes_fit_the_longest_path(make_server):
    lines = run(make_server(start=False), "routes").stdout.decode().splitlines()
    assert lines[0].split() == ["METHOD", "PATH", "POOL", "OPENS", "IN"]
    pool = lines[0].index("POOL")
    assert {line[pool:].split()[0] for line in lines[1:]} == {"inline", "quick", "slow"}
    assert all(line[pool - 1] == " " for line in lines)


def test_lists_have_a_header_and_plain_states(make_server):
    server = make_server()
    alice = Person(server).full()
    header, row = [line for line in server.command("user", "list").stdout.splitlines()]
    assert header.split() == ["NAME", "LAST", "SIGN-IN", "STATE"]
    assert row.split()[0] == alice.name and row[header.index("STATE"):] == "active"
    header, row = server.command("user", "sessions", alice.name).stdout.splitlines()
    assert header.split() == ["LAST", "SEEN", "ADDRESS", "STATE", "BROWSER"]
    assert row[header.index("STATE"):].startswith("signed in")


def test_set_groups_prints_the_groups(make_server):
    server = make_server()
    alice = Person(server).full()
    assert server.command("user", "groups", alice.name, "wiki,admins").stdout == f"{alice.name} is in 2 groups: admins, wiki.\n"
    assert server.command("user", "groups", alice.name, "wiki").stdout == f"{alice.name} is in 1 group: wiki.\n"
    assert server.command("user", "groups", alice.name, "").stdout == f"{alice.name} is in no group.\n"


def test_numbers_agree_with_their_nouns(make_server, tmp_path):
    server = make_server()
    alice = Person(server).full()
    said = [server.command("check").stdout, server.command("user", "logout", alice.name).stdout]
    Person(server).full()
    said += [server.command("check").stdout, server.command("user", "logout", alice.name).stdout]
    if not server.on_postgres():
        said.append(server.command("backup", str(tmp_path / "b")).stdout)
    assert "1 account, 1 authenticator, " in said[0] and "2 accounts, 2 authenticators, " in said[2]
    assert said[1] == f"Ended 1 session of {alice.name}.\n" and said[3] == f"Ended 0 sessions of {alice.name}.\n"
    for text in said:
        assert not re.search(r"\b1 \w+s\b(?! of)", text), text


# Text from outside


@pytest.mark.sqlite
@pytest.mark.parametrize("text, why", HOSTILE, ids=IDS)
def test_database_content_sends_no_terminal_escapes(make_server, text, why):
    server = make_server()
    alice = Person(server).full()
    for statement in ("UPDATE accounts SET display_name = ?, email = ?, group_names = ?", "UPDATE sessions SET address = ?1, agent = ?2, token_hash = ?3",
                      "UPDATE audit SET event = ?, reason = ?, address = ?"):
        server.sql(statement, text, text, text if "token" not in statement else text.encode())
    server.sql("INSERT INTO accounts (id, name, password_hash, created_at_us) VALUES (77, ?, 'x', 1)", text)
    for arguments in (("user", "list"), ("user", "show", alice.name), ("user", "sessions", alice.name), ("audit",), ("check",),
                      ("user", "show", text), ("user", "disable", text), ("gate", "check", "https://wiki.example.org/", "--user", alice.name)):
        plain = run(server, *arguments)
        for line in plain.stdout.decode().splitlines():
            assert not line.startswith("root  2026"), "a name starts no new line"
        objects = run(server, *arguments, "--json")
        for line in objects.stdout.decode().splitlines():
            json.loads(line)
    shown = json.loads(run(server, "user", "show", alice.name, "--json").stdout)
    assert shown["display_name"] == text, "JSON has the whole text"


ARGUMENTS = [
    ("%",), ("user", "%"), ("user", "show", "%"), ("user", "add", "%"), ("user", "list", "--inactive", "%"), ("user", "list", "--%"),
    ("audit", "--user", "%"), ("audit", "--since", "%"), ("db", "%"), ("db", "upgrade", "%"), ("db", "copy", "%", "-"), ("config", "%"),
    ("backup", "no/such/%"), ("restore", "%"), ("import", "%", "x"), ("import", "flask", "%"), ("import", "flask", "sqlite:///%"),
    ("import", "htpasswd", "%"), ("import", "authelia", "%"), ("gate", "%"), ("gate", "check", "%"), ("doctor", "%"),
    ("proxy-config", "%"), ("proxy-config", "nginx", "%=127.0.0.1:1"), ("otp", "%"), ("otp", "generate", "--file", "%"), ("otp", "verify", "%"),
    ("otp", "qr", "--png", "no/%"), ("run", "--port", "%"), ("run", "--host", "%"), ("help", "%"), ("check", "%"), ("version", "%"),
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=" ".join)
def test_arguments_send_no_terminal_escapes(make_server, arguments):
    server = make_server(start=False, GATE_DOMAINS="example.org", PUBLIC_URL="https://login.example.org")
    server.command("db", "init")
    for text, _ in HOSTILE:
        run(server, *(part.replace("%", text) for part in arguments))
    for text, _ in BROKEN:
        run(server, *(part.encode().replace(b"%", text) for part in arguments))


FILES = [
    (".env", b"APP_NAME=%\n", ("config", "show")), (".env", b"PORT=%\n", ("config", "check")), (".env", b"%=1\n", ("config", "check")),
    (".env", b"DATA_DIR=%\n", ("check",)), (".env", b"HOST='%'\n", ("config", "check")),
    ("rules", b"rules:\n  - domain: '%'\n", ("config", "check")), ("rules", b"rules:\n  - \"%\": x\n", ("config", "check")),
    ("htpasswd", b"%:$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe\n", ("import", "htpasswd", "htpasswd")),
    ("htpasswd", b"anna:%\n", ("import", "htpasswd", "htpasswd")),
    ("uri", b"otpauth://totp/%:a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n", ("otp", "parse", "--file", "uri")),
    ("uri", b"otpauth://totp/a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&image=%\n", ("otp", "parse", "--file", "uri")),
    ("uri", b"otpauth-migration://offline?data=%\n", ("otp", "migration", "--file", "uri")),
]


@pytest.mark.parametrize("name, form, arguments", FILES, ids=[f"{n} {f.decode()[:20]!r}" for n, f, _ in FILES])
def test_file_content_sends_no_terminal_escapes(make_server, name, form, arguments):
    settings = {"GATE_DOMAINS": "example.org", "PUBLIC_URL": "https://login.example.org"}
    server = make_server(start=False, **settings, **({"ACCESS_RULES": "rules"} if name == "rules" else {}))
    for setting in ("HOST", "PORT"):
        server.environment.pop(setting)
    for text in [t.encode() for t, _ in HOSTILE] + [t for t, _ in BROKEN]:
        (server.work / name).write_bytes(form.replace(b"%", text))
        (server.work / name).chmod(0o600)
        run(server, *arguments)
        percent = b"".join(b"%%%02x" % byte for byte in text)
        if name == "uri":
            (server.work / name).write_bytes(form.replace(b"%", percent))
            run(server, *arguments)


def test_server_replies_send_no_terminal_escapes(make_server):
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.wfile.write(b"HTTP/1.1 302 \x1b[2J\r\nLocation: https://\x1b[2J\xe2\x80\xae/\r\nX: \x9b\r\n\r\n\x1b[2J")
            self.close_connection = True

        def __getattr__(self, name):
            if name.startswith("do_"):
                return self.do_GET
            raise AttributeError(name)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        server = make_server(start=False)
        run(server, "doctor", f"https://wiki.example.org:{http.server_port}/", "--connect", f"127.0.0.1:{http.server_port}")
        run(server, "doctor", "https://\x1b[2J.example.org/")
        http.shutdown()


def test_a_log_line_holds_no_raw_control_byte(make_server):
    server = make_server(APP_NAME="Caf\u00e9")
    for text, _ in HOSTILE:
        Person(server, "nobody", "x").give_password()
        requests.get(server.origin + "/login", headers={"User-Agent": "curl" + text.replace("\n", "").replace("\r", "").encode().decode("latin-1")}, timeout=60)
    for line in server.log().splitlines():
        assert_visible(line)
