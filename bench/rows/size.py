"""The size of the program, and of the first visit to the login page."""

import re
import shutil
import subprocess

import requests

from bench.measure import Limit
from harness.visitor import LOGIN


def stripped_mib(testbed):
    copy = shutil.copy(testbed.build / "doubletour", testbed.home / "stripped")
    subprocess.run(["strip", copy], check=True)
    return testbed.home.joinpath("stripped").stat().st_size / 2**20


def wire_bytes(server, path):
    """Return the bytes of a reply on the wire, head and body, for a browser that accepts gzip."""
    with requests.get(server.origin + path, headers={"Host": LOGIN, "Accept-Encoding": "gzip"}, stream=True, timeout=60) as answer:
        assert answer.status_code == 200, path
        head = sum(len(name) + len(value) + len(": \r\n") for name, value in answer.raw.headers.items()) + len("HTTP/1.1 200 OK\r\n\r\n")
        return head + len(answer.raw.read(decode_content=False))


def first_visit_kib(server):
    page = requests.get(server.origin + "/login", headers={"Host": LOGIN}, timeout=60).text
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert len(files) >= 4
    return sum(wire_bytes(server, path) for path in ("/login", *files)) / 1024


def comparisons(testbed):
    server = testbed.server()
    yield Limit("program, stripped", lambda: stripped_mib(testbed), "MiB", 1.5)
    yield Limit("first visit, gzip", lambda: first_visit_kib(server), "KiB", 40)
