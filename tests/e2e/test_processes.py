"""Two processes that start and end together, refused starts, and many people at once."""

import contextlib
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import statistics
import tempfile
import threading
import time

import pytest

from harness import Person
from harness.raw import raw
from harness.server import wait_until
from harness.together import Together, form_bytes, together

# Start and end of the processes


def test_a_web_process_that_is_killed_is_replaced_and_sessions_go_on(make_server, record_property):
    server = make_server()
    person = Person(server).full()
    for _ in range(3):
        old = server.web_pid()
        began = time.monotonic()
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: server.web_pid() not in (0, old) and server.serves(), "another web process serves")
        record_property("seconds until it serves again", time.monotonic() - began)
        assert person.visit("/").status == 200
    assert server.process.poll() is None
    assert "web.died" in server.log()
    assert server.stop() == 0


def test_repeated_web_crashes_do_not_stop_the_server(make_server):
    server = make_server()
    person = Person(server).full()
    for _ in range(15):
        web = wait_until(server.web_pid, "there is a web process")
        os.kill(web, signal.SIGKILL)
        wait_until(lambda: server.web_pid() not in (0, web), "a new one starts")
    wait_until(server.serves, "it serves")
    assert person.visit("/").status == 200


def test_a_killed_web_process_loses_its_own_requests_only(make_server):
    server = make_server(PASSWORD_SCHEME="bcrypt", BCRYPT_LOG_ROUNDS="10")
    person = Person(server).full()
    flight = Together(server, sign_ins(server, Person(server), 16)).send()
    os.kill(server.web_pid(), signal.SIGKILL)
    flight.wait()
    wait_until(server.serves, "it serves again")
    assert person.visit("/").status == 200
    assert person.log_out().status == 303


def test_the_return_url_survives_a_restart(make_server):
    server = make_server()
    person = Person(server).full().forget()
    person.give_password("/login?next=/account/sessions")
    server.restart()
    assert person.verify(path="/verify-2fa").location == "/account/sessions"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_dead_keeper_stops_web_and_frees_the_port(make_server, number):
    server = make_server()
    web = server.web_pid()
    os.kill(server.keeper_pid(), number)
    server.wait()
    wait_until(lambda: not os.path.exists(f"/proc/{web}"), "the web process is gone")
    wait_until(lambda: not server.listening(), "the port is free")
    server.start()
    assert server.serves()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigterm_finishes_requests_and_exits_with_0(make_server, number):
    """The keeper stands still until the signal is sent, so that no request is answered before it.

    The work that is left is a few milliseconds, because web stops after five seconds.
    """
    server = make_server(PASSWORD_SCHEME="bcrypt", BCRYPT_LOG_ROUNDS="4", HASH_THREADS="1")
    requests = sign_ins(server, Person(server), 8)
    os.kill(server.keeper_pid(), signal.SIGSTOP)
    flight = Together(server, requests).send().read()
    server.signal(number)
    os.kill(server.keeper_pid(), signal.SIGCONT)
    answers = flight.wait()
    assert [a.status for a in answers] == [422] * 8, "accepted requests get their replies"
    assert server.wait() == 0
    assert not server.listening()


def test_a_web_that_stops_with_the_server_logs_no_error(make_server):
    """As a service manager does: the signal goes to both processes, and web ends first."""
    server = make_server()
    web = server.web_pid()
    os.kill(server.keeper_pid(), signal.SIGSTOP)
    os.kill(web, signal.SIGTERM)
    server.signal(signal.SIGTERM)
    wait_until(lambda: "\nState:\tZ" in pathlib.Path(f"/proc/{web}/status").read_text(), "web has ended")
    os.kill(server.keeper_pid(), signal.SIGCONT)
    assert server.wait() == 0
    assert "stopping signal=TERM" in server.log() and "web.ended" not in server.log()


@pytest.mark.sqlite
def test_a_clean_shutdown_leaves_one_database_file(make_server):
    server = make_server()
    person = Person(server).full()
    for _ in range(8):
        assert person.visit("/").status == 200
        assert server.stop() == 0
        assert sorted(p.name for p in server.data.iterdir()) == sorted(["doubletour.lock", "doubletour.sqlite", server.key_file().name])
        server.start()


def test_an_unfinished_request_does_not_delay_the_shutdown(make_server):
    server = make_server()
    with socket.create_connection(("127.0.0.1", server.port)) as idle, socket.create_connection(("127.0.0.1", server.port)) as half:
        half.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nusername=")
        idle.sendall(b"GET /login HTTP/1.1\r\n")
        assert server.stop() == 0


def test_a_restart_keeps_accounts_sessions_and_spent_codes(make_server):
    server = make_server()
    person, half = Person(server).full(), Person(server).enrolling()
    used = person.used_code()
    secret = half.read_secret()
    server.restart()
    assert person.visit("/").status == 200
    assert half.read_secret() == secret
    assert half.verify().location == "/account/recovery-codes"
    other = Person(server, person.name, person.password)
    other.give_password()
    assert other.verify(used).status == 422


def test_acknowledged_changes_survive_an_immediate_kill(make_server):
    server = make_server()
    people = []
    for _ in range(5):
        person = Person(server).full()
        server.signal(signal.SIGKILL)
        server.wait()
        wait_until(lambda: not server.listening(), "the port is free")
        server.start()
        people.append(person)
        assert person.visit("/").status == 200
        used = person.used_code()
        person.forget().give_password()
        assert person.verify(used).status == 422, "a spent code stays spent"
    for person in people:
        assert person.forget().sign_in().location == "/"


# The sandbox, seen from outside


def status_of(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)


def open_files(pid):
    names = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            names.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return names


def listening_socket(port):
    with open("/proc/net/tcp") as f:
        for line in f.readlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port:
                return f"socket:[{fields[9]}]"


def test_the_web_process_is_sandboxed_and_holds_no_data_file(make_server):
    server = make_server()
    Person(server).full()
    web = status_of(server.web_pid())
    assert (web["Seccomp"].strip(), web["NoNewPrivs"].strip()) == ("2", "1")
    for task in os.listdir(f"/proc/{server.web_pid()}/task"):
        assert status_of(f"{server.web_pid()}/task/{task}")["Seccomp"].strip() == "2", "in every thread"
    assert not [name for name in open_files(server.web_pid()) if str(server.data) in name]
    assert listening_socket(server.port) in open_files(server.web_pid())


def test_the_keeper_does_not_listen(make_server):
    server = make_server()
    Person(server).full()
    assert listening_socket(server.port) not in open_files(server.keeper_pid())
    assert [name for name in open_files(server.keeper_pid()) if str(server.data) in name], "the keeper has the database open"


# Refused starts


def refuses(server, *codes, says=(), **how):
    """Check that the start fails with one sentence and one of these codes, and leaves the data folder unchanged."""
    before = server.fingerprint() if server.data.exists() else None
    ended = server.command("run", **how)
    assert ended.returncode in codes, f"{ended.returncode}: {ended.stderr}"
    sentence = [line for line in ended.stderr.splitlines() if line.strip()]
    assert len(sentence) == 1, ended.stderr
    assert re.match(r"doubletour: [A-Z/].* .* ", sentence[0]), f"this is not a sentence: {sentence}"
    for word in says:
        assert word in sentence[0], sentence
    assert (server.fingerprint() if server.data.exists() else None) == before, "it touched something"
    return sentence[0]


@pytest.fixture
def stopped(make_server):
    """A stopped server with one account."""
    server = make_server()
    server.person = Person(server).full()
    assert server.stop() == 0
    return server


@pytest.mark.without_tsan
def test_a_port_in_use_is_reported_and_no_file_is_made(make_server):
    first = make_server()
    second = make_server(start=False)
    refuses(second, 1, says=[str(first.port)], PORT=first.port)
    assert not second.data.exists() or not list(second.data.iterdir())


@pytest.mark.without_tsan
@pytest.mark.sqlite
def test_a_directory_that_cannot_be_made_is_reported(make_server):
    server = make_server(start=False)
    server.environment["DATA_DIR"] = "/proc/self/attr/doubletour"  # even root cannot create a folder there
    refuses(server, 1, 78, says=["/proc/self/attr/doubletour"])


NOBODY = 65534


FILE = pytest.mark.sqlite


@pytest.mark.without_tsan
@pytest.mark.parametrize("locked", [pytest.param("directory", marks=FILE), pytest.param("database", marks=FILE), "key"])
def test_unreadable_and_unwritable_files_are_reported(stopped, locked):
    with tempfile.TemporaryDirectory() as home:
        user = None
        if os.geteuid() == 0:  # root passes every permission check, so use another user
            stopped.move_to(home, NOBODY)
            user = NOBODY
        path = {"directory": stopped.data, "database": stopped.database(), "key": stopped.key_file()}[locked]
        path.chmod(0o500 if locked == "directory" else 0o000)
        refuses(stopped, 1, 78, says=[str(stopped.data)], user=user)
        path.chmod(0o700)


@pytest.mark.without_tsan
def test_a_data_directory_that_is_a_file_is_reported(make_server):
    server = make_server(start=False)
    server.environment["DATA_DIR"] = str(server.home / "file")
    (server.home / "file").write_text("not a directory")
    refuses(server, 1, 78, says=[str(server.home / "file")])


@pytest.mark.without_tsan
@pytest.mark.sqlite
@pytest.mark.parametrize("broken", ["noise", "torn header", "torn in the middle", "another kind of file"])
def test_a_broken_database_is_reported_and_unchanged(stopped, broken):
    content = stopped.database().read_bytes()
    # SQLite's files beside a database belong to that database alone
    for beside in stopped.data.glob("doubletour.sqlite-*"):
        beside.unlink()
    stopped.database().write_bytes({
        "noise": secrets.token_bytes(len(content)),
        "torn header": secrets.token_bytes(50) + content[50:],
        "torn in the middle": content[:4096] + secrets.token_bytes(len(content) - 4096),
        "another kind of file": b"#!/bin/sh\nexit 0\n" * 300,
    }[broken])
    refuses(stopped, 1, 78, says=["doubletour.sqlite"])


@pytest.mark.without_tsan
def test_a_missing_key_is_reported_and_not_replaced(stopped):
    stopped.key_file().unlink()
    refuses(stopped, 1, 78)


@pytest.mark.without_tsan
def test_a_key_of_another_database_is_reported(stopped):
    key = stopped.key_file()
    key.write_bytes(bytes(b ^ 1 if chr(b).isalnum() else b for b in key.read_bytes()))
    refuses(stopped, 1, 78)


@pytest.mark.without_tsan
def test_a_secret_key_of_another_database_is_reported(make_server):
    server = make_server(SECRET_KEY="a" + secrets.token_hex(32))
    Person(server).full()
    assert server.stop() == 0
    refuses(server, 1, 78, SECRET_KEY="b" + secrets.token_hex(32))
    server.start()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(stopped, mode):
    stopped.key_file().chmod(mode)
    refuses(stopped, 78, says=["chmod"])
    stopped.key_file().chmod(0o600)
    stopped.start()
    assert stopped.person.visit("/").status == 200


@pytest.mark.parametrize("key", ["hunter2", "x" * 31, "fdkjshfhjsdfdskfdsfdcbsjdkfdsdf", "a" * 64, "change-me-change-me-change-me-change-me"])
def test_a_short_or_published_key_is_refused(make_server, key):
    server = make_server(start=False, SECRET_KEY=key)
    sentence = refuses(server, 78)
    assert key not in sentence, "no message shows a key"


def test_a_database_newer_than_the_program_is_refused(stopped):
    stopped.sql("INSERT INTO schema_migrations SELECT version + 1000, name, checksum, applied_at_us FROM schema_migrations "
                "ORDER BY version DESC LIMIT 1")
    refuses(stopped, 1, 78)


def test_production_does_not_make_its_database_but_names_the_command(make_server):
    server = make_server(start=False, profile="production", PUBLIC_URL="https://login.example.org")
    refuses(server, 1, 78, says=["doubletour db "])


@pytest.mark.parametrize("setting", [{"PORT": "0x50"}, {"PORT": "70000"}, {"APP_SETTINGS": "prodution"}, {"SESSION_IDLE": "soon"}, {"TRUSTED_PROXIES": "10.0.0.0/99"}])
def test_a_malformed_setting_is_refused_with_its_name(make_server, setting):
    server = make_server(start=False)
    refuses(server, 78, says=list(setting), **setting)


def test_a_refused_start_succeeds_once_the_cause_is_gone(stopped):
    key = stopped.key_file()
    hidden = stopped.home / "hidden"
    shutil.move(key, hidden)
    refuses(stopped, 1, 78)
    shutil.move(hidden, key)
    stopped.start()
    assert stopped.person.visit("/").status == 200


# Many at once


def sign_ins(server, person, count, **fields):
    """Return the bytes of `count` refused sign-ins from one browser, each with another unknown name."""
    token = person.visit("/login").token
    fields = {"csrf_token": token, "password": "not this one", **fields}
    return [form_bytes(server, "/login", {"username": f"nobody-{i}", **fields}, person.cookies) for i in range(count)]


def test_one_code_in_32_parallel_requests_opens_one_session(make_server):
    server = make_server()
    person = Person(server)
    person.full()
    for _ in range(3):
        person.forget().give_password()
        token = person.arrive("/verify-2fa").token
        request = form_bytes(server, "/verify-2fa", {"csrf_token": token, "otp": person.fresh_code()}, person.cookies)
        answers = together(server, [request] * 32)
        assert [a.location for a in answers].count("/") == 1, answers
        assert all(a.status in (303, 422, 429, 503) for a in answers), answers


def test_one_code_in_32_sessions_opens_one_session(make_server):
    server = make_server()
    person = Person(server).full()
    browsers = [Person(server, person.name, person.password) for _ in range(32)]
    for browser in browsers:
        browser.give_password()
        browser.arrive("/verify-2fa")
    code = person.fresh_code()
    requests = [form_bytes(server, "/verify-2fa", {"csrf_token": b.page.token, "otp": code}, b.cookies) for b in browsers]
    answers = together(server, requests)
    assert [a.location for a in answers].count("/") == 1, answers
    assert all(a.status in (303, 422, 429, 503) for a in answers), answers


def test_expired_rows_are_purged_during_sign_ins(make_server):
    server = make_server()
    alice = Person(server).full()
    long_ago = int((server.clock.now() - 90 * 86400) * 1e6)
    for first in range(0, 20_000, 500):
        rows = [(n + 1, secrets.token_bytes(32)) for n in range(first, first + 500)]
        values = ", ".join(["(?, ?, (SELECT min(id) FROM accounts), ?, ?, ?, '', '')"] * len(rows))
        server.sql("INSERT INTO sessions (id, token_hash, account_id, created_at_us, seen_at_us, password_at_us, address, agent) VALUES " + values,
                   *[value for n, token in rows for value in (n, token, long_ago, long_ago, long_ago)])
    server.restart()
    while server.sql("SELECT count(*) FROM sessions WHERE seen_at_us = ?", long_ago) != [(0,)]:
        server.delete_attempts()
        alice.forget().sign_in()
        assert alice.page.location == "/", alice.page
    assert alice.visit("/").status == 200
    # The server measures this: on a busy machine the client waits longer.
    slowest_us = max(int(us) for us in re.findall(r" method=POST .* us=(\d+) ", server.log()))
    assert slowest_us < 2_000_000, "no request waits for the purge; a batch takes some milliseconds"


def test_one_enrolment_code_in_32_parallel_requests_enrols_once(make_server):
    server = make_server()
    person = Person(server).enrolling()
    person.read_secret()
    token = person.arrive("/verify-2fa").token
    answers = together(server, [form_bytes(server, "/verify-2fa", {"csrf_token": token, "otp": person.fresh_code()}, person.cookies)] * 32)
    assert [a.location for a in answers].count("/account/recovery-codes") == 1, answers
    assert person.forget().sign_in().location == "/"


def test_one_name_registered_32_times_at_once_makes_one_account(make_server):
    server = make_server()
    browsers = [Person(server, name="everyone.wants.it") for _ in range(32)]
    requests = []
    for number, b in enumerate(browsers):
        name = b.name if number % 2 else b.name.upper()
        fields = {"csrf_token": b.visit("/register").token, "username": name, "password": b.password, "confirm": b.password}
        requests.append(form_bytes(server, "/register", fields, b.cookies))
    answers = together(server, requests)
    won = [b for b, a in zip(browsers, answers) if a.status == 303]
    assert len(won) == 1, answers
    assert all(a.status in (303, 422, 503) for a in answers), answers
    assert won[0].forget().give_password().status == 303
    lost = next(b for b in browsers if b is not won[0])
    assert lost.forget().give_password().status == 422


def test_replies_never_reach_another_client(make_server):
    server = make_server()
    people = [Person(server).full() for _ in range(8)]
    strange = []

    def look(person):
        for _ in range(40):
            page = person.visit("/")
            if page.status != 200 or person.name not in page.text or any(p.name in page.text for p in people if p is not person):
                strange.append(page)

    threads = [threading.Thread(target=look, args=[p]) for p in people]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert strange == []


def test_a_sign_in_storm_does_not_slow_signed_in_users(make_server):
    server = make_server(PASSWORD_SCHEME="bcrypt", BCRYPT_LOG_ROUNDS="9", HASH_THREADS="1")
    person = Person(server).full()
    storm = Together(server, sign_ins(server, Person(server), 400)).send()
    storm.wait(1)
    seconds = []
    for _ in range(15):
        began = time.monotonic()
        assert person.visit("/").status == 200
        seconds.append(time.monotonic() - began)
    answers = storm.wait()
    refused = [a for a in answers if a.status == 503]
    served = [a for a in answers if a.status == 422]
    assert len(refused) + len(served) == 400, {a.status for a in answers}
    assert refused, "the queue of slow requests is bounded"
    assert all(int(a.headers["retry-after"]) > 0 for a in refused)
    assert len(served) >= 10
    waited = statistics.median(a.seconds for a in served)
    assert statistics.median(seconds) < waited / 4, f"{statistics.median(seconds)} s against {waited} s in the slow lane"
    assert raw(server, f"GET /login HTTP/1.1\r\nHost: localhost:{server.port}\r\nConnection: close\r\n\r\n".encode())[0] == 200


def test_the_overload_page_has_the_usual_layout(make_server):
    server = make_server(PASSWORD_SCHEME="bcrypt", BCRYPT_LOG_ROUNDS="9", HASH_THREADS="1")
    answers = together(server, sign_ins(server, Person(server), 400))
    body = next(a for a in answers if a.status == 503).body.decode()
    assert 'class="mark"' in body and "<footer" in body and re.search(r"\b[0-9a-f]{16}\b", body)
