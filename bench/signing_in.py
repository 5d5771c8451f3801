"""People with a password, and the requests with which they sign in; for a server that hashes at its full cost."""

import urllib.parse

import requests

from bench.testbed import post
from harness.codes import code_of_step, step_at
from harness.page import Page
from harness.visitor import LOGIN, Visitor

FULL_COST = {"APP_SETTINGS": "development"}


def register(server, n):
    """So many people who have signed up, and enrolled with the code of the step before this one, so that this one's is still good."""
    people = [Visitor(server) for _ in range(n)]
    for person in people:
        person.enrolling().read_secret()
        person.verify(code_of_step(person.secret, step_at(server.clock.now()) - 1))
        assert person.page.status == 303, person.page.html
        person.forget()
    return people


def posts(server, people):
    """Their sign-in forms, filled, in a stranger's browser."""
    answer = requests.get(server.origin + "/login", headers={"Host": LOGIN}, timeout=60)
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    fields = {"csrf_token": Page(answer).token}
    return tuple(post("/login", urllib.parse.urlencode({**fields, "username": one.name, "password": one.password}), cookie=cookie) for one in people)
