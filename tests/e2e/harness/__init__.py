"""What the tests over real sockets stand on: the program started for real, and a person who uses it.

    with Server(directory) as server:
        alice = Person(server)
        alice.register()
        alice.confirm()
        assert alice.visit("/").status == 200

Nothing here knows the program's source: only its pages, its commands and what docs/develop/testing.md says of a test build.
"""

from harness.codes import code_at, step_at
from harness.page import Page
from harness.person import Person
from harness.raw import raw
from harness.server import PROGRAM, Server

__all__ = ["PROGRAM", "Page", "Person", "Server", "code_at", "raw", "step_at"]
