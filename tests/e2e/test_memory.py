"""The memory of a burst of work is freed after every burst, not only after the first."""

import pathlib
import re

import pytest

from harness import Person
from harness.server import SANITIZED, wait_until
from harness.together import form_bytes, together

# Passwords cost as much as in production: each worker hashes in 19 MiB.
SETTINGS = {"profile": "development", "HASH_THREADS": 2, "REGISTRATION": "open"}
HASH_KIB = 19456
BURSTS, AT_ONCE = 3, 12

pytestmark = [pytest.mark.skipif(SANITIZED, reason="a sanitizer keeps what was freed"), pytest.mark.without_postgres, pytest.mark.without_asan]


def kib(pid, file, field):
    return int(re.search(rf"^{field}:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/{file}").read_text(), re.M)[1])


def held(pid):
    """Return the pages that only this process holds and has written."""
    return kib(pid, "smaps_rollup", "Private_Dirty")


def peak(pid):
    return kib(pid, "status", "VmHWM")


def forget_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def sign_ins(server, number):
    person = Person(server)
    fields = {"csrf_token": person.visit("/login").token, "password": "not this one"}
    return [form_bytes(server, "/login", {"username": f"nobody-{number}-{n}", **fields}, person.cookies) for n in range(AT_ONCE)], 422


def registrations(server, number):
    person = Person(server)
    fields = {"csrf_token": person.visit("/register").token, "password": person.password, "confirm": person.password}
    return [form_bytes(server, "/register", {"username": f"new-{number}-{n}", **fields}, person.cookies) for n in range(AT_ONCE)], 303


@pytest.mark.one_row
@pytest.mark.parametrize("burst", [sign_ins, registrations])
def test_memory_is_released_after_every_burst_of_hashing(server, burst):
    keeper = server.keeper_pid()
    server.delete_attempts()
    for number in range(BURSTS):
        before = wait_until(lambda: (kib_now := held(keeper)) < HASH_KIB and kib_now, f"memory is released before burst {number}")
        forget_peak(keeper)
        requests, status = burst(server, number)
        assert status in [a.status for a in together(server, requests)]
        assert peak(keeper) > before + HASH_KIB, "the burst has hashed passwords"
    wait_until(lambda: held(keeper) < HASH_KIB, "memory is released after the last burst")


def test_memory_is_released_after_every_burst_of_pages(server):
    """QR codes and lists, for a signed-in user and a user who enrols."""
    full, enrolling = Person(server).full(), Person(server).enrolling()
    pages = [(full, "/account/devices"), (full, "/account/security"), (enrolling, "/setup-2fa")]
    after = []
    for _ in range(BURSTS):
        for person, path in pages:
            for _ in range(12):
                assert person.visit(path).status == 200
        wait_until(lambda: held(server.keeper_pid()) < HASH_KIB, "the memory of the hash is released")
        after.append(held(server.keeper_pid()) + held(server.web_pid()))
    assert after[-1] < 1.5 * after[0], after
