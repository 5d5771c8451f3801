"""Three people in nine browsers act at random, compared with a model.

A page may open, and an attempt may pass, only if the model allows it.  TORTURE_SEED=… repeats a run.
"""

import dataclasses

import pytest

from harness import Person
from harness.codes import code_of_step, step_at
from harness.torture import chance, evidence, scaled

pytestmark = pytest.mark.without_asan  # one long random run

STEPS = scaled(1_200, 100_000, whole=4_000)
MINUTE, HOUR = 60, 3600
PENDING, IDLE, LIFETIME, FRESH = 10 * MINUTE, HOUR, 24 * HOUR, 5 * MINUTE
# the server stores the time of use once a minute; within this distance of a limit both outcomes are allowed
SLACK = 2 * MINUTE

PAGES = {  # path: states that open it
    "/": {"full"}, "/account": {"full"}, "/account/profile": {"full"}, "/account/security": {"full"}, "/account/devices": {"full"},
    "/account/password": {"full"}, "/account/close": {"full"}, "/account/recovery-codes": {"full"},
    "/setup-2fa": {"enrolling"}, "/verify-2fa": {"enrolling", "pending"}, "/login": {"none"}, "/register": {"none"},
    "/logout": {"enrolling", "pending", "full"},
}


@dataclasses.dataclass
class Account:
    password: str
    secret: str = None  # secret of the confirmed authenticator
    last_step: int = 0
    codes: set = dataclasses.field(default_factory=set)
    disabled: bool = False


@dataclasses.dataclass
class Session:
    account: Account
    born: float
    seen: float
    by: str = "password"  # the strongest verified proof: password or factor
    factor: str = None  # the secret of the verified factor, or "recovery"
    password_at: float = 0
    verified_at: float = 0
    pending_secret: str = None
    vague: bool = False  # it was used so close to a limit that it may have expired

    def state(self):
        if self.account.disabled:
            return "none"
        if self.by == "factor":
            alive = self.account.secret and self.factor in (self.account.secret, "recovery")
            return "full" if alive else "none"
        return "pending" if self.account.secret else "enrolling"


class Model:
    def __init__(self, server, dice):
        self.server, self.dice = server, dice
        self.accounts = {}
        self.sessions = {}  # token: Session; any other token is invalid
        self.browsers = [Person(server, f"person-{n % 3}") for n in range(9)]
        self.opened = self.passed = 0

    def now(self):
        return self.server.clock.now()

    # The model's state of a token

    def possible(self, token):
        """Return the states that the token may have now."""
        s = self.sessions.get(token)
        if s is None:
            return {"none"}
        state, now = s.state(), self.now()
        ends = min(s.born + LIFETIME, s.seen + IDLE, s.password_at + PENDING if state == "pending" else float("inf"))
        if now > ends + SLACK:
            return {"none"}
        return {state} if now < ends - SLACK and not s.vague else {state, "none"}

    def asked(self, token, possible):
        """Any request with a valid token extends the session."""
        s = self.sessions.get(token)
        if s is not None and possible != {"none"}:
            s.seen = self.now()
            s.vague = len(possible) > 1

    def born(self, browser, account, was=None):
        """Store a new token, which replaces the presented one."""
        if was is not None:
            self.sessions.pop(was, None)
        now = self.now()
        self.sessions[browser.session] = Session(account, now, now, password_at=now)

    def end_all(self, account, but=None):
        for token in [t for t, s in self.sessions.items() if s.account is account and t != but]:
            del self.sessions[token]

    # Checks

    def look(self, browser):
        path = self.dice.choice(list(PAGES))
        possible = self.possible(browser.session)
        page = browser.visit(path)
        opened = page.status == 200
        assert page.status in (200, 303), (path, page)
        if opened:
            self.opened += 1
            assert possible & PAGES[path], f"{path} opened, and the model says {possible}"
        else:
            assert not possible <= PAGES[path], f"{path} did not open, and the model says {possible}"
        if path == "/account/recovery-codes" and opened:
            new = page.recovery_codes
            if new:
                self.sessions[browser.session].account.codes = set(new)
        if path == "/setup-2fa" and opened:
            self.sessions[browser.session].pending_secret = page.by_id("secret")["value"]

    # Actions

    def act(self):
        browser = self.dice.choice(self.browsers)
        names = ["look"] * 9 + ["sign_in"] * 6 + ["verify"] * 9 + ["wait"] + ["recover", "register", "sign_out", "wait", "share", "change", "administer", "lose_cookie", "garble"]
        name, token = self.dice.choice(names), browser.session
        if name not in ("wait", "share", "administer", "lose_cookie", "garble"):  # these send no request with the token
            self.asked(token, self.possible(token))
        getattr(self, name)(browser)

    def register(self, browser):
        was, name = browser.session, browser.name
        form = browser.visit("/register")
        if form.status != 200:
            return
        password = f"un mot de passe {self.dice.randrange(3)} pour {self.dice.random()}"
        page = browser.post("/register", {"csrf_token": form.token, "username": name, "password": password, "confirm": password})
        if page.status != 303:
            return
        assert name not in self.accounts, "two accounts have one name"
        self.passed += 1
        self.accounts[name] = Account(password)
        self.born(browser, self.accounts[name], was)

    def sign_in(self, browser):
        account, was = self.accounts.get(browser.name), browser.session
        right = account is not None and self.dice.random() < 0.8
        form = browser.visit("/login")
        if form.status != 200:
            return
        page = browser.post("/login", {"csrf_token": form.token, "username": browser.name, "password": account.password if right else "not this one"})
        if page.status != 303:
            return
        assert right and not account.disabled, "let in with what is wrong"
        self.passed += 1
        self.born(browser, account, was)

    def verify(self, browser):
        s, was = self.sessions.get(browser.session), browser.session
        form = browser.visit("/verify-2fa")
        if form.status != 200:
            return
        state, secret = s.state(), s.account.secret or s.pending_secret
        if secret is None:
            return
        step = step_at(self.now()) + self.dice.choice((0, 0, 0, 0, 1, -1, 2, -2, 5))
        others = [a.secret for a in self.accounts.values() if a.secret and a.secret != secret]
        foreign = bool(others) and self.dice.random() < 0.1
        before = step_at(self.now())
        page = browser.post("/verify-2fa", {"csrf_token": form.token, "otp": code_of_step(self.dice.choice(others) if foreign else secret, step)})
        if page.status != 303 or page.location.startswith(("/setup-2fa", "/login")):
            return
        assert not foreign, "a code of another person"
        assert before - 1 <= step <= step_at(self.now()) + 1, "a code of another step"
        assert step > s.account.last_step or state == "enrolling", "a code that was spent"
        self.passed += 1
        if state == "enrolling":
            self.end_all(s.account, was)
            s.account.secret, s.account.codes = secret, set()
        s.account.last_step = step
        self.signed_in(browser, s, was, secret)

    def signed_in(self, browser, s, was, factor):
        assert browser.session != was, "the token is the same as before"
        del self.sessions[was]
        s.by, s.factor, s.seen, s.verified_at = "factor", factor, self.now(), self.now()
        self.sessions[browser.session] = s

    def recover(self, browser):
        s, was = self.sessions.get(browser.session), browser.session
        form = browser.visit("/verify-2fa")
        if form.status != 200 or s.state() != "pending":
            return
        known = sorted(s.account.codes | {c for a in self.accounts.values() for c in a.codes})
        if not known:
            return
        code = self.dice.choice(known)
        page = browser.post("/verify-2fa", {"csrf_token": form.token, "otp": code})
        if page.location != "/account/security":
            return
        assert code in s.account.codes, "a recovery code of another person, or a used one"
        self.passed += 1
        s.account.codes.discard(code)
        self.signed_in(browser, s, was, "recovery")

    def sign_out(self, browser):
        was = browser.session
        form = browser.visit("/logout")
        if form.status == 200 and browser.post("/logout", {"csrf_token": form.token}).status == 303:
            self.sessions.pop(was, None)

    def change(self, browser):
        s, was = self.sessions.get(browser.session), browser.session
        form = browser.visit("/account/password")
        if form.status != 200:
            return
        new = f"un autre mot de passe {self.dice.random()}"
        right = self.dice.random() < 0.7
        page = browser.post("/account/password", {"csrf_token": form.token, "current": s.account.password if right else "not this one", "password": new, "confirm": new})
        if page.status != 303 or page.location != "/account/security":
            return
        assert right, "changed with a wrong password"
        assert self.now() - s.verified_at <= FRESH + SLACK, "changed with a stale proof"
        self.passed += 1
        s.account.password = new
        self.end_all(s.account, was)
        self.sessions[browser.session] = self.sessions.pop(was)
        assert browser.session != was

    def wait(self, browser):
        self.server.clock.advance(self.dice.choice((31, 31, 31, 95, 95, 3 * MINUTE, 3 * MINUTE, 6 * MINUTE, 14 * MINUTE, 70 * MINUTE)))
        if self.dice.random() < 0.05:
            self.server.clock.advance(26 * HOUR)

    def share(self, browser):
        """A stolen cookie: two browsers have one token."""
        other = self.dice.choice(self.browsers)
        if other.session:
            browser.cookies["doubletour"] = other.session

    def lose_cookie(self, browser):
        browser.cookies.pop(self.dice.choice(("doubletour", "doubletour-device", "doubletour-form")), None)

    def garble(self, browser):
        if browser.session:
            browser.cookies["doubletour"] = browser.session[:-1] + ("A" if browser.session[-1] != "A" else "Q")

    def administer(self, browser):
        account = self.accounts.get(browser.name)
        if account is None:
            return
        command = "enable" if account.disabled else self.dice.choice(("disable", "logout", "unlock", "unlock"))
        done = self.server.command("user", command, browser.name)
        assert done.returncode == 0, done.stderr
        if command in ("disable", "enable"):
            account.disabled = command == "disable"
        if command in ("disable", "logout"):
            self.end_all(account)
        self.settle()

    def settle(self):
        """Advance the clock: the server's cache shows the changes of a command after at most two seconds."""
        self.server.clock.advance(4)


@pytest.mark.sampled
def test_no_page_opens_that_the_model_forbids(make_server):
    server, dice = make_server(), chance()
    model = Model(server, dice)
    for _ in range(STEPS):
        model.act()
    assert model.opened > STEPS / 50 and model.passed > STEPS / 50, "nothing much happened"
    evidence("state model", steps=STEPS, pages_opened=model.opened, proofs_passed=model.passed, forbidden=0)
