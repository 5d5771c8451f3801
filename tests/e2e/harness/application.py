"""An application whose client is made from its preset.

    party = application(server, "grafana", "--consent", "never")
    party.sign_in(Person(server).full())
"""

import itertools
import json

from harness.relying_party import RelyingParty

ADDRESS = "https://app.example.org"
# Applications that choose their redirect URIs.
ASKING = {"wikijs": f"{ADDRESS}/login/0b1c/callback", "generic": f"{ADDRESS}/callback"}
_numbers = itertools.count(1)


class Application(RelyingParty):
    """It requests all its scopes with its first redirect URI, and authenticates as its preset says."""

    shown = {}

    def redeem(self, code, request=None, basic=None, **changes):
        if basic is None and self.shown["auth_method"] == "client_secret_basic":
            basic = (self.client_id, self.secret)
        return super().redeem(code, request, basic, **changes)


def application(server, preset, *options, url=ADDRESS):
    """Add the client under a new id; `shown` has its settings."""
    name = f"{preset}-{next(_numbers)}"
    more = ["--redirect", ASKING[preset]] if preset in ASKING else []
    done = server.command("client", "add", preset, url, "--id", name, "--json", *more, *options)
    assert done.returncode == 0, done.stderr
    shown = json.loads(server.command("client", "show", name, "--json").stdout)
    party = Application(server, name, json.loads(done.stdout)["client_secret"], redirect_uri=shown["redirect_uris"][0], scope=" ".join(shown["scopes"]))
    party.shown = shown
    return party
