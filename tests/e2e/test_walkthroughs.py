"""The commands of the guides, run line by line in a scratch folder (harness/walkthrough.py)."""

import re
import select
import sqlite3
import subprocess

import pytest
from test_import import flask_database, flask_row

from harness import Person
from harness.server import PROGRAM, ROOT, Server, wait_until
from harness.walkthrough import Walkthrough, blocks, lines, section

pytestmark = [pytest.mark.sqlite, pytest.mark.without_asan]  # guides


@pytest.fixture
def walk(tmp_path):
    server = Server(tmp_path, REGISTRATION="invite")
    yield Walkthrough(server)
    server.end()


def with_anna(walk, *groups):
    walk.shell("doubletour db init")
    walk.shell(f"doubletour user add anna --groups {','.join(groups)}" if groups else "doubletour user add anna")
    return walk


def accounts(database):
    with sqlite3.connect(database) as db:
        return {name for name, in db.execute("SELECT name FROM accounts")}


# Quick start, README


def test_the_quick_start_leads_to_an_account(walk):
    page = (ROOT / "docs/start/quick-start.md").read_text()
    folder = walk.root / "copy"
    (folder / "build").mkdir(parents=True)
    (folder / "build/doubletour").symlink_to(PROGRAM)
    walk.live_in(folder, folder / "data")
    for name in ("APP_SETTINGS", "DATA_DIR", "REGISTRATION"):
        del walk.server.environment[name]
    make, curl, *look = lines(page)
    walk.follow([make])
    assert walk.calls() == ["make run"]
    walk.server.start()
    assert walk.shell(curl) == "ok\n"
    Person(walk.server, "anna").full()
    listed, audit, shown = walk.follow(look).values()
    assert "anna" in listed and "register.done" in audit and "PUBLIC_URL" in shown
    assert walk.server.database().exists() and (folder / "data/doubletour.key").exists()


def readme_section(heading):
    return (ROOT / "README.md").read_text().partition(heading)[2].partition("\n## ")[0]


def test_the_readme_adds_an_application(walk):
    (add,) = lines(readme_section("## Sign in to an application with OpenID Connect"))
    walk.shell("doubletour db init")
    assert "[auth.generic_oauth]" in walk.shell(add)


def test_the_readme_prints_a_proxy_configuration(walk):
    settings, run, proxy, doctor = lines(readme_section("## Protect an application"))
    walk.shell("\n".join([settings, run.replace("run &", "config check"), proxy]))
    assert "server_name wiki.example.org" in (walk.server.work / "doubletour.conf").read_text()
    assert doctor.startswith("doubletour doctor https://")  # test_protect.py runs it


# Install


def installed(walk):
    """Write the first settings of the page to the settings file; they name the profile.  Later blocks show variants."""
    file = walk.root / "etc/doubletour/doubletour.env"
    file.write_text(blocks(section("guides/install.md", "## 2. Settings"), "env")[0])
    walk.server.environment["DOUBLETOUR_SETTINGS"] = str(file)
    for name in ("APP_SETTINGS", "REGISTRATION"):
        del walk.server.environment[name]
    return walk


def test_the_shortest_install_starts_a_server(walk):
    for name in ("APP_SETTINGS", "REGISTRATION"):
        del walk.server.environment[name]
    walk.server.environment["DOUBLETOUR_SETTINGS"] = ".env"
    walk.follow(lines(section("guides/install.md", "# Install and upgrade")))
    assert walk.server.serves() and accounts(walk.server.database()) == {"anna"}
    assert [call.split()[0] for call in walk.calls()] == ["make", "make", "useradd", "systemctl"]


def test_each_step_of_the_install_works(walk):
    page = "guides/install.md"
    walk.follow(lines(section(page, "## 1. Install")))
    installed(walk).follow(lines(section(page, "## 2. Settings")))
    assert (walk.root / "etc/doubletour/doubletour.env").stat().st_mode & 0o777 == 0o640
    walk.follow(lines(section(page, "## 3. Create the database and start")))
    assert walk.server.serves() and (walk.server.data / "doubletour.key").exists()
    walk.follow(lines(section(page, "## Back up")))
    (copy,) = (walk.root / "backups").iterdir()
    assert accounts(copy) == set()
    copy.unlink()
    walk.follow(lines(section(page, "## Upgrade")))
    assert walk.server.serves() and len(list((walk.root / "backups").glob("*.sqlite"))) == 1


# Upgrade


def test_the_upgrade_guide_upgrades_and_downgrades(walk):
    page = "guides/upgrade.md"
    with_anna(walk).server.start()
    by_hand = lines(section(page, "### By hand"))
    walk.follow(by_hand[: by_hand.index("sudo systemctl start doubletour") - 1])
    walk.shell("doubletour db downgrade 6")  # as the previous version left it
    walk.follow(by_hand[-2:])
    assert walk.server.serves() and len(list((walk.root / "backups").glob("*.sqlite"))) == 1
    walk.shell("doubletour backup before-0006.sqlite")
    walk.shell("doubletour user add ben")
    walk.follow(lines(section(page, "## Go back")))
    assert walk.server.serves() and accounts(walk.server.database()) == {"anna"}


# Backups


def test_the_backup_guide_backs_up_and_restores(walk):
    page = "guides/backups.md"
    with_anna(walk).server.start()
    backup, copy = lines(section(page, "## Back up"))
    walk.step(backup)
    walk.server.stop()
    walk.step(copy)
    assert accounts(walk.root / "backups/doubletour.sqlite") == {"anna"}
    (made,) = (walk.root / "backups").glob("doubletour-*.sqlite")
    restore = lines(section(page, "## Restore"))
    (name,) = re.findall(r"/backups/(\S+)", " ".join(restore))
    made.rename(walk.root / "backups" / name)
    walk.server.start()
    walk.shell("doubletour user add ben")
    walk.follow(restore)
    assert walk.server.serves() and accounts(walk.server.database()) == {"anna"}
    make, *short = lines(section(page, "# Backups, checks, and a new master key"))
    assert make.startswith("install -d ") and short == [backup, restore[1]]


def test_the_backup_guide_checks_and_replaces_the_key(walk):
    page = "guides/backups.md"
    with_anna(walk).server.start()
    before = walk.server.key_file().read_text()
    walk.follow(lines(section(page, "## Check")))
    walk.follow(lines(section(page, "## Replace the master key")))
    assert walk.server.serves() and (walk.server.data / "doubletour.key").read_text() != before
    walk.follow(lines(section(page, "## Check")))


# Accounts


def first_line_of(walk, command):
    """Run a command that continues until it is stopped; an invitation makes an event for it."""
    process = subprocess.Popen(["/bin/sh", "-c", f"exec {command}"], cwd=walk.server.work, env=walk.environment(), stdout=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: walk.shell("doubletour invite") and select.select([process.stdout], [], [], 0.1)[0], "an event")
        return process.stdout.readline()
    finally:
        process.kill()
        process.wait()


def test_every_command_of_the_accounts_guide_works(walk):
    commands = lines((ROOT / "docs/guides/accounts.md").read_text())
    endless = [line for line in commands if "--follow" in line]
    walk.shell("doubletour db init")
    walk.server.start()
    printed = walk.follow(sorted((line for line in commands if line not in endless), key=lambda line: " user add " not in line))
    assert sum("http://" in text for text in printed.values()) == 3  # links: add, reset-password, invite
    assert [first_line_of(walk, line)[:1] for line in endless] == ["{"]


# Import


AUTHELIA_USERS = """users:
  anna:
    displayname: Anna
    password: $6$rounds=50000$aaaaaaaaaaaaaaaa$%s
    groups: [staff]
""" % ("a" * 85 + ".")


def test_the_import_guide_imports_from_the_tutorial(walk):
    page = "guides/import.md"
    flask_database(walk.root / "srv/old/db.sqlite", [flask_row("reader", "pass word 1")])
    walk.shell("doubletour db init")
    dry, real = lines(section(page, "# Import accounts"))
    walk.shell(dry)
    assert accounts(walk.server.database()) == set()
    walk.shell(real)
    assert accounts(walk.server.database()) == {"reader"}
    (same,) = lines(section(page, "## The Flask tutorial's application"))
    walk.shell(same.replace("DATABASE_URL", "sqlite:////srv/old/db.sqlite"))


def test_the_import_guide_imports_other_formats(walk):
    page = "guides/import.md"
    walk.shell("doubletour db init")
    (walk.server.work / "FILE").write_text("ben:" + flask_row("ben", "pass word 2")[1].decode() + "\n")
    walk.follow(lines(section(page, "## Apache's htpasswd")))
    (walk.server.work / "users_database.yml").write_text(AUTHELIA_USERS)
    uri = "otpauth://totp/Authelia:anna?secret=" + "GEZDGNBV" * 4 + "&issuer=Authelia"
    walk.program("authelia", f"#!/bin/sh\nif [ $3 = webauthn ]; then echo 'webauthn_credentials: []' > $6; else echo '{uri}'; fi\n")
    walk.follow(lines(section(page, "## Authelia")))
    assert accounts(walk.server.database()) == {"anna", "ben"} and not (walk.server.work / "totp.txt").exists()


def test_the_guide_from_authelia_has_working_rules(walk):
    text = (ROOT / "docs/guides/from-authelia.md").read_text()
    (walk.server.work / "access.conf").write_text(blocks(text, "yaml")[-2])
    walk.server.environment.update(PUBLIC_URL="https://login.example.org", GATE_DOMAINS="example.org", ACCESS_RULES="access.conf")
    check, decide = lines(text)
    with_anna(walk, "editors").shell(check)
    assert "passes" in walk.shell(decide)


# Proxies


def test_caddy_takes_the_configuration_of_the_proxy_guide(walk):
    walk.server.environment.update(PUBLIC_URL="https://login.example.org", GATE_DOMAINS="example.org", TRUSTED_PROXIES="127.0.0.1")
    text = (ROOT / "docs/guides/proxies.md").read_text()
    (command,) = lines(section("guides/proxies.md", "### Caddy"))
    assert command.replace("caddy", "nginx").partition(" > ")[0] == lines(text)[0].partition(" > ")[0]
    walk.shell(command)
    walk.shell("sed -i '/^[[:space:]]*tls /d' Caddyfile && caddy adapt --adapter caddyfile --config Caddyfile")


# Many nodes


def test_the_guide_moves_a_database_to_postgresql(walk, postgres):
    text = section("guides/many-nodes.md", "## Move to PostgreSQL")
    password, address = "secret", f"127.0.0.1:{postgres.port}"
    for statement in blocks(text, "sql")[0].split(";")[:-1]:
        postgres.sql("postgres", statement.replace("…", password))
    with_anna(walk)
    for line in lines(text):
        walk.shell(line.replace("…", password).replace("db.example.org", address))
    (setting,) = [one.strip() for one in blocks(text, "env")]
    (walk.server.work / ".env").write_text(setting.replace("…", password).replace("db.example.org", address))
    (walk.server.work / ".env").chmod(0o600)
    assert "postgresql://" in walk.shell("doubletour config show") and "anna" in walk.shell("doubletour user list")


# Troubleshooting


def test_the_commands_of_the_troubleshooting_page_work(walk):
    text = (ROOT / "docs/guides/troubleshooting.md").read_text()
    walk.server.environment.update(PUBLIC_URL="https://login.example.org", GATE_DOMAINS="example.org", SUDO_USER="root")
    with_anna(walk)
    blocked = [line for line in lines(text) if "doctor" not in line]  # test_protect.py runs the doctor
    spans = re.findall(r"`(doubletour [^`A-Z]*\banna)`", text)
    assert len(blocked) > 5 and len(spans) > 4
    walk.follow(blocked + spans)
