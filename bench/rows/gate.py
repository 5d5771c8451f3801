"""The gate's answer about a signed-in user to nginx's auth_request, compared with nginx's own `return 200` and with
Glewlwyd's look-up of a session.

The cookies belong to a thousand users in turn.  The keeper is asked about each user every two seconds,
as in normal use.
"""

from bench.testbed import get
from bench.measure import Comparison, rates
from bench.fixtures import GlewlwydPerson, checks, fill

ACCOUNTS = 1_000
FEW = 10  # so few that hardly any check waits for the keeper; the difference in p99 is the keeper's share


def glewlwyd(testbed):
    port = testbed.glewlwyd()
    admin = GlewlwydPerson(port, "admin", "password")
    assert '"admin"' in admin.send("GET", "profile_list").text
    return testbed.rate(port, get("/api/profile_list", cookie=admin.cookie))


def comparisons(testbed):
    server = testbed.server()
    fill(server, ACCOUNTS)
    asked = checks(range(1, ACCOUNTS + 1))
    ours, nginx = testbed.rate(server.port, *asked), testbed.nginx("return 200;")

    yield rates("check at the gate", "nginx, return 200", ours, testbed.rate(nginx, *asked), 0.85, rounds=15)
    yield Comparison("check at the gate: p99", "nginx, return 200", testbed.p99_ms(server.port, *asked), testbed.p99_ms(nginx, *asked), "ms", 1.5, rounds=9)
    few = checks(range(1, FEW + 1))
    yield Comparison(f"check at the gate, {FEW} users: p99", "nginx, return 200", testbed.p99_ms(server.port, *few), testbed.p99_ms(nginx, *few), "ms", 1.5, rounds=9)
    yield rates("check at the gate", "Glewlwyd", ours, glewlwyd(testbed), 10)
