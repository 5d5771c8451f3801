"""A person with an authenticator for passkeys: reads what a page asks for, and sends the form as its script does."""

from harness.authenticator import Authenticator, base64url_bytes
from harness.person import Person
from harness.server import wait_until

SETUP, NEW, ADD, LOGIN, VERIFY = "/setup-passkey", "/account/passkeys/new", "/account/passkeys/add", "/login", "/verify-2fa"
SECURITY = "/account/security"


def ids_of(text):
    """Read a list of credentials, "ID:internal,hybrid ID:usb"."""
    return [base64url_bytes(item.partition(":")[0]) for item in (text or "").split()]


def form_around(element):
    while element.tag != "form":
        element = element.parent
    return element


class Asked:
    """The request of a page to an authenticator."""

    def __init__(self, page):
        box = page.dom.all(data_challenge=True)[0]
        form = form_around(box)
        self.page, self.path = page, form.get("action") or page.path
        self.hidden = {i["name"]: i.get("value") or "" for i in form.all("input", type="hidden") if i.has("name")}
        self.challenge, self.rp_id = box["data-challenge"], box["data-rp-id"]
        self.handle, self.ids = base64url_bytes(box.get("data-user-handle") or ""), ids_of(box.get("data-passkeys"))
        self.verification = box.get("data-user-verification")


class KeyHolder(Person):
    """A person with an authenticator.  `asked` is the latest request of a page."""

    def __init__(self, server, *arguments, key=None, **more):
        super().__init__(server, *arguments, **more)
        self.key = key or Authenticator(server.origin)
        self.asked = None

    def ask(self, path):
        """Open a page, and keep what its form asks for.

        After a change of the clock, the sign-in page asks for no passkey until its process has the key of that minute.
        """
        wait_until(lambda: self.arrive(path).dom.all(data_challenge=True), f"{path} asks for a passkey")
        self.asked = Asked(self.page)
        return self.asked

    def ask_new(self, name="", **different):
        """Send the password and a name, so that the page asks for another passkey."""
        page = self.send(NEW, {"current": self.password, "name": name, **different})
        assert page.status == 200, page.html
        self.asked = Asked(page)
        return self.asked

    def answer(self, made, **typed):
        """Send an authenticator's answer, with the hidden fields of the page and those that the person typed."""
        return self.post(self.asked.path, {**self.asked.hidden, **made.fields(), **typed})

    def create(self, **wrong):
        """Return an answer to the page's request for a new passkey."""
        return self.key.create(self.asked.challenge, self.asked.handle, rp_id=wrong.pop("rp_id", self.asked.rp_id), **wrong)

    def get(self, **wrong):
        """Return an answer to the page's request for a passkey."""
        return self.key.get(self.asked.challenge, self.asked.ids, **wrong)

    # From registration to sign-in

    def with_passkey(self, **made):
        """Register, with a passkey as the first factor."""
        self.enrolling().ask(SETUP)
        page = self.answer(self.create(**made))
        assert page.status == 303, page.html
        return self

    def add_passkey(self, name="", **made):
        """Add a passkey beside other factors."""
        self.ask_new(name)
        page = self.answer(self.create(**made))
        assert page.status == 303, page.html
        return self

    def touch(self, path=LOGIN, **wrong):
        """Answer the request of a page with a passkey."""
        self.ask(path)
        return self.answer(self.get(**wrong))
