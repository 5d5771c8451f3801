"""Unusual requests of real applications, which a strict provider might refuse: each sign-in succeeds.

Each test names the applications.  Their clients are made from their presets.
"""

import base64
import hashlib
import json
import urllib.parse

import pytest
import requests

from harness import Person
from harness.application import application
from harness.relying_party import Request, b64, good, refused

pytestmark = pytest.mark.without_postgres


@pytest.fixture
def anna(server):
    person = Person(server).full()
    assert server.command("user", "email", person.name, f"{person.name}@example.org").returncode == 0
    assert server.command("user", "groups", person.name, "staff").returncode == 0
    return person


def without_pkce(party, **changes):
    return party.request(code_challenge=None, code_challenge_method=None, **changes)


def approved(party, person, request):
    """Return the parameters of a response with a code."""
    parameters = party.authorize(person, request)
    assert parameters.get("code", "").startswith("dtc_"), parameters
    return parameters


# Authorization


def test_wikijs_names_a_scope_twice(server, anna):
    party = application(server, "wikijs")
    tokens = party.sign_in(anna, without_pkce(party, scope="openid openid profile email", nonce=None))
    assert tokens["scope"] == "openid profile email" and tokens["claims"]["wiki_groups"] == ["staff"]


def test_proxmox_sends_a_state_of_json(server, anna):
    party = application(server, "proxmox")
    state = '{"csrf_token":"k3+/=~","realm":"doubletour"}'
    assert approved(party, anna, party.request(state=state))["state"] == state


def test_vaultwarden_sends_a_state_with_padding(server, anna):
    party = application(server, "vaultwarden")
    state = base64.b64encode(bytes(range(200, 255))).decode()
    assert state.endswith("=") and "+" in state
    assert approved(party, anna, party.request(state=state))["state"] == state


class PlainRequest(Request):
    """A request whose address is not encoded; a browser encodes only its blanks."""

    @property
    def path(self):
        return "/api/oidc/authorization?" + "&".join(f"{name}={value}" for name, value in self.parameters.items()).replace(" ", "%20")


@pytest.mark.parametrize("preset", ["portainer", "vikunja", "nextcloud"])
def test_addresses_in_the_query_are_not_encoded(server, anna, preset):
    party = application(server, preset)
    made = party.request()
    request = PlainRequest(made.parameters, made.verifier)
    assert "redirect_uri=https://app.example.org" in request.path
    party.sign_in(anna, request)


def test_outline_adds_foreign_parameters(server, anna):
    party = application(server, "outline")
    request = party.request(utm_source="news", redirectTo="/doc/x?y=1&z", notice="", **{"a[]": "[1]"})
    tokens = party.sign_in(anna, request)
    assert tokens["refresh_token"].startswith("dtr_")


@pytest.mark.parametrize("preset", ["grafana", "gitlab", "mastodon"])
def test_a_verifier_of_128_characters_is_accepted(server, anna, preset):
    party = application(server, preset)
    verifier = "aA0-._~" * 18 + "zz"
    assert len(verifier) == 128
    request = party.request(code_challenge=b64(hashlib.sha256(verifier.encode()).digest()))
    request.verifier = verifier
    party.sign_in(anna, request)


def test_nextcloud_always_sends_claims_of_no_scope(server, anna):
    party = application(server, "nextcloud")
    names = ("email", "name", "quota", "groups", "picture", "address")
    claims = {member: {name: None for name in names} for member in ("id_token", "userinfo")}
    tokens = party.sign_in(anna, party.request(claims=json.dumps(claims)))
    assert tokens["claims"]["groups"] == ["staff"] and not {"quota", "picture", "address"} & set(tokens["claims"])
    assert "quota" not in good(party.userinfo(tokens["access_token"]))


def test_portainer_sends_prompt_login(server, anna):
    """Portainer sends it until its setting SSO is on, so the person gives password and code again."""
    party = application(server, "portainer")
    party.sign_in(anna, without_pkce(party, nonce=None))
    request = without_pkce(party, nonce=None, prompt="login")
    anna.visit(request.path)
    assert party.returned(anna.page) is None, "prompt=login asked for nothing"
    server.clock.advance(60)
    party.sign_in(anna, request)


def test_actual_demands_iss_in_the_response(server, anna):
    party = application(server, "actual")
    metadata = party.metadata()
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert approved(party, anna, party.request())["iss"] == metadata["issuer"]


@pytest.mark.parametrize("preset", ["jellyfin"])
def test_pushed_requests_are_not_advertised_before_they_work(server, preset):
    """Clients of this kind use the endpoint as soon as the metadata name it."""
    party = application(server, preset)
    metadata = party.metadata()
    if "pushed_authorization_request_endpoint" not in metadata:
        assert "require_pushed_authorization_requests" not in metadata
        return
    reply = requests.post(metadata["pushed_authorization_request_endpoint"], data={**party.proof(), **party.request().parameters}, timeout=60)
    assert reply.status_code == 201


# Token


@pytest.mark.parametrize("preset", ["gitlab", "mastodon"])
def test_the_scope_is_sent_with_the_code(server, anna, preset):
    party = application(server, preset)
    code, request = party.code(anna)
    assert good(party.redeem(code, request, scope=party.scope, basic=(party.client_id, party.secret)))["scope"] == party.scope


def test_roundcube_sends_a_verifier_with_the_refresh_token(server, anna):
    party = application(server, "roundcube")
    code, request = party.code(anna)
    tokens = good(party.redeem(code, request))
    again = good(party.refresh(tokens["refresh_token"], code_verifier=request.verifier, scope=party.scope))
    assert again["refresh_token"] != tokens["refresh_token"] and again["id_token"]


@pytest.mark.parametrize("preset", ["argocd", "gitea", "forgejo", "miniflux", "vikunja", "grafana", "portainer"])
def test_basic_then_the_body_with_one_code(server, anna, preset):
    """Go's oauth2 tries Basic first.  The server refuses that for `client_secret_post`, and the code stays valid."""
    party = application(server, preset, "--auth-method", "client_secret_post")
    code, request = party.code(anna)
    refused(party.redeem(code, request, basic=(party.client_id, party.secret)), "invalid_client", 401)
    tokens = good(party.redeem(code, request))
    assert good(party.userinfo(tokens["access_token"]))["preferred_username"] == anna.name


def test_basic_with_an_empty_password_of_a_public_client(server, anna):
    """Go's oauth2 sends it before the body.  Accepted or refused, the code stays valid for the second attempt."""
    party = application(server, "argocd", "--public", "--pkce", "required")
    code, request = party.code(anna)
    first = party.redeem(code, request, basic=(party.client_id, ""))
    if first.status_code != 200:
        refused(first, "invalid_client", 401)
        first = party.redeem(code, request)
    assert good(first)["id_token"]


def test_freshrss_takes_the_first_advertised_method(server, anna):
    party = application(server, "freshrss")
    code, request = party.code(anna)
    first = party.metadata()["token_endpoint_auth_methods_supported"][0]
    basic = {"client_secret_basic": (party.client_id, party.secret), "client_secret_post": None}[first]
    assert good(party.redeem(code, request, basic=basic))["refresh_token"]  # the module renews its session


@pytest.mark.parametrize("preset", ["nextcloud", "paperless"])
def test_the_body_is_used_whenever_it_is_advertised(server, anna, preset):
    party = application(server, preset, "--auth-method", "any")
    assert "client_secret_post" in party.metadata()["token_endpoint_auth_methods_supported"]
    code, request = party.code(anna)
    good(party.redeem(code, request))


# Userinfo


def test_grafana_asks_for_more_addresses(server):
    """Grafana asks USERINFO/emails when an answer has no e-mail address: it gets 404, not the sign-in page."""
    party = application(server, "grafana")
    person = Person(server).full()
    tokens = party.sign_in(person)
    assert "email" not in tokens["claims"]
    reply = requests.get(party.url("userinfo/emails"), headers={"Authorization": f"Bearer {tokens['access_token']}"}, allow_redirects=False, timeout=60)
    assert reply.status_code == 404


# Signing out


def sign_out(person, **parameters):
    return person.visit("/api/oidc/end-session?" + urllib.parse.urlencode(parameters))


def confirm(person):
    """Press the button of the page that asks."""
    form = person.page.form_to("/api/oidc/logout")
    return person.post("/api/oidc/logout", {i["name"]: i.get("value") or "" for i in form.all("input", type="hidden") if i.has("name")})


def returned_to(page):
    """Return the URL that a page after a form opens: for an application by a link, not by a redirect."""
    return [link["href"] for link in page.dom.all("a") if (link.get("href") or "").startswith("https:")] if page.dom else []


def is_signed_out(person):
    return person.visit("/").location is not None or person.page.status == 303


def test_mastodon_signs_out_with_the_address_only(server, anna):
    """One client registered the address, so the page that asks leads back to it."""
    party = application(server, "mastodon", url="https://mastodon.example.net")
    party.sign_in(anna)
    (uri,) = party.shown["logout_uris"]
    assert sign_out(anna, post_logout_redirect_uri=uri).status == 200 and returned_to(anna.page) == []
    assert returned_to(confirm(anna)) == [uri] and is_signed_out(anna)


def test_a_logout_address_of_two_clients_is_not_followed(server, anna):
    party = application(server, "mastodon", url="https://two.example.net")
    application(server, "mastodon", url="https://two.example.net")
    party.sign_in(anna)
    sign_out(anna, post_logout_redirect_uri=party.shown["logout_uris"][0])
    page = confirm(anna)
    assert page.status == 303 and page.location.startswith("/login") and is_signed_out(anna)


@pytest.mark.parametrize("preset", ["nextcloud", "gitea"])
def test_signing_out_without_a_hint_asks_first(server, anna, preset):
    party = application(server, preset)
    request = party.request() if preset == "nextcloud" else without_pkce(party)
    party.sign_in(anna, request)
    (uri,) = party.shown["logout_uris"]
    assert sign_out(anna, client_id=party.client_id, post_logout_redirect_uri=uri).status == 200
    assert returned_to(confirm(anna)) == [uri] and is_signed_out(anna)
    # without a session it redirects at once
    assert sign_out(anna, client_id=party.client_id, post_logout_redirect_uri=uri).location == uri


def test_immich_signs_out_with_a_hint_only(server, anna):
    party = application(server, "immich")
    tokens = party.sign_in(anna)
    page = sign_out(anna, id_token_hint=tokens["id_token"])
    assert page.status == 303 and page.location.startswith("/login") and is_signed_out(anna)
    refused(party.userinfo(tokens["access_token"]), "invalid_token", 401)
