"""After a whole story no secret of it is in the database, in its log or in any log line of ours."""

import base64
import re

import pytest

from harness import Person
from harness.codes import code_of_step, raw_secret, step_at

KEY = "0123456789-this-key-is-only-for-tests-and-long-enough"
SETTINGS = {"LOG_LEVEL": "debug", "SECRET_KEY": KEY}


class Forms(dict):
    """{secret: all forms in which the server could store it}."""

    def add(self, what, text):
        forms = {text.encode()}
        try:
            forms.add(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except ValueError:
            pass
        self[f"{what} {text[:6]}…"] = {form for form in forms if len(form) >= 6}

    def add_person(self, person):
        for name, value in person.cookies.items():
            if name in ("doubletour", "doubletour-form"):
                self.add("cookie " + name, value)
        if person.page.dom and person.page.dom.all("input", name="csrf_token"):
            self.add("form token", person.page.token)


@pytest.fixture(scope="module")
def story(server):
    """Do everything that a user can do, right and wrong; return each secret that was used or shown."""
    forms = Forms()
    person = Person(server, password="Mot-de-passe très secret 7391")
    mistyped = "Mot-de-passe très sercet 7391"

    def did(_):
        forms.add_person(person)

    did(person.register(confirm=mistyped))
    did(person.register())
    did(person.follow())
    forms.add("secret", person.read_secret())
    forms["raw secret"] = {raw_secret(person.secret), raw_secret(person.secret).hex().encode(), raw_secret(person.secret).hex().upper().encode(),
                          base64.b64encode(raw_secret(person.secret)).rstrip(b"=")}
    did(person.verify("999999"))
    did(person.verify())
    did(person.follow())
    did(person.send("/logout"))
    did(person.give_password(password=mistyped))
    did(person.post("/login", {"csrf_token": "forged-token-of-a-stranger", "username": person.name, "password": person.password}))
    did(person.give_password())
    did(person.follow())
    did(person.verify())
    did(person.follow())
    person.visit("/nowhere?password=" + "in-the-address-4242")
    now = step_at(server.clock.now())
    for step in range(now - 5, now + 2):
        forms["code of step %d" % (step - now)] = {code_of_step(person.secret, step).encode()}
    for what, text in (("password", person.password), ("mistyped password", mistyped), ("forged token", "forged-token-of-a-stranger"), ("key", KEY)):
        forms[what] = {text.encode()}
    return forms


def found_in(content, story):
    return [what for what, forms in story.items() if any(form in content for form in forms)]


def test_the_story_used_secrets_of_every_kind(story):
    kinds = {what.split(" ")[0] for what in story}
    assert kinds >= {"cookie", "form", "secret", "raw", "code", "password", "key"}
    assert len(story) > 15


@pytest.mark.sqlite
def test_database_and_write_ahead_log_hold_no_secret(server, story):
    files = [p for p in server.data.iterdir() if p.name.startswith("doubletour.sqlite")]
    assert server.database() in files
    assert any(p.name.endswith("-wal") for p in files), "the write-ahead log exists, so the test can search it"
    for path in files:
        assert found_in(path.read_bytes(), story) == [], path


@pytest.mark.sqlite
def test_the_secret_search_finds_a_planted_secret(server, story):
    """The name is not secret and occurs in all of them: the search itself works."""
    name = next(iter(re.findall(rb"person-\d+-[0-9a-f]{6}", server.database().read_bytes() + (server.data / "doubletour.sqlite-wal").read_bytes())))
    assert name
    assert found_in(b"x" + KEY.encode() + b"y", story) == ["key"]


def test_the_log_holds_no_secret_at_any_level(server, story):
    # Six digits in a row may also be a duration or a number of bytes: codes are not searched for in those fields.
    lines = re.sub(r"\b\w*(_us|_ms|bytes|pid|account|user|port|time|number)=\d+", "", server.log())
    lines = re.sub(r"\d{2}:\d{2}:\d{2}\.\d+", "", lines)
    assert len(lines.splitlines()) > 20
    assert found_in(lines.encode(), story) == []


def test_the_query_of_an_address_is_not_logged(server, story):
    assert "in-the-address-4242" not in server.log()


def test_data_is_for_its_owner_only(server, story):
    assert server.data.stat().st_mode & 0o077 == 0
    for path in server.data.iterdir():
        assert path.stat().st_mode & 0o177 == 0, path


def test_the_web_process_has_neither_key_nor_database(server, story):
    environment = open(f"/proc/{server.web_pid()}/environ", "rb").read()
    assert KEY.encode() not in environment and b"SECRET_KEY" not in environment
    assert b"DATABASE_URL" not in environment and b"DATA_DIR" not in environment


# A larger area does not belong to the program: a sanitizer has reserved it for its records.
SHADOW = 1 << 30


def memory_of(pid):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            area = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not area:
                continue
            start, end = (int(x, 16) for x in area.groups())
            if end - start > SHADOW:
                continue
            try:
                memory.seek(start)
                yield memory.read(end - start)
            except (OSError, OverflowError, ValueError):
                pass


def test_the_memory_of_the_web_process_holds_no_key(server, story):
    """The key and the stored password hashes were never in the memory of the web process."""
    try:
        pieces = list(memory_of(server.web_pid()))
    except PermissionError:
        pytest.skip("on this machine the owner of a process may not read its memory")
    assert sum(map(len, pieces)) > 100_000
    for piece in pieces:
        assert KEY.encode() not in piece
        assert b"$argon2id$" not in piece


def test_json_logs_hold_no_secret_either(make_server):
    server = make_server(LOG_LEVEL="debug", LOG_FORMAT="json")
    person = Person(server).full()
    person.forget().sign_in()
    log = server.log()
    assert '"' in log
    for secret in (person.password, person.secret, person.session, person.page.bytes and person.page.token):
        assert not secret or secret not in log


def test_a_server_uses_the_key_of_a_credential(make_server, tmp_path):
    (tmp_path / "doubletour.SECRET_KEY").write_text(KEY + "\n")
    (tmp_path / "doubletour.SECRET_KEY").chmod(0o444)
    with make_server(start=False, CREDENTIALS_DIRECTORY=tmp_path) as server:
        assert "secret.readable" in server.log() and str(tmp_path) in server.log()
        assert not (server.data / "doubletour.key").exists()
        environment = open(f"/proc/{server.web_pid()}/environ", "rb").read()
        assert b"CREDENTIALS" not in environment and KEY.encode() not in environment
        assert server.stop() == 0
        del server.environment["CREDENTIALS_DIRECTORY"]
        assert server.command("check", SECRET_KEY=KEY).returncode == 0
        refused = server.command("check")
        assert refused.returncode == 78 and "set SECRET_KEY" in refused.stderr
        assert KEY not in server.log()
