"""The parts in which pytest-xdist gives the tests to its workers.  The longest parts run first.

A part is a file, because most tests of a file share one server.  Where each test starts its own servers, a part is one
test (ONE_BY_ONE).  Where the servers are behind a proxy, a part is the tests of one proxy (PROXIES).
"""

import pathlib

from xdist.scheduler import LoadScopeScheduling

ONE_BY_ONE = ("e2e/test_crashes.py", "e2e/test_faults.py", "e2e/test_health.py")
PROXIES = ("nginx", "caddy", "haproxy")
PROXIED = ("e2e/test_guides.py", "e2e/test_proxied_paths.py", "e2e/test_proxied_requests.py", "e2e/test_proxies.py", "e2e/test_proxy_traffic.py")

# Files of which a part takes longer than 10 s in `make test`, the longest first (docs/develop/testing.md).  The others
# follow, ordered by their number of tests.
LONGEST = (
    "e2e/test_nodes.py", "e2e/test_processes.py", "browser/test_story_in_a_browser.py", "e2e/test_proxies.py", "e2e/test_upgrade.py",
    "browser/test_authenticators_in_a_browser.py", "browser/test_more_passkeys_in_a_browser.py", "e2e/test_gate.py", "e2e/test_import.py",
    "e2e/test_http_limits.py", "e2e/test_sameness.py", "browser/test_passkeys_in_a_browser.py", "browser/test_account_in_a_browser.py",
    "browser/test_clients_in_a_browser.py", "e2e/test_metrics.py", "e2e/test_passkeys.py", "e2e/test_tolerate.py", "e2e/test_user_command.py",
    "e2e/test_throttle.py", "e2e/test_schema.py", "e2e/test_crashes.py", "e2e/test_proxy_traffic.py", "e2e/test_client_pages.py",
    "e2e/test_upkeep.py", "e2e/test_health.py", "e2e/test_walkthroughs.py", "e2e/test_front.py", "e2e/test_model.py", "e2e/test_log.py",
    "e2e/test_protect.py", "browser/test_lockouts_in_a_browser.py", "browser/test_gate_in_a_browser.py",
)


def missing_files():
    """Return the names in these lists that are not test files."""
    return [name for name in {*ONE_BY_ONE, *PROXIED, *LONGEST} if not (pathlib.Path(__file__).parent / name).exists()]


def part_of(nodeid):
    file, _, test = nodeid.partition("::")
    if file in ONE_BY_ONE:
        return nodeid
    if file in PROXIED:
        return f"{file}::{next((name for name in PROXIES if name in test.lower()), '')}"
    return file


def rank(part, tests):
    """The part with the lowest goes first."""
    file = part.partition("::")[0]
    return (LONGEST.index(file), 0) if file in LONGEST else (len(LONGEST), -len(tests))


class LongestFirst(LoadScopeScheduling):
    def _split_scope(self, nodeid):
        return part_of(nodeid)

    def _assign_work_unit(self, node):
        first = min(self.workqueue, key=lambda part: rank(part, self.workqueue[part]))
        self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)
