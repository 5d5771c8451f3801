"""The gate's answer about somebody who is signed in, as nginx's auth_request asks: beside nginx's own `return 200`, and beside Glewlwyd's
look-up of a session.

The cookies are of a thousand people in turn: the keeper is asked about each of them every two seconds, as it is about people who use an
application.
"""

import requests

from bench.bed import get
from bench.measure import Comparison, rates
from bench.people import checks, fill

PEOPLE = 1_000


def glewlwyd(bed):
    port = bed.glewlwyd()
    answer = requests.post(f"http://127.0.0.1:{port}/api/auth/", json={"username": "admin", "password": "password"}, timeout=60)
    session = answer.headers["Set-Cookie"].partition(";")[0]
    assert '"admin"' in requests.get(f"http://127.0.0.1:{port}/api/profile_list", headers={"Cookie": session}, timeout=60).text
    return bed.rate(port, get("/api/profile_list", cookie=session))


def comparisons(bed):
    server = bed.server()
    fill(server, PEOPLE)
    asked = checks(range(1, PEOPLE + 1))
    ours, nginx = bed.rate(server.port, *asked), bed.nginx("return 200;")

    yield rates("check at the gate", "nginx, return 200", ours, bed.rate(nginx, *asked), 0.85, rounds=15)
    yield Comparison("check at the gate: p99", "nginx, return 200", bed.p99_ms(server.port, *asked), bed.p99_ms(nginx, *asked), "ms", 1.5, rounds=9)
    yield rates("check at the gate", "Glewlwyd", ours, glewlwyd(bed), 10)
