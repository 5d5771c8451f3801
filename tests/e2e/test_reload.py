"""SIGHUP: live settings apply at once, the log names the others, and a broken file changes nothing."""

import concurrent.futures
import json
import os
import re
import signal

import pytest
import requests

from harness import Person
from harness.server import wait_until
from harness.visitor import LOGIN, ask

OPEN = "rules:\n  - domain: '*'\n    policy: bypass\n"
CLOSED = "rules:\n  - domain: '*'\n    policy: deny\n"
WIKI = "https://wiki.example.org/x"


def write(server, **settings):
    """Replace .env."""
    path = server.work / ".env.new"
    path.write_text("".join(f"{name}='{value}'\n" for name, value in settings.items()))
    path.chmod(0o600)
    path.rename(server.work / ".env")


def reload(server, **settings):
    write(server, **settings)
    server.signal(signal.SIGHUP)


def begin(make_server, environment=None, **settings):
    server = make_server(start=False, **(environment or {}))
    write(server, **settings)
    return server.start()


def title(server):
    return re.search("<title>(.*?)</title>", requests.get(server.origin + "/login", timeout=30).text)[1]


def count(server, event):
    return len(re.findall(rf"\b{re.escape(event)}\b", server.log()))


def test_live_settings_apply_and_others_need_a_restart(make_server):
    server = begin(make_server, APP_NAME="First", REGISTRATION="open")
    assert "First" in title(server)
    reload(server, APP_NAME="Second", REGISTRATION="closed", HASH_THREADS=3, HEAD_MAX_KIB=32)
    wait_until(lambda: "Second" in title(server), "the new name is on the page")
    assert "Registration is closed" in Person(server).visit("/register").text
    for line in ("settings.changed setting=APP_NAME", "settings.changed setting=REGISTRATION",
                 "settings.restart setting=HASH_THREADS", "settings.restart setting=HEAD_MAX_KIB"):
        wait_until(lambda line=line: line in server.log(), line)
    assert count(server, "settings.changed") == 2 and count(server, "settings.restart") == 2
    server.signal(signal.SIGHUP)
    wait_until(lambda: count(server, "settings.restart") == 4, "a second reload ends")
    assert count(server, "settings.changed") == 2  # these settings did not change again
    os.kill(server.web_pid(), signal.SIGKILL)
    wait_until(lambda: server.serves() and "Second" in title(server), "a new web process has the new settings")


def test_a_shorter_idle_timeout_ends_sessions(make_server):
    server = begin(make_server, SESSION_IDLE="1h")
    person = Person(server).full()
    server.clock.advance(120)
    assert person.visit("/").status == 200
    reload(server, SESSION_IDLE="60s")
    wait_until(lambda: count(server, "settings.changed") == 1, "the setting applies")
    server.clock.advance(120)
    assert person.visit("/").location.startswith("/login")


def test_both_processes_change_format_and_level_of_the_log(make_server):
    server = begin(make_server, LOG_FORMAT="text", LOG_LEVEL="error")

    def wrong_host():
        requests.get(server.origin + "/login", headers={"Host": "wrong.example"}, timeout=30)
        return [line for line in server.log().splitlines() if "host.refused" in line]

    assert wrong_host() == []
    reload(server, LOG_FORMAT="json", LOG_LEVEL="notice")
    line = wait_until(wrong_host, "web logs notices")[0]
    assert json.loads(line)["host"] == "wrong.example"
    changed = wait_until(lambda: [line for line in server.log().splitlines() if "settings.changed" in line], "the keeper logs notices")
    assert {json.loads(line)["setting"] for line in changed} == {"LOG_FORMAT", "LOG_LEVEL"}


@pytest.mark.parametrize("broken, reason", [
    ("APP_NAME='Second'\nPORT\n", "line 2 has no '='"), ("APP_NAME='Second'\nPRT=1\n", "Did you mean PORT"),
    ("APP_NAME='Second'\nSESSION_IDLE=2d\n", "SESSION_IDLE is longer"), ("APP_NAME='Second'\nAPP_NAME='Third'\n", "already set in line 1"),
    ("APP_NAME='Second'\nSECRET_KEY_FILE=/no/such/file\n", "/no/such/file"),
])
def test_a_broken_settings_file_changes_nothing(make_server, broken, reason):
    server = begin(make_server, APP_NAME="First")
    (server.work / ".env").write_text(broken)
    server.signal(signal.SIGHUP)
    wait_until(lambda: count(server, "settings.kept") == 1, "it says what is wrong")
    assert reason in server.log()
    assert count(server, "settings.changed") == 0 and count(server, "rules.read") == 1
    assert "First" in title(server)
    reload(server, APP_NAME="Fourth")
    wait_until(lambda: "Fourth" in title(server), "a correct file applies")


def test_a_settings_file_that_others_may_write_changes_nothing(make_server):
    server = begin(make_server, APP_NAME="First")
    write(server, APP_NAME="Second")
    (server.work / ".env").chmod(0o666)
    server.signal(signal.SIGHUP)
    wait_until(lambda: count(server, "settings.kept") == 1, "it says what is wrong")
    assert "chmod go-w .env" in server.log() and "First" in title(server)


def test_another_profile_changes_nothing_before_a_restart(make_server):
    server = make_server(start=False)
    del server.environment["APP_SETTINGS"]
    write(server, APP_SETTINGS="testing", REGISTRATION="closed")
    server.start()
    reload(server, APP_SETTINGS="development", REGISTRATION="open")
    wait_until(lambda: "settings.restart setting=APP_SETTINGS" in server.log(), "the log names the profile")
    assert count(server, "settings.kept") == 1 and count(server, "settings.changed") == 0
    assert "Registration is closed" in Person(server).visit("/register").text


GATE = {"PUBLIC_URL": f"https://{LOGIN}", "TRUSTED_PROXIES": "127.0.0.1", "GATE_DOMAINS": "example.org"}


def test_another_file_of_access_rules_applies(make_server):
    server = make_server(start=False, **GATE)
    (server.work / "open.conf").write_text(OPEN)
    (server.work / "closed.conf").write_text(CLOSED)
    write(server, ACCESS_RULES="open.conf")
    server.start()
    assert ask(server, WIKI).status_code == 200
    reload(server, ACCESS_RULES="closed.conf")
    wait_until(lambda: ask(server, WIKI).status_code == 403, "the other rules apply")
    reload(server)  # without rules, every signed-in user may open everything
    wait_until(lambda: ask(server, WIKI).status_code not in (200, 403), "no rules hold")
    reload(server, ACCESS_RULES="open.conf")
    wait_until(lambda: ask(server, WIKI).status_code == 200, "the first rules apply again")


def test_broken_rules_change_no_setting(make_server):
    server = make_server(start=False, **GATE)
    (server.work / "open.conf").write_text(OPEN)
    (server.work / "broken.conf").write_text(CLOSED.replace("policy", "polisy"))
    write(server, ACCESS_RULES="open.conf", SESSION_IDLE="1h")
    server.start()
    reload(server, ACCESS_RULES="broken.conf", SESSION_IDLE="60s", HASH_THREADS=3)
    wait_until(lambda: count(server, "settings.restart") == 1, "the reload ends")
    assert count(server, "rules.kept") == 1 and count(server, "settings.changed") == 0
    assert ask(server, WIKI).status_code == 200
    reload(server, ACCESS_RULES="open.conf", SESSION_IDLE="60s")
    wait_until(lambda: "settings.changed setting=SESSION_IDLE" in server.log(), "the new value was not applied before")


def test_pages_are_whole_while_settings_change(make_server):
    names = ["A" * 64, "B" * 64]
    server = begin(make_server, APP_NAME=names[0])

    def pages(_):
        return [title(server) for _ in range(50)]

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(pages, n) for n in range(4)]
        for n in range(30):
            reload(server, APP_NAME=names[(n + 1) % 2])
            wait_until(lambda n=n: names[(n + 1) % 2] in title(server), "the name changes")
        seen = {page for reader in readers for page in reader.result()}
    assert all(re.search("A{64}|B{64}", page) and not re.search("AB|BA", page) for page in seen)
