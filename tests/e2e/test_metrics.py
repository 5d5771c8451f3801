"""/metrics: its formats, its numbers, the limits of its port; the expressions of the dashboard and the alerts."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess

import pytest
import requests
import yaml

from harness import Person
from harness.metrics import OPENMETRICS, PARSERS, TEXT, defined, samples, scrape, total, unknown_names, value
from harness.relying_party import RelyingParty, good, refused
from harness.server import ROOT, free_port, wait_until
from harness.visitor import LOGIN, Visitor, ask

SETTINGS = {"PUBLIC_URL": f"https://{LOGIN}", "TRUSTED_PROXIES": "127.0.0.1", "GATE_DOMAINS": "example.org", "METRICS": f"127.0.0.1:{free_port()}"}
WIKI = "https://wiki.example.org/page"
ODD_METHODS = ("BREW", "PROPFIND", "get", "x" * 30, "OPTIONS", "DELETE")
ODD_PATHS = ("/", "/login", "/nothing", "/static/nothing", "/api/authz/ext-authz/anna@example.org", "/language/xx", "/%2e%2e/login", "/login/",
             "/api/verify", "/metrics", "/" + "a" * 2000)


def at(server, path="/metrics", method="GET", **headers):
    return requests.request(method, f"http://{server.environment['METRICS']}{path}", headers=headers, timeout=30)


def becomes(server, condition):
    """Return the samples as soon as they satisfy the condition: the keeper pushes once a second."""
    return wait_until(lambda: condition(numbers := samples(server)) and numbers, "the numbers follow")


# --- the answer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", PARSERS)
def test_both_formats_are_valid_and_complete(server, accept):
    wait_until(lambda: ("doubletour_sessions", (("state", "full"),)) in samples(server), "the keeper has pushed its first count")
    numbers = samples(server, accept)
    names = {name for name, _ in numbers}
    assert names - {"doubletour_http_requests_total"} == set(defined()) - {"doubletour_http_requests_total"} - postgres_lacks(server)
    for name, labels in numbers:
        assert {label for label, _ in labels} == defined()[name], name


def postgres_lacks(server):
    return {"doubletour_backup_last_timestamp_seconds"} if server.environment.get("DATABASE_URL", "").startswith("postgres") else set()


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is in the package prometheus: tools/deps check")
def test_promtool_accepts_the_metrics(server):
    Visitor(server).full()
    done = subprocess.run(["promtool", "check", "metrics"], input=scrape(server), capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_port_serves_only_metrics(server):
    assert at(server, "/").status_code == at(server, "/healthz").status_code == at(server, "/metrics/").status_code == 404
    assert at(server, method="POST").status_code == 405 and at(server, method="DELETE").headers["Allow"] == "GET, HEAD"
    head = at(server, method="HEAD")
    assert head.status_code == 200 and int(head.headers["Content-Length"]) > 5000 and not head.content
    assert at(server).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("headers", [{"Host": "evil.example.org"}, {"Host": "127.0.0.1.example.org:9980"}, {"Sec-Fetch-Site": "same-origin"},
                                     {"Sec-Fetch-Site": "cross-site"}])
def test_a_page_of_another_site_cannot_read_metrics(server, headers):
    assert at(server, **headers).status_code == 403
    assert at(server, Host="localhost:1").status_code == at(server, **{"Sec-Fetch-Site": "none"}).status_code == 200


def test_the_address_of_the_pages_has_no_metrics(server):
    assert Visitor(server).visit("/metrics").status == 404


def test_without_the_setting_there_is_no_second_port(make_server):
    server = make_server()
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {f"socket:[{row[9]}]": int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A"}
    own = {os.readlink(entry) for entry in pathlib.Path(f"/proc/{server.web_pid()}/fd").iterdir()}
    assert [listening[socket] for socket in own & set(listening)] == [server.port]


def test_an_address_in_use_stops_the_start(make_server):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = make_server(start=False, METRICS=f"127.0.0.1:{port}")
        server.spawn()
        assert server.wait() == 1
    assert f"Port {port} on 127.0.0.1 is in use by another program.  Stop it, or choose another port with METRICS." in server.log()


# --- counted events ---------------------------------------------------------------------------------------------------
#
# A request is counted when its reply has been sent, so that a client may read the numbers a little earlier.


def test_decisions_of_the_gate_are_counted_once(server):
    def decisions():
        numbers = samples(server)
        return [value(numbers, "doubletour_gate_decisions_total", decision=name) for name in ("passed", "sign_in", "malformed")]

    person = Visitor(server).full()
    assert person.follow_to(f"https://{LOGIN}/gate?rd={WIKI}") == WIKI, person.page.html
    before = decisions()
    for _ in range(3):
        assert ask(server, WIKI, cookie=person.cookie_for(WIKI)).status_code == 200
    assert ask(server, WIKI).status_code == 401
    assert ask(server, "nonsense").status_code == 400
    wait_until(lambda: sum(decisions()) - sum(before) >= 5, "five decisions are counted")
    assert [after - earlier for after, earlier in zip(decisions(), before)] == [3, 1, 1]


def test_requests_are_counted_by_route_and_time(server):
    before = samples(server)
    for _ in range(3):
        Visitor(server).visit("/login")
    labels = {"route": "/login", "code": "200"}
    earlier = value(before, "doubletour_http_requests_total", **labels)
    after = becomes(server, lambda numbers: value(numbers, "doubletour_http_requests_total", **labels) - earlier >= 3)
    assert value(after, "doubletour_http_requests_total", **labels) - earlier == 3
    assert total(after, "doubletour_http_requests_total") == total(after, "doubletour_http_request_seconds_count")
    for pool in ("inline", "quick", "slow"):
        assert value(after, "doubletour_http_request_seconds_bucket", pool=pool, le="+Inf") == value(after, "doubletour_http_request_seconds_count", pool=pool)


def test_odd_requests_make_no_new_labels(server):
    """A label holds a row of the route table or `none`, whatever the method and the path are."""
    for path in ODD_PATHS:
        for method in ODD_METHODS:
            with contextlib.suppress(requests.ConnectionError):
                requests.request(method, server.origin + path, headers={"X-Forwarded-For": "192.0.2.9"}, timeout=30, allow_redirects=False)
    with socket.create_connection(("127.0.0.1", server.port)) as broken:
        broken.sendall(b"GET /secret HTTP/9.9\r\n\r\n")
        broken.recv(1000)
    routes = {row["path"].partition("?")[0] for row in json.loads(server.command("routes", "--json").stdout)} | {"none"}
    seen = {dict(labels)["route"] for name, labels in samples(server) if name == "doubletour_http_requests_total"}
    assert seen <= routes and "none" in seen and "/api/authz/ext-authz/" in seen


def test_no_answer_names_a_person_or_an_address(server):
    person = Visitor(server).full()
    assert person.follow_to(f"https://{LOGIN}/gate?rd={WIKI}") == WIKI, person.page.html
    ask(server, WIKI, cookie=person.cookie_for(WIKI))
    person.forget().give_password(password="not the password 2")
    text = scrape(server) + scrape(server, OPENMETRICS)
    assert not [secret for secret in (person.name, person.address, "example.org", "127.0.0.1") if secret in text]


def test_descriptors_of_the_keeper_are_counted(server):
    folder = f"/proc/{server.keeper_pid()}/fd"
    becomes(server, lambda numbers: value(numbers, "process_open_fds", process="keeper") == len(os.listdir(folder)))


def test_sessions_are_counted_by_state(make_server):
    server = make_server(METRICS=f"127.0.0.1:{free_port()}")
    Person(server).full().forget().sign_in()
    Person(server).full().forget().give_password()
    Person(server).enrolling()
    server.restart()  # the keeper counts at its start, then once a minute
    wanted = {"full": 3, "pending": 1, "enrolling": 1}
    becomes(server, lambda numbers: {state: value(numbers, "doubletour_sessions", state=state) for state in wanted} == wanted)


@pytest.mark.sqlite
def test_a_complete_backup_sets_its_timestamp(make_server, tmp_path):
    server = make_server(METRICS=f"127.0.0.1:{free_port()}")
    name = "doubletour_backup_last_timestamp_seconds"
    becomes(server, lambda numbers: (name, ()) in numbers and value(numbers, name) == 0)
    assert server.command("backup", str(tmp_path / "missing/folder.sqlite")).returncode == 1
    earliest = server.clock.now()
    assert server.command("backup", str(tmp_path / "backup.sqlite")).returncode == 0
    server.restart()
    becomes(server, lambda numbers: earliest <= value(numbers, name) <= server.clock.now())
    assert server.sql("SELECT event FROM audit WHERE event LIKE 'admin.back%' ORDER BY id") == [("admin.backup",), ("admin.backed-up",)]


def sign_ins(numbers):
    return {(dict(labels)["step"], dict(labels)["outcome"]): n for (name, labels), n in numbers.items() if name == "doubletour_sign_ins_total" and n > 0}


def test_sign_ins_are_counted_across_web_processes(make_server):
    server = make_server(METRICS=f"127.0.0.1:{free_port()}")
    person = Person(server).full()
    person.forget().give_password(password="not the password 1")
    person.forget().give_password()
    person.verify("000000")
    person.verify("not a code")
    person.forget().sign_in()
    wanted = {("code", "passed"): 2, ("password", "refused"): 1, ("password", "passed"): 2, ("code", "refused"): 1, ("code", "malformed"): 1}
    becomes(server, lambda numbers: sign_ins(numbers) == wanted)
    os.kill(server.web_pid(), 9)
    becomes(server, lambda numbers: value(numbers, "doubletour_web_restarts_total") == 1)
    assert sign_ins(samples(server)) == wanted and value(samples(server), "doubletour_database_up") == 1


APPLICATIONS = {"doubletour_oidc_authorizations_total", "doubletour_oidc_token_answers_total", "doubletour_oidc_clients_refused_total"}


def of_applications(numbers):
    return {tuple(value for _, value in sorted(labels)): n for (name, labels), n in numbers.items() if name in APPLICATIONS and n > 0}


def test_applications_are_counted(make_server):
    server = make_server(METRICS=f"127.0.0.1:{free_port()}")
    app, person = RelyingParty.add(server, "wiki"), Person(server).full()
    code, request = app.code(person)
    good(app.redeem(code, request))
    refused(app.redeem(code, request), "invalid_grant")
    refused(app.ask("token", {"grant_type": "password", **app.proof()}), "unsupported_grant_type")
    refused(app.ask("token", {"grant_type": "password", "client_id": "text-of-a-stranger"}), "invalid_client", 401)
    assert person.visit("/api/oidc/authorization?client_id=text-of-a-stranger").status == 400
    wanted = {("granted",): 1, ("invalid",): 1, ("authorization_code", "issued"): 1, ("authorization_code", "reused"): 1, ("other", "refused"): 1,
              ("unknown",): 1}
    becomes(server, lambda numbers: of_applications(numbers) == wanted)
    text = scrape(server) + scrape(server, OPENMETRICS)
    assert not [word for word in ("stranger", "wiki", person.name) if word in text]


@pytest.mark.sqlite
def test_metrics_show_that_the_database_is_unavailable(make_server):
    server = make_server(METRICS=f"127.0.0.1:{free_port()}")
    file = server.database()
    becomes(server, lambda numbers: value(numbers, "doubletour_database_up") == 1)
    file.rename(file.with_suffix(".away"))
    becomes(server, lambda numbers: value(numbers, "doubletour_database_up") == 0)
    file.with_suffix(".away").rename(file)
    becomes(server, lambda numbers: value(numbers, "doubletour_database_up") == 1)


# --- limits -----------------------------------------------------------------------------------------------------------


def test_scrapers_cannot_use_up_other_connections(server):
    """Far more connections than the port allows, each with half a request: pages and another scraper are served."""
    host, port = server.environment["METRICS"].split(":")
    with contextlib.ExitStack() as held:
        for _ in range(200):
            one = held.enter_context(socket.create_connection((host, int(port))))
            with contextlib.suppress(OSError):
                one.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n")
        assert Visitor(server).visit("/login").status == 200
        assert scrape(server)


def test_a_scraper_that_reads_nothing_harms_no_other(server):
    host, port = server.environment["METRICS"].split(":")
    with contextlib.ExitStack() as held:
        for _ in range(12):
            slow = held.enter_context(socket.socket())
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            slow.connect((host, int(port)))
            with contextlib.suppress(OSError):
                slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 300)
        assert scrape(server)
        assert Visitor(server).visit("/login").status == 200


# --- dashboard and alerts ---------------------------------------------------------------------------------------------

DASHBOARD = json.loads((ROOT / "packaging/grafana/doubletour.json").read_text())
RULES = ROOT / "packaging/prometheus/doubletour.rules.yml"


def expressions():
    shown = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return shown + [rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("expression", expressions())
def test_expressions_name_only_defined_metrics_and_labels(expression):
    assert unknown_names(expression, defined()) == []


@pytest.mark.parametrize("expression, wrong", [
    ("sum(rate(doubletour_http_request_total[5m]))", ["doubletour_http_request_total"]),
    ("sum by (user) (doubletour_sessions)", ["user"]),
    ('doubletour_sessions{step="full"}', ["step"]),
    ("rates(doubletour_database_retries_total[5m])", ["rates"]),
])
def test_a_wrong_name_in_an_expression_is_found(expression, wrong):
    assert unknown_names(expression, defined()) == wrong


def test_the_dashboard_shows_every_metric():
    shown = " ".join(expressions())
    left_out = {"process_virtual_memory_bytes", "process_start_time_seconds", "doubletour_http_request_seconds_sum", "doubletour_http_request_seconds_count"}
    assert [name for name in defined() if name not in shown] == sorted(left_out, key=list(defined()).index)


def test_panels_of_the_dashboard_do_not_overlap():
    cells = [(x, y) for panel in DASHBOARD["panels"] for at in [panel["gridPos"]] for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is in the package prometheus: tools/deps check")
def test_promtool_accepts_each_rule_and_expression(tmp_path):
    shown = [target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*") for panel in DASHBOARD["panels"] for target in panel["targets"]]
    file = tmp_path / "dashboard.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": [{"record": f"shown:{n}", "expr": expr} for n, expr in enumerate(shown)]}]}))
    done = subprocess.run(["promtool", "check", "rules", str(file), str(RULES)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is in the package prometheus: tools/deps check")
def test_alerts_fire_when_they_should():
    done = subprocess.run(["promtool", "test", "rules", str(ROOT / "tests/e2e/alerts.yml")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_explained():
    guide = (ROOT / "docs/guides/monitoring.md").read_text()
    alerts = [rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert [alert for alert in alerts if f"| `{alert}` |" not in guide] == []
