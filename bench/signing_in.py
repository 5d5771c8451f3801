"""Users with a password and their sign-in requests, for a server that hashes at its full cost."""

import urllib.parse

import requests

from bench.testbed import post
from harness.codes import code_of_step, step_at
from harness.page import Page
from harness.visitor import LOGIN, Visitor

FULL_COST = {"APP_SETTINGS": "development"}


def register(server, n):
    """Register and enrol n users.  They enrol with the code of the previous step, so the current one stays unused."""
    people = [Visitor(server) for _ in range(n)]
    for person in people:
        person.enrolling().read_secret()
        person.verify(code_of_step(person.secret, step_at(server.clock.now()) - 1))
        assert person.page.status == 303, person.page.html
        person.forget()
    return people


def posts(server, people):
    """Return a filled sign-in form for each user, from a browser without a session."""
    answer = requests.get(server.origin + "/login", headers={"Host": LOGIN}, timeout=60)
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    fields = {"csrf_token": Page(answer).token}
    return tuple(post("/login", urllib.parse.urlencode({**fields, "username": one.name, "password": one.password}), cookie=cookie) for one in people)
