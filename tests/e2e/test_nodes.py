"""Several nodes on one PostgreSQL: a change on one node applies to all; database failures damage no account."""

import concurrent.futures
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time

import pytest

from harness import Person, Server
from harness.certificates import Authority
from harness.passkey_rows import with_a_passkey
from harness.passkeys import LOGIN, KeyHolder
from harness.postgres import BIN, Postgres
from harness.relying_party import RelyingParty
from harness.rows import postgres_rows
from harness.server import ROOT, TIMEOUT, free_port, wait_until
from harness.together import form_bytes, together
from harness.torture import evidence
from harness.walkthrough import page_blocks

pytestmark = pytest.mark.without_postgres  # uses its own PostgreSQL

KEY = secrets.token_hex(32)


def node(url, home, first=None, **settings):
    """Start another node; with a first one given, it shares that node's clock."""
    one = Server(home, DATABASE_URL=url, SECRET_KEY=KEY, **settings)
    if first is not None:
        one.clock = first.clock
        one.environment["DOUBLETOUR_TEST_CLOCK"] = str(first.clock.path)
    return one


@pytest.fixture
def pair(postgres, tmp_path):
    url = postgres.new_database()
    with node(url, tmp_path / "a") as a, node(url, tmp_path / "b", a) as b:
        yield a, b


def at(person, server):
    person.server = server
    return person


def opens(person, server):
    """Does the home page open on that node?"""
    return at(person, server).visit("/").status == 200


# Passkeys


@pytest.mark.whole
def test_challenge_works_once_across_all_nodes(postgres, tmp_path):
    url = postgres.new_database()
    with node(url, tmp_path / "a", public_host="localhost") as a, node(url, tmp_path / "b", a, PUBLIC_URL=a.origin) as b:
        alice = KeyHolder(a).with_passkey().forget()
        for nodes in ([b], [a, b] * 32):
            alice.ask(LOGIN)
            request = form_bytes(a, alice.asked.path, {**alice.asked.hidden, **alice.get().fields()}, alice.cookies)
            found = [answer.status for answer in together(nodes, [request] * len(nodes))]
            assert found.count(303) == 1 and set(found) <= {303, 422, 429}, found
            a.delete_attempts()


# One session, everywhere


def test_a_sign_in_is_valid_on_all_nodes(pair):
    a, b = pair
    alice = Person(a).full()
    assert opens(alice, b) and opens(alice, a)
    at(alice, b).forget().give_password()
    at(alice, a).verify()
    assert opens(alice, b), "password on one, code on the other"


def gone(person, server):
    return at(person, server).visit("/").status == 303


def ends_elsewhere(person, server, end):
    """Measure how long the other node still opens a page that it has just opened."""
    assert opens(person, server)
    end()
    began = time.monotonic()
    wait_until(lambda: gone(person, server), "the session is over there too")
    return time.monotonic() - began


def ends_elsewhere_after_sign_out(person, server, other):
    token = dict(person.cookies)

    def leave():
        at(person, server).log_out()
        person.cookies = token

    return ends_elsewhere(person, other, leave)


def test_a_sign_out_reaches_all_nodes_within_two_seconds(pair):
    a, b = pair
    seconds = [ends_elsewhere_after_sign_out(Person(a).full(), a, b) for _ in range(5)]
    assert min(seconds) < 1, f"a notification reaches the other node before its cache expires: {seconds}"
    evidence("signed out elsewhere", seconds=sorted(seconds)[2])


def test_password_changes_and_commands_end_sessions_on_all_nodes(pair):
    a, b = pair
    alice = Person(a).full()
    other_browser = Person(b, alice.name, alice.password)
    other_browser.secret, other_browser.spent = alice.secret, alice.spent
    other_browser.sign_in()
    new = "another good password 42"
    alice.spent = other_browser.spent

    def change():
        at(alice, a).send("/account/password", {"current": alice.password, "password": new, "confirm": new})
        assert alice.page.status == 303, alice.page.html

    ends_elsewhere(other_browser, b, change)
    assert opens(alice, a) and opens(alice, b)
    for command in ("logout", "disable"):
        if command == "disable":
            alice.password = new
            at(alice, a).forget().sign_in()
        both = [ends_elsewhere(alice, b, lambda: a.command("user", command, alice.name))]
        assert gone(alice, a), both


def test_a_lost_notification_delays_a_sign_out_by_two_seconds(pair, postgres):
    a, b = pair
    alice = Person(a).full()
    token = dict(alice.cookies)
    assert opens(alice, b)
    name = a.database_url.rpartition("/")[2]
    # Like a network failure at this point: b's LISTEN connection is closed, and the session is deleted without a
    # notification.
    postgres.sql(name, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND query LIKE 'LISTEN%'")
    a.sql("DELETE FROM sessions")
    alice.cookies = token
    wait_until(lambda: gone(alice, b), "the cache forgets")


def test_notifications_of_other_programs_end_no_session(pair):
    a, b = pair
    alice = Person(a).full()
    for text in ("", "x", "0" * 63, "zz" * 32, "0" * 64, "é" * 100, "0" * 7900):
        a.sql("SELECT pg_notify('doubletour', ?)", text)
    ends_elsewhere_after_sign_out(Person(a).full(), a, b)  # they are read in order
    assert opens(alice, a) and opens(alice, b)
    assert a.serves() and b.serves()


# One winner


def winners(pair, path, fields, cookies, count=64):
    requests = [form_bytes(pair[n % 2], path, fields(n), cookies(n)) for n in range(count)]
    return together(pair, requests)


def test_one_code_in_64_requests_on_two_nodes_is_taken_once(pair):
    a, b = pair
    alice = Person(a).full()
    browsers = [Person(pair[n % 2], alice.name, alice.password) for n in range(64)]
    for browser in browsers:
        a.delete_attempts()
        browser.give_password()
    a.delete_attempts()
    token = [browser.arrive("/verify-2fa").token for browser in browsers]
    code = alice.fresh_code()
    answers = winners(pair, "/verify-2fa", lambda n: {"csrf_token": token[n], "otp": code}, lambda n: browsers[n].cookies)
    assert [x.location for x in answers].count("/") == 1, answers
    assert a.sql("SELECT count(*) FROM audit WHERE event = 'prove.passed'") == [(1,)]


def test_one_name_in_64_requests_on_two_nodes_is_taken_once(pair):
    browsers = [Person(pair[n % 2], name="everyone.wants.it") for n in range(64)]
    token = [browser.visit("/register").token for browser in browsers]
    answers = winners(pair, "/register", lambda n: {"csrf_token": token[n], "username": "everyone.wants.it", "password": browsers[n].password,
                                                    "confirm": browsers[n].password}, lambda n: browsers[n].cookies)
    assert [x.status for x in answers].count(303) == 1, answers
    assert {x.status for x in answers} <= {303, 422, 503}
    assert pair[0].sql("SELECT count(*) FROM accounts") == [(1,)]


def test_two_nodes_check_five_of_two_hundred_wrong_passwords(pair):
    a, b = pair
    alice = Person(a).full()
    browsers = [Person(server) for server in pair]
    token = [browser.visit("/login").token for browser in browsers]
    answers = winners(pair, "/login", lambda n: {"csrf_token": token[n % 2], "username": alice.name, "password": "not the password"},
                      lambda n: browsers[n % 2].cookies, 200)
    statuses = [x.status for x in answers]
    assert statuses.count(422) == 5 and set(statuses) <= {422, 429, 503}, statuses
    assert a.sql("SELECT count(*) FROM audit WHERE event = 'signin.refused'") == [(5,)]


def test_four_nodes_starting_at_once_create_one_schema(postgres, tmp_path):
    url = postgres.new_database()
    nodes = [node(url, tmp_path / f"n{n}") for n in range(4)]
    try:
        for one in nodes:
            one.spawn()
        for one in nodes:
            one.until_it_serves()
        assert sum(one.log().count("database.upgrade") for one in nodes) == len(nodes[0].sql("SELECT * FROM schema_migrations"))
        alice = Person(nodes[0]).full()
        assert all(opens(alice, one) for one in nodes)
    finally:
        for one in nodes:
            one.end()


# The database is unavailable


def test_a_database_restart_needs_no_restart_of_the_server(tmp_path):
    with Postgres() as cluster:
        url = cluster.new_database("anew")
        with node(url, tmp_path / "a") as one:
            alice = Person(one).full()
            cluster.restart()
            wait_until(lambda: opens(alice, one), "she is still signed in")
            cluster.stop()
            assert alice.visit("/account/security").status == 503 or alice.visit("/account/security").status == 503
            cluster.start()
            wait_until(lambda: alice.visit("/account/security").status == 200, "it is back")
            alice.forget().sign_in()
            assert opens(alice, one)


def beside(person):
    """Return the same browser for another thread."""
    other = Person(person.server, person.name)
    other.cookies = dict(person.cookies)
    return other


def test_a_hanging_database_gives_503_quickly(tmp_path):
    with Postgres() as cluster, node(cluster.new_database("hangs"), tmp_path / "a") as one:
        alice = Person(one).full()
        assert opens(alice, one)
        answers = []
        cluster.signal_all(signal.SIGSTOP)
        try:
            until = time.monotonic() + 8
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                while time.monotonic() < until:
                    answers.append(list(pool.map(lambda n: beside(alice).visit("/" if n % 2 else "/account/security").status, range(8))))
        finally:
            cluster.signal_all(signal.SIGCONT)
        late = [status for batch in answers[len(answers) // 2 :] for status in batch]
        assert set(late) == {503}, "after the cache has expired no page opens, and none redirects to the sign-in page"
        # The server measures this: on a busy machine the clients wait much longer.
        seconds = sorted(int(us) / 1e6 for us in re.findall(r" status=503 .* us=(\d+) ", one.log()))
        evidence("a hung database", answers=len(seconds), median_s=seconds[len(seconds) // 2], longest_s=seconds[-1])
        assert seconds[len(seconds) // 2] * 5 < seconds[-1], f"the first questions wait for the timeout, the others are refused at once: {seconds}"
        wait_until(lambda: opens(alice, one), "the database is back, and her session is still valid")
        alice.forget().sign_in()


def test_a_failover_causes_503_meanwhile_and_loses_nothing(tmp_path):
    with Postgres() as primary:
        url = primary.new_database("doubletour")
        standby = primary.standby()
        try:
            both = f"postgresql://tests@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/doubletour"
            with node(both, tmp_path / "a") as one:
                people = [Person(one).full() for _ in range(5)]
                end, registered = threading.Event(), []
                crowd = threading.Thread(target=register_until, args=(one, end, registered))
                crowd.start()
                wait_until(lambda: len(registered) > 5, "people come")
                primary.kill()
                began = time.monotonic()
                wait_until(lambda: people[0].visit("/account/security").status == 503, "the database is unavailable")
                standby.promote()
                # the new primary has no standby, so its commits must not wait for one
                wait_until(lambda: people[0].visit("/account/security").status == 200, "the standby serves")
                away = time.monotonic() - began
                before = len(registered)
                wait_until(lambda: len(registered) > before + 3, "people come again")
                end.set()
                crowd.join()
                assert all(opens(person, one) for person in people)
                names = {name for name, in rows(standby, "SELECT name FROM accounts")}
                assert {person.name for person in people + registered} <= names, "all acknowledged changes are there"
                people[1].forget().sign_in()
                evidence("failover", away_s=away, acknowledged=len(registered), lost=0)
        finally:
            standby.end()
    assert url


def rows(cluster, statement):
    return postgres_rows(cluster.url("doubletour"), statement)


def register_until(server, end, registered):
    """Register people one after the other; keep those whose registration was acknowledged."""
    while not end.is_set():
        person = Person(server)
        try:
            if person.register().status == 303:
                registered.append(person)
        except (AssertionError, OSError):
            time.sleep(0.05)  # 503 has no form; or there was no reply


# Poolers


@pytest.fixture
def pooler(postgres):
    """pgbouncer in front of the tests' PostgreSQL: pooler(mode) returns the beginning of the URL."""
    started, homes = [], []

    def start(mode):
        port = free_port()
        # outside pytest's folder, which only its user may enter
        home = pathlib.Path(tempfile.mkdtemp(prefix="doubletour-pgbouncer-"))
        homes.append(home)
        (home / "users").write_text('"tests" ""\n')
        (home / "ini").write_text(f"""[databases]
* = host=127.0.0.1 port={postgres.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = trust
auth_file = {home}/users
pool_mode = {mode}
unix_socket_dir =
max_client_conn = 200
default_pool_size = 60
ignore_startup_parameters = extra_float_digits
""")
        user = None
        if os.geteuid() == 0:
            user = postgres.user
            for path in (home, *home.iterdir()):
                os.chmod(path, 0o755 if path.is_dir() else 0o644)
        with open(home / "log", "wb") as log:
            process = subprocess.Popen(["/usr/sbin/pgbouncer", home / "ini"], user=user, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        started.append(process)
        wait_until(lambda: listens(port), "pgbouncer listens")
        return f"postgresql://tests@127.0.0.1:{port}/"

    yield start
    for process in started:
        process.terminate()
        process.wait(30)
    for home in homes:
        shutil.rmtree(home)


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def test_everything_works_behind_a_session_pooler(postgres, pooler, tmp_path):
    name = postgres.new_database().rpartition("/")[2]
    url = pooler("session") + name
    with node(url, tmp_path / "a") as a, node(url, tmp_path / "b", a) as b:
        ends_elsewhere_after_sign_out(Person(a).full(), a, b)


@pytest.mark.without_tsan
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_transaction_pooler_is_refused_with_a_reason(postgres, pooler, tmp_path, mode):
    name = postgres.new_database().rpartition("/")[2]
    done = node(pooler(mode) + name, tmp_path / "a").command("run")
    assert done.returncode in (1, 78) and one_sentence(done), done.stderr
    assert "pool" in done.stderr


# Messages about an unusable database


def one_sentence(done):
    lines = [line for line in done.stderr.splitlines() if line]
    return len(lines) == 1 and lines[0].startswith("doubletour: ") and "Traceback" not in done.stderr


def refused(url, tmp_path, words, *command):
    done = node(url, tmp_path / "refused").command(*(command or ("run",)))
    assert done.returncode in (1, 78), (done.returncode, done.stderr)
    assert one_sentence(done) and words in done.stderr, done.stderr
    assert "hunter2" not in done.stdout + done.stderr, "no password on the screen"


@pytest.mark.without_tsan
def test_an_unreachable_database_is_reported(postgres, tmp_path):
    refused(f"postgresql://tests:hunter2@127.0.0.1:{free_port()}/x", tmp_path, "refused")
    refused(f"postgresql://tests:hunter2@127.0.0.1:{postgres.port}/there_is_none", tmp_path, "does not exist")
    refused("postgresql://tests:hunter2%zz@127.0.0.1/x", tmp_path, "write @ as %40")
    refused("postgresql://tests:hunter2@no-such-host.invalid/x", tmp_path, "could not translate host name")
    refused(f"postgresql://tests:hunter2@127.0.0.1:{postgres.port}/postgres?sslmode=require", tmp_path, "SSL")


@pytest.mark.without_tsan
def test_a_wrong_database_password_is_reported(tmp_path):
    with Postgres() as cluster:
        url = cluster.new_database("closed")
        cluster.sql("closed", "SET password_encryption = 'scram-sha-256'; CREATE ROLE anna LOGIN PASSWORD 'right one'")
        hba = cluster.data / "pg_hba.conf"
        hba.write_text("host closed anna 127.0.0.1/32 scram-sha-256\n" + hba.read_text())
        cluster.sql("closed", "ALTER DATABASE closed OWNER TO anna")
        cluster.sql("closed", "SELECT pg_reload_conf()")
        where = url.partition("@")[2]
        refused(f"postgresql://anna:hunter2@{where}", tmp_path, "password authentication failed")
        refused(f"postgresql://anna@{where}", tmp_path, "no password supplied")
        with node(f"postgresql://anna:right%20one@{where}", tmp_path / "a") as one:
            Person(one).full()
            assert "right" not in one.log()


@pytest.mark.without_tsan
def test_another_programs_database_is_left_alone(postgres, tmp_path):
    url = postgres.new_database("wiki")
    postgres.sql("wiki", "CREATE TABLE pages (id SERIAL PRIMARY KEY, text TEXT); INSERT INTO pages (text) VALUES ('home')")
    for command in (("run",), ("db", "init"), ("db", "upgrade"), ("user", "list")):
        refused(url, tmp_path, "another program's", *command)
    assert postgres.sql("wiki", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").strip() == "1"


@pytest.mark.without_tsan
def test_a_role_without_rights_is_reported(postgres, tmp_path):
    url = postgres.new_database("poor")
    postgres.sql("poor", "CREATE ROLE poor LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    poor = url.replace("tests@", "poor@")
    refused(poor, tmp_path, "may not create tables")
    assert node(url, tmp_path / "rich").command("db", "init").returncode == 0
    refused(poor, tmp_path, "may not read and write the table schema_migrations")
    postgres.sql("poor", "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO poor; REVOKE INSERT ON audit FROM poor")
    refused(poor, tmp_path, "may not read and write the table audit")
    postgres.sql("poor", "GRANT INSERT ON audit TO poor; GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO poor")
    with node(poor, tmp_path / "poor") as one:
        Person(one).full()


@pytest.mark.without_tsan
def test_an_unsuitable_encoding_is_reported(postgres, tmp_path):
    postgres.sql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    refused(postgres.url("latin"), tmp_path, "encoding is LATIN1")


@pytest.mark.without_tsan
def test_a_standby_without_a_primary_is_reported(tmp_path):
    with Postgres() as primary:
        primary.new_database("doubletour")
        standby = primary.standby()
        try:
            refused(standby.url("doubletour"), tmp_path, "read-only")
        finally:
            standby.end()


@pytest.mark.without_tsan
def test_an_old_postgresql_server_is_reported(tmp_path):
    """A program that greets clients like PostgreSQL 12."""

    def message(kind, *parts):
        body = b"".join(parts)
        return kind + struct.pack(">I", len(body) + 4) + body

    def parameter(name, value):
        return message(b"S", name.encode() + b"\0" + value.encode() + b"\0")

    greeting = (message(b"R", struct.pack(">I", 0)) + parameter("server_version", "12.17") + parameter("server_encoding", "UTF8")
                + parameter("client_encoding", "UTF8") + parameter("in_hot_standby", "off") + parameter("default_transaction_read_only", "off")
                + message(b"K", struct.pack(">II", 1, 2)) + message(b"Z", b"I"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        end = threading.Event()

        def serve():
            listener.settimeout(0.2)
            while not end.is_set():
                try:
                    one, _ = listener.accept()
                except TimeoutError:
                    continue
                with one:
                    one.settimeout(TIMEOUT)
                    try:
                        (n,) = struct.unpack(">I", one.recv(4))
                        if struct.unpack(">I", one.recv(n - 4)[:4])[0] in (80877103, 80877104):  # refuse TLS and GSS
                            one.sendall(b"N")
                            (n,) = struct.unpack(">I", one.recv(4))
                            one.recv(n - 4)
                        one.sendall(greeting)
                        while one.recv(1) == b"Q":
                            (n,) = struct.unpack(">I", one.recv(4))
                            one.recv(n - 4)
                            one.sendall(message(b"C", b"SET\0") + message(b"Z", b"I"))
                    except (OSError, struct.error):
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            refused(f"postgresql://x@127.0.0.1:{listener.getsockname()[1]}/x", tmp_path, "version 12")
        finally:
            end.set()
            thread.join()


# Ways to connect


@pytest.mark.without_tsan
def test_socket_service_file_and_tls_connect(tmp_path):
    with Postgres() as cluster:
        cluster.new_database("ways")
        signed = Authority(tmp_path, ["localhost"])
        shutil.copy(signed.key, cluster.home / "key")
        shutil.copy(signed.certificate, cluster.home / "crt")
        (cluster.home / "key").chmod(0o600)
        if cluster.user is not None:
            for name in ("key", "crt"):
                subprocess.run(["chown", cluster.user, cluster.home / name], check=True)
        for setting in ("ssl = on", f"ssl_cert_file = '{cluster.home}/crt'", f"ssl_key_file = '{cluster.home}/key'"):
            cluster.sql("postgres", "ALTER SYSTEM SET " + setting)
        cluster.sql("postgres", "SELECT pg_reload_conf()")
        authority = signed.ca
        service = tmp_path / "service"
        service.write_text(f"[doubletour]\nhost=127.0.0.1\nport={cluster.port}\nuser=tests\ndbname=ways\n")
        os.chmod(cluster.home, 0o755)
        ways = [f"postgresql:///ways?host={cluster.home}&port={cluster.port}&user=tests",
                f"postgresql://tests@localhost:{cluster.port}/ways?sslmode=verify-full&sslrootcert={authority}",
                f"postgresql+psycopg2://tests@127.0.0.1:{cluster.port}/ways",
                "postgresql://?service=doubletour"]
        for number, way in enumerate(ways):
            with node(way, tmp_path / f"way{number}", PGSERVICEFILE=service) as one:
                Person(one).full()
        refused(f"postgresql://tests@127.0.0.1:{cluster.port}/ways?sslmode=verify-full&sslrootcert={authority}", tmp_path, "does not match host name")


# A large audit


@pytest.fixture
def serializable(postgres):
    """A transaction that is open for the whole test: PostgreSQL keeps what others read in their transactions."""
    sessions = []

    def begin(database):
        sessions.append(subprocess.Popen([BIN / "psql", "-X", "-q", "-A", "-t", postgres.url(database)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}))
        sessions[-1].stdin.write("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM schema_migrations;\n")
        sessions[-1].stdin.flush()
        assert sessions[-1].stdout.readline(), "psql says why on standard error"

    yield begin
    for session in sessions:
        session.communicate("ROLLBACK;\n", timeout=TIMEOUT)


def test_a_sign_in_to_an_application_reads_no_audit_entries(postgres, pair, serializable):
    """Every transaction adds to the same pages of this table, so such reads would make all users' sign-ins conflict."""
    a, _ = pair
    database = a.environment["DATABASE_URL"].rpartition("/")[2]
    party = RelyingParty.add(a, "wiki", "--consent", "never")
    alice = Person(a).full()
    serializable(database)
    party.sign_in(alice)
    read = postgres.sql(database, "SELECT DISTINCT relation::regclass FROM pg_locks WHERE mode = 'SIReadLock'").split()
    assert any(table.startswith("oidc") for table in read), read
    assert not [table for table in read if table.startswith("audit")], read


def without_the_index_of_failed_attempts(cluster, database):
    """Return the queries of alarms.sql whose plan does not use the index audit_failed, or the one of its partitions."""
    ours = set(cluster.sql(database, "SELECT i.relname FROM pg_class i LEFT JOIN pg_inherits h ON h.inhrelid = i.oid "
                                     "WHERE 'audit_failed'::regclass IN (i.oid, h.inhparent)").split())
    missing = []
    for query in ("alarm_possible", "alarm_find"):
        text = re.search(rf"^-- name: {query}\n(.*?);", (ROOT / "src/store/sql/alarms.sql").read_text(), re.M | re.S)[1]
        plan = cluster.sql(database, "SET enable_seqscan = off; SET enable_bitmapscan = off; EXPLAIN " + re.sub(r"\$[123]", "1", text))
        if not ours & set(re.findall(r"Index (?:Only )?Scan(?: Backward)? using (\w+)", plan)):
            missing.append((query, plan))
    return missing


@pytest.mark.without_tsan
def test_an_audit_table_partitioned_by_month_works(postgres, tmp_path):
    (recipe,) = page_blocks("guides/many-nodes.md", "sql", "-- Partition the audit by month")
    url = postgres.new_database()
    with node(url, tmp_path / "a") as one:
        alice = Person(one).full()
    year_ago = int((time.time() - 400 * 86400) * 1e6)
    one.sql("INSERT INTO audit (at_us, event, outcome, reason, address, agent, request_id) VALUES (?, 'x', 'y', 'z', '', '', '')", year_ago)
    assert without_the_index_of_failed_attempts(postgres, url.rpartition("/")[2]) == []
    before = one.sql("SELECT * FROM audit ORDER BY id")
    postgres.sql(url.rpartition("/")[2], recipe)
    assert one.sql("SELECT * FROM audit ORDER BY id") == before
    assert len(one.tables()) > 20
    assert without_the_index_of_failed_attempts(postgres, url.rpartition("/")[2]) == []
    with one:
        alice.forget().sign_in()
        assert "Signed in" in alice.visit("/account/devices").text
        assert one.sql("SELECT max(id) FROM audit")[0][0] > before[-1][0]
        assert one.whole() and one.command("check").returncode == 0
    copied(one, url, f"sqlite:///{tmp_path}/copy.sqlite")


# Copying a database into another one


def copied(server, source, target, status=0):
    done = server.command("db", "copy", source, target)
    assert done.returncode == status, done.stderr
    return done


@pytest.mark.without_tsan
def test_db_copy_to_postgresql_and_back_keeps_all_accounts(postgres, tmp_path):
    file = f"sqlite:///{tmp_path}/data/doubletour.sqlite"
    home = node(file, tmp_path / "a", DATA_DIR=tmp_path / "data")
    home.data = tmp_path / "data"
    with home as one:
        people = [Person(one).full() for _ in range(3)]
        pending, lost = Person(one).pending(), Person(one).full()
        with_a_passkey(one, lost.name)
        one.sql("INSERT INTO passkeys_removed (id, account_id, credential_hash, removed_at_us) VALUES (1, 1, ?, ?)", bytes(32), int(time.time() * 1e6))
        assert "server is running" in copied(one, file, postgres.new_database(), 1).stderr
    target, back = postgres.new_database(), f"sqlite:///{tmp_path}/back.sqlite"
    told = copied(home, file, target).stdout
    count = int(re.match(r"(\d+) rows were copied", told)[1])
    assert count > 20
    with node(target, tmp_path / "b", home) as one:
        assert all(opens(person, one) for person in people), "sessions come along"
        at(pending, one).verify()
        assert opens(pending, one)
        people[0].forget().sign_in()
        assert one.command("user", "reset-2fa", lost.name).returncode == 0
        assert len(one.sql("SELECT id FROM passkeys_removed")) == 2, "the copy has the list of removed passkeys"
        assert "server is running" in copied(one, target, back, 1).stderr
        other = Person(one).full()
    assert not (tmp_path / "back.sqlite").exists()
    copied(home, "-", f"sqlite:///{tmp_path}/one-more.sqlite")
    copied(home, target, back)
    with node(back, tmp_path / "c", home) as one:
        assert all(opens(person, one) for person in [*people, pending, other])
        assert one.whole()
    assert "is not empty" in copied(home, file, target, 1).stderr
    assert "is not empty" in copied(home, target, back, 1).stderr
    assert "the same database" in copied(home, file, file, 1).stderr
    assert "There is no database at" in copied(home, f"sqlite:///{tmp_path}/none.sqlite", postgres.new_database(), 1).stderr
    for wrong in (["x", "y"], [file], [file, target, back], ["mysql://x/y", target]):
        done = home.command("db", "copy", *wrong)
        assert done.returncode == 2 and done.stderr.startswith("doubletour"), done.stderr


def statements(target):
    """Return the last statement of each connection to that database."""
    others = "datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    return [text for text, in postgres_rows(target, f"SELECT query FROM pg_stat_activity WHERE {others}")]


def begun_copy(home, target):
    """Start a copy, and return it while it is copying the audit, or when it has ended."""
    process = subprocess.Popen([home.program, "db", "copy", home.database_url, target], env=home.environment, cwd=home.work,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: process.poll() is not None or any("INSERT INTO audit" in text for text in statements(target)), "it copies the audit")
    return process


def killed_copy(home, postgres):
    """Return the target of a copy that was killed before its commit; on a busy machine the kill may come too late."""
    for _ in range(20):
        target = postgres.new_database()
        with begun_copy(home, target) as process:
            process.kill()
        wait_until(lambda target=target: statements(target) == [], "PostgreSQL ends the connection of the killed copy")
        if postgres_rows(target, "SELECT count(*) FROM audit") == [(0,)]:
            return target
    raise AssertionError("every copy ended before the kill")


@pytest.fixture
def much(tmp_path):
    """A stopped server with 60,000 rows in a file."""
    one = node(f"sqlite:///{tmp_path}/data/doubletour.sqlite", tmp_path / "a", DATA_DIR=tmp_path / "data").init()
    with sqlite3.connect(tmp_path / "data" / "doubletour.sqlite") as db:
        db.executemany("INSERT INTO audit (at_us, event, outcome, reason, address, agent, request_id) VALUES (?, 'x', 'y', 'z', '', '', '')",
                       ((n,) for n in range(60_000)))
    return one


@pytest.mark.without_tsan
def test_a_copy_that_is_killed_leaves_an_empty_target(postgres, much):
    target = killed_copy(much, postgres)
    copied(much, much.database_url, target)
    assert postgres_rows(target, "SELECT count(*) FROM audit") == [(60_001,)]  # the audit was copied
    done = much.command("user", "add", "after.copying", DATABASE_URL=target)
    assert done.returncode == 0, "new rows continue the numbers"


@pytest.mark.without_tsan
@pytest.mark.whole
def test_a_copy_that_pauses_is_completed(postgres, much):
    """On a slow machine, PostgreSQL has sent all rows many seconds before the copy has compared them."""
    with begun_copy(much, postgres.new_database()) as process:
        process.send_signal(signal.SIGSTOP)
        time.sleep(8)  # nodes have 6 seconds between two statements
        process.send_signal(signal.SIGCONT)
        said, complaints = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0 and "60001 rows were copied" in said, complaints
