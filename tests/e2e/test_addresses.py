"""Database URLs with a password: no message, list or log contains a part of it."""

import itertools
import subprocess
import urllib.parse

import pytest

from harness.server import free_port

pytestmark = pytest.mark.without_postgres  # uses its own PostgreSQL

PASSWORDS = [
    ("S3cr@tZq", "an @"), ("Qwz/Secrt", "a slash"), ("Sec?Rzq9", "a question mark"), ("Zq:Vwx77", "a colon"), ("50%Vwxq", "a percent sign"),
    ("%zzQwx", "a percent sign that encodes nothing"), ("Vw%41Xyq", "a percent sign that encodes a letter"), ("Qx#Zw77", "a hash"), ("Zq Vw 77", "spaces"),
    ("Qw&Zx=77", "a query's signs"), ("Vwq@Zx@77", "two @"), ("Zx//Qv77", "two slashes"), ("@QvZx77", "an @ at its beginning"), ("QvZx77@", "an @ at its end"),
    ("Qv[Zx]77", "brackets"), ("Qv'Zx\"77", "quotes"), ("Qv\\Zx77", "a backslash"), ("Q\u00e9Zx77v", "a letter beyond ASCII"), ("Qv;Zx,77", "a semicolon and a comma"),
    ("?@/:#%QvZx", "everything"), ("Qv\x1b[2JZx", "a control byte"), ("Qv\nZx77w", "a line end"),
]


def pieces(password):
    """Return every part of at least three characters that occurs in no sentence of ours."""
    for n in range(3, len(password) + 1):
        for i in range(len(password) - n + 1):
            piece = password[i : i + n]
            if any(c in piece for c in "QZVqwxz79") or "S3c" in piece or "Sec" in piece:
                yield piece


def addresses(password, port):
    quoted = urllib.parse.quote(password, safe="")
    yield f"postgresql://anna:{password}@127.0.0.1:{port}/there"
    yield f"postgres://anna:{password}@127.0.0.1:{port}/there"
    yield f"postgresql+psycopg2://anna:{password}@127.0.0.1:{port}/there"
    yield f"postgresql://anna:{quoted}@127.0.0.1:{port}/there"
    yield f"postgresql://127.0.0.1:{port}/there?user=anna&password={quoted}"
    yield f"postgresql://127.0.0.1:{port}/there?password={password}"
    yield f"postgresql://anna:{password}"
    yield f"host=127.0.0.1 port={port} user=anna password={password}"
    yield f"mysql://anna:{password}@127.0.0.1/there"


COMMANDS = [
    ("setting", ("config", "show")), ("setting", ("config", "check")), ("setting", ("check",)), ("setting", ("run",)), ("setting", ("db", "init")),
    ("argument", ("db", "copy", "-", "%")), ("argument", ("db", "copy", "%", "-")), ("argument", ("import", "flask", "%")), ("argument", ("db", "init", "%")),
    ("import", ("import", "flask", "-")),
]


@pytest.mark.parametrize("password, why", PASSWORDS, ids=[why for _, why in PASSWORDS])
def test_no_part_of_a_password_is_repeated(make_server, password, why):
    server = make_server(start=False)
    server.environment.pop("DATABASE_URL", None)
    server.command("db", "init")
    port = free_port()
    # each URL with one command of each kind in turn, and each command with the simplest URL
    commands = itertools.cycle(COMMANDS)
    tried = [(address, next(commands)) for address in addresses(password, port) for _ in range(3)]
    tried += [(f"postgresql://anna:{password}@127.0.0.1:{port}/there", command) for command in COMMANDS]
    for address, (way, words) in tried:
        environment = dict(server.environment)
        if way != "argument":
            environment["DATABASE_URL" if way == "setting" else "IMPORT_URL"] = address
        done = subprocess.run([server.program, *(word.replace("%", address) for word in words)], cwd=server.work, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode != 0 or words == ("config", "show") or words == ("config", "check"), (address, words)
        for piece in pieces(password):
            assert piece not in said, (address, words, said)
            assert urllib.parse.quote(piece, safe="") not in said, (address, words, said)


@pytest.mark.parametrize("password", ["S3cr@et", "Secr/et", "Sec?ret", "50%off"])
def test_the_error_message_explains_percent_encoding(make_server, password):
    server = make_server(start=False).init()
    for said in (server.command("check", DATABASE_URL=f"postgresql://anna:{password}@127.0.0.1/there"),
                 server.command("import", "flask", f"postgresql://anna:{password}@127.0.0.1/there"),
                 server.command("db", "copy", f"postgresql://anna:{password}@127.0.0.1/there", "-")):
        for form in ("@ as %40", "/ as %2F", "? as %3F", ": as %3A", "% as %25"):
            assert form in said.stderr, said.stderr


def test_an_encoded_password_connects(make_server):
    from harness.postgres import Postgres

    with Postgres() as cluster:
        url = cluster.new_database("closed")
        password = "S3cr@t/?:%Zq#"
        cluster.sql("closed", f"SET password_encryption = 'scram-sha-256'; CREATE ROLE anna LOGIN PASSWORD '{password}'; ALTER DATABASE closed OWNER TO anna")
        hba = cluster.data / "pg_hba.conf"
        hba.write_text("host closed anna 127.0.0.1/32 scram-sha-256\n" + hba.read_text())
        cluster.sql("closed", "SELECT pg_reload_conf()")
        where = url.partition("@")[2]
        right = f"postgresql://anna:{urllib.parse.quote(password, safe='')}@{where}"
        server = make_server(start=False, DATABASE_URL=right)
        assert server.command("db", "init").returncode == 0
        shown = server.command("config", "show").stdout
        assert f"DATABASE_URL=postgresql://anna:***@{where}" in shown
        wrong = server.command("db", "current", DATABASE_URL=right.replace("S3cr", "S4cr"))
        assert wrong.returncode != 0 and "authentication failed" in wrong.stderr and "anna" not in wrong.stderr and "S4c" not in wrong.stderr
        # the log of a server that loses its database
        server.start()
        cluster.end()
        server.serves()
        assert server.stop() == 0
        assert "database.lost" in server.log() or "S3c" not in server.log()
        assert "S3c" not in server.log() and "%40" not in server.log()


def test_addresses_of_pages_with_a_password_are_not_repeated(make_server):
    server = make_server(start=False, GATE_DOMAINS="example.org")
    for arguments, more in ((("doctor", "https://anna:QvZx77@wiki.example.org/"), {}), (("gate", "check", "https://anna:QvZx77@wiki.example.org/"), {}),
                            (("config", "check"), {"PUBLIC_URL": "https://anna:QvZx77@login.example.org"}),
                            (("run", "--host", "anna:QvZx77@x"), {"PUBLIC_URL": "https://login.example.org"})):
        done = server.command(*arguments, **{"PUBLIC_URL": "https://login.example.org", **more})
        assert done.returncode != 0 and "QvZx77" not in done.stdout + done.stderr, done.stderr
