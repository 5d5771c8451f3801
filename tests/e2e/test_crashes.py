"""kill -9 of keeper, web or both, again and again under a mixed load.

Acknowledged changes are kept, and spent codes stay spent.
"""

import itertools
import os
import signal
import threading

import pytest
import requests

from harness import Person
from harness.codes import code_of_step, step_at
from harness.disk import fill, small_file_system
from harness.passkeys import LOGIN, KeyHolder
from harness.server import wait_until
from harness.torture import chance, evidence, scaled

pytestmark = pytest.mark.without_asan  # a killed process reports nothing

CYCLES = scaled(15, 1000, whole=50)
CLIENTS = 6
REQUESTS = 25  # before a kill, on average: a count, because a busy machine serves fewer requests in a second


class Cut(Exception):
    """The connection ended without a reply, or with 503: the outcome of the request is unknown."""


class Client:
    """Uses the server as one person after another, and remembers only acknowledged changes."""

    def __init__(self, server, number):
        self.server, self.number, self.count = server, number, itertools.count()
        self.people = []  # enrolment was acknowledged
        self.accepted = []  # (person, code), since the last change of the clock
        self.recovered = []  # (person, recovery code) that were accepted
        self.ended = []  # tokens of sessions that were signed out
        self.touched = []  # (person, form, cookies): answers of passkeys that were accepted
        self.touches = 0
        self.done = 0

    def _asked(self, page):
        if page.status == 503:
            raise Cut
        self.done += 1
        return page

    def _try(self, act, *arguments, **more):
        try:
            return self._asked(act(*arguments, **more))
        except (requests.RequestException, AssertionError) as e:
            raise Cut from e

    def register(self):
        person = KeyHolder(self.server, f"crash-{self.number}-{next(self.count)}")
        if self._try(person.register).status != 303:
            return
        person.secret = self._try(person.visit, "/setup-2fa").by_id("secret")["value"]
        step = step_at(self.server.clock.now())
        page = self._try(person.send, "/verify-2fa", {"otp": code_of_step(person.secret, step)})
        if page.status == 303:
            self.accepted.append((person, step))
            self.people.append(person)
            person.codes = self._try(person.visit, "/account/recovery-codes").recovery_codes

    def sign_in(self, person):
        person.cookies.pop("doubletour", None)
        if self._try(person.give_password).status != 303:
            return
        step = max([s for p, s in self.accepted if p is person], default=step_at(self.server.clock.now()) - 2) + 1
        if step > step_at(self.server.clock.now()) + 1:
            return  # all codes of this step are spent
        page = self._try(person.send, "/verify-2fa", {"otp": code_of_step(person.secret, step)})
        if page.status == 303:
            assert (person, step) not in self.accepted, "a code of one step was accepted twice"
            self.accepted.append((person, step))

    def recover(self, person):
        codes = getattr(person, "codes", [])
        if not codes:
            return
        person.cookies.pop("doubletour", None)
        if self._try(person.give_password).status != 303:
            return
        code = codes.pop()
        if self._try(person.send, "/verify-2fa", {"otp": code}).status == 303:
            self.recovered.append((person, code))

    def add_passkey(self, person):
        if not person.key.credentials and self._try(person.visit, "/").status == 200:
            self._try(lambda: person.ask_new().page)
            made = person.create()
            credential = person.key.credentials.pop()  # until it is acknowledged
            if self._try(person.answer, made).status == 303:
                person.key.credentials.append(credential)

    def touch(self, person):
        if not person.key.credentials:
            return self.add_passkey(person)
        person.cookies.pop("doubletour", None)
        self._try(lambda: person.ask(LOGIN).page)
        form, cookies = {**person.asked.hidden, **person.get().fields()}, dict(person.cookies)
        if self._try(person.post, person.asked.path, form).status == 303:
            self.touched.append((person, form, cookies))
            self.touches += 1

    def sign_out(self, person):
        token = person.session
        if token and self._try(person.visit, "/").status == 200 and self._try(person.send, "/logout").status == 303:
            self.ended.append(token)

    def act(self, dice):
        if not self.people or dice.random() < 0.3:
            return self.register()
        person = dice.choice(self.people)
        dice.choice([self.sign_in, self.sign_in, self.touch, self.touch, self.recover, self.sign_out])(person)

    def run(self, dice, over):
        while not over.is_set():
            try:
                self.act(dice)
            except Cut:
                over.wait(0.005)

    # Afterwards

    def check_spent(self):
        """Accepted codes that are still in their time window are not accepted again."""
        wrong = []
        for person, step in self.accepted[-6:]:
            thief = Person(self.server, person.name, person.password)
            self.server.delete_attempts()
            thief.give_password()
            if thief.page.status == 303 and thief.send("/verify-2fa", {"otp": code_of_step(person.secret, step)}).status == 303:
                wrong.append((person.name, step))
        self.accepted.clear()
        return wrong + self.check_touched()

    def check_touched(self):
        """Accepted answers of passkeys are not accepted again."""
        thief = Person(self.server)
        wrong = [person.name for person, form, cookies in self.touched[-6:] if thief.post(person.asked.path, form, cookies=cookies).status == 303]
        self.touched.clear()
        return wrong

    def check_ended(self):
        thief = Person(self.server)
        return [t for t in self.ended[-10:] if thief.visit("/", cookies={"doubletour": t}).status == 200]

    def check_recovered(self):
        wrong = []
        for person, code in self.recovered:
            self.server.delete_attempts()
            thief = Person(self.server, person.name, person.password)
            thief.give_password()
            if thief.send("/verify-2fa", {"otp": code}).status == 303:
                wrong.append(person.name)
        return wrong

    def check_people(self):
        self.server.delete_attempts()
        self.server.clock.advance(300)
        lost = []
        for person in self.people:
            person.cookies.clear()
            person.spent = 0
            if person.give_password().status != 303 or person.verify().status != 303:
                lost.append(person.name)
            if person.key.credentials and person.forget().touch().status != 303:
                lost.append(f"passkey of {person.name}")
        return lost


def kill(server, victim):
    keeper, web = server.keeper_pid(), server.web_pid()
    for pid in {"keeper": [keeper], "web": [web], "both": [keeper, web]}[victim]:
        if pid:
            os.kill(pid, signal.SIGKILL)


def back_again(server, victim):
    if victim != "web":
        server.process.wait()
        wait_until(lambda: not server.listening(), "the killed server's port is free")
        server.start()
    wait_until(server.serves, "it serves again")


@pytest.mark.sampled
def test_acknowledged_changes_survive_and_spent_codes_stay_spent(make_server):
    server, dice = make_server(public_host="localhost"), chance()
    clients = [Client(server, n) for n in range(CLIENTS)]
    kills = {"keeper": 0, "web": 0, "both": 0}
    spent = []
    for cycle in range(CYCLES):
        over = threading.Event()
        threads = [threading.Thread(target=c.run, args=(dice, over)) for c in clients]
        for t in threads:
            t.start()
        served = sum(c.done for c in clients) + dice.randint(1, 2 * REQUESTS)
        wait_until(lambda: sum(c.done for c in clients) >= served, "the clients got their replies")
        victim = dice.choice(list(kills))
        kill(server, victim)
        kills[victim] += 1
        over.set()
        for t in threads:
            t.join()
        back_again(server, victim)
        client = clients[cycle % CLIENTS]
        spent += client.check_spent() + client.check_ended()
        assert spent == [], f"cycle {cycle}, {victim}: accepted again"
        if cycle % 10 == 9:
            server.clock.advance(120)
            for c in clients:
                c.accepted.clear()
    lost = [name for c in clients for name in c.check_people()]
    recovered = [name for c in clients for name in c.check_recovered()]
    assert lost == [] and recovered == []
    assert server.whole()
    people = sum(len(c.people) for c in clients)
    assert people > CYCLES / 2
    evidence("kill -9", cycles=CYCLES, **kills, requests=sum(c.done for c in clients), accounts=people, accounts_lost=len(lost),
             sign_ins_by_passkey=sum(c.touches for c in clients), passkeys=sum(bool(p.key.credentials) for c in clients for p in c.people), recovery_codes_used=sum(len(c.recovered) for c in clients), sessions_ended=sum(len(c.ended) for c in clients),
             accepted_again=len(spent) + len(recovered))


# Disk full


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few hundred kilobytes; tests that use it need the right to mount."""
    with small_file_system(tmp_path / "disk", 900) as disk:
        yield disk


def on(disk, make_server):
    server = make_server(DATA_DIR=disk / "data")
    server.data = disk / "data"
    return server


@pytest.mark.sqlite
def test_a_full_disk_adds_and_loses_no_account(small_disk, make_server):
    server = on(small_disk, make_server)
    alice = Person(server).full()
    filler = fill(small_disk)
    refused, made = 0, []
    for _ in range(500):  # allocated space in the files is used up first
        person = Person(server)
        page = person.register()
        if page.status == 303:
            made.append(person)
            continue
        assert page.status == 503 and page.headers["Retry-After"]
        assert person.visit("/setup-2fa").location.startswith("/login"), "no session began"
        refused += 1
        if refused == 5:
            break
    assert refused == 5, "the disk was never full"
    assert alice.visit("/").status == 200, "signed-in users are not affected"
    assert Person(server, alice.name, alice.password).give_password().status == 503
    filler.unlink()
    assert Person(server).register().status == 303, "the disk has free space again"
    for person in made:
        assert person.forget().give_password().status == 303, "all acknowledged changes are there"
    assert alice.forget().sign_in().location == "/"
    assert server.whole()


@pytest.mark.sqlite
def test_a_full_disk_accepts_no_code_and_spends_none(small_disk, make_server):
    server = on(small_disk, make_server)
    alice = Person(server).pending()
    token = alice.arrive("/verify-2fa").token
    code = alice.fresh_code()
    filler = fill(small_disk)
    for _ in range(500):
        if Person(server).register().status == 503:
            break
    before = server.sql("SELECT last_step FROM factors WHERE confirmed_at_us IS NOT NULL")
    assert alice.post("/verify-2fa", {"csrf_token": token, "otp": code}).status == 503
    assert alice.visit("/").location.startswith("/verify-2fa")
    assert server.sql("SELECT last_step FROM factors WHERE confirmed_at_us IS NOT NULL") == before
    filler.unlink()
    assert alice.post("/verify-2fa", {"csrf_token": token, "otp": code}).location == "/"
