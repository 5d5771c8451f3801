"""Tools of the tests over real sockets: the real program, and a person who uses it.

    with Server(directory) as server:
        alice = Person(server)
        alice.register()
        alice.confirm()
        assert alice.visit("/").status == 200

This package does not read the source of the program.  It uses only pages, commands, and the test hooks that
docs/develop/testing.md explains.
"""

from harness.codes import code_at, step_at
from harness.page import Page
from harness.person import Person
from harness.raw import raw
from harness.server import PROGRAM, Server

__all__ = ["PROGRAM", "Page", "Person", "Server", "code_at", "raw", "step_at"]
