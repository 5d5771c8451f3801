"""Applications and identifiers of Authelia: after the import, no application needs new settings."""

import json

import pytest

from harness import Person
from harness.clients import accepts, code_flow

# From Authelia's documentation of clients; the digest is that of "insecure_secret".
DIGEST = ("$pbkdf2-sha512$310000$c8p78n7pUMln0jzvd4aK4Q$JNRBzwAo0ek5qKn50cFzzvE9RXV88h1wJn5KGiHrD0YKtZaR/nCb2CJPOsKaPK0hjf."
          "9yHxzQGZziziccp6Yng")
SUBJECT = "9ac22ee0-ce1b-4f5a-9d3b-9a0e1c1b2a3d"


def clients_file(tmp_path, text, before=""):
    """A configuration file of Authelia with these clients; each line is indented."""
    file = tmp_path / "configuration.yml"
    indented = "".join(f"      {line}\n" for line in text.strip("\n").split("\n"))
    file.write_text(f"identity_providers:\n  oidc:\n    hmac_secret: x\n{before}    clients:\n{indented}")
    return str(file)


def subjects_file(tmp_path, *rows):
    file = tmp_path / "identifiers.yml"
    file.write_text("identifiers:\n" + "".join(
        f"    - service: {service}\n      sector_id: \"{sector}\"\n      username: {name}\n      identifier: {subject}\n"
        for service, sector, name, subject in rows))
    return str(file)


def imported(server, *arguments, status=0):
    result = server.command("import", "authelia", *arguments, "--json")
    assert result.returncode == status, (result.stdout, result.stderr)
    return json.loads(result.stdout) | {"said": result.stderr}


def shown(server, client):
    result = server.command("client", "show", client, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_imported_applications_keep_secrets_and_identifiers(make_server, tmp_path):
    server = make_server()
    anna = Person(server, name="anna").full()
    clients = clients_file(tmp_path, f"""
- client_id: 'app'
  client_name: 'The App'
  client_secret: '{DIGEST}'
  public: false
  authorization_policy: 'two_factor'
  require_pkce: true
  pkce_challenge_method: 'S256'
  redirect_uris:
    - 'https://app.example.org/callback'
  scopes: ['openid', 'profile', 'groups', 'email']
  userinfo_signed_response_alg: 'none'
  consent_mode: 'implicit'
""")
    subjects = subjects_file(tmp_path, ("openid", "", "anna", SUBJECT))
    report = imported(server, "--clients", clients, "--subjects", subjects)
    assert (report["clients"], report["subjects"], report["said"]) == (1, 1, "")
    row = shown(server, "app")
    assert row["name"] == "The App" and row["pkce"] == "required" and row["consent"] == "never" and row["secrets"][0]["imported"]
    assert not accepts(server, "app", "another_secret")
    (before,), = server.sql("SELECT length(secret_hash) FROM oidc_secrets")
    id_token, userinfo = code_flow(server, anna, {"client_id": "app", "client_secret": "insecure_secret"})
    (after,), = server.sql("SELECT length(secret_hash) FROM oidc_secrets")
    assert before > 32 and after == 32, "the digest is verified once, then its SHA-256"
    assert id_token["sub"] == userinfo["sub"] == SUBJECT
    assert accepts(server, "app", "insecure_secret", basic=False) and not accepts(server, "app", "another_secret")
    again = imported(server, "--clients", clients, "--subjects", subjects)
    assert (again["clients"], again["clients_there_already"], again["subjects"], again["subjects_there_already"]) == (0, 1, 0, 1)
    other = subjects_file(tmp_path, ("openid", "", "anna", SUBJECT[::-1].replace("-", "")[:8] + SUBJECT[8:]))
    report = imported(server, "--subjects", other, status=1)
    assert report["subjects_refused"] == 1 and "already know the account by another identifier" in report["said"]
    server.sql("UPDATE accounts SET subject = ''")  # as after a consent, with a code that no application redeemed
    server.sql("INSERT INTO oidc_consents (account_id, client_id, scopes, granted_at_us) SELECT a.id, c.id, 'openid', 1 FROM accounts a, oidc_clients c")
    report = imported(server, "--subjects", other)
    assert (report["subjects"], report["said"]) == (1, "")


@pytest.mark.parametrize("lines, wanted", [
    ("require_pkce: false", {"pkce": "optional", "consent": "always", "auth_method": "any", "id_token_alg": "RS256"}),
    ("pkce_challenge_method: S256", {"pkce": "required"}),
    ("consent_mode: explicit\npre_configured_consent_duration: 1w", {"consent": "always"}),
    ("consent_mode: pre-configured", {"consent": "once"}),
    ("pre_configured_consent_duration: 1w", {"consent": "once"}),
    ("token_endpoint_auth_method: client_secret_post", {"auth_method": "client_secret_post"}),
    ("id_token_signed_response_alg: ES256", {"id_token_alg": "ES256"}),
    ("scopes: [openid, offline_access]", {"scopes": ["openid", "offline_access"]}),
])
def test_each_field_of_a_client_is_imported(make_server, tmp_path, lines, wanted):
    server = make_server(start=False).init()
    text = "- client_id: app\n  client_secret: '$plaintext$x'\n  redirect_uris: ['https://a.example/']\n"
    text += "".join(f"  {line}\n" for line in lines.split("\n"))
    assert imported(server, "--clients", clients_file(tmp_path, text))["clients"] == 1
    row = shown(server, "app")
    assert {key: row[key] for key in wanted} == wanted


def test_names_of_older_versions_and_single_uris_are_read(make_server, tmp_path):
    server = make_server()
    text = "- id: old\n  description: Old\n  secret: plain-secret\n  redirect_uris: https://app.example.org/callback\n"
    report = imported(server, "--clients", clients_file(tmp_path, text, before="    enforce_pkce: always\n"))
    assert "plain text in this file: `doubletour client secret old`" in report["said"]
    row = shown(server, "old")
    assert row["name"] == "Old" and row["pkce"] == "required" and row["redirect_uris"] == ["https://app.example.org/callback"]
    assert accepts(server, "old", "plain-secret") and not accepts(server, "old", "plain-secre")


def test_values_that_are_not_imported_are_listed(make_server, tmp_path):
    server = make_server(start=False).init()
    report = imported(server, "--clients", clients_file(tmp_path, """
- client_id: app
  public: true
  redirect_uris: ['http://nas.local/cb']
  sector_identifier_uri: https://example.com/sector.json
  scopes: [openid, phone]
  grant_types: [authorization_code, client_credentials]
  response_modes: [form_post]
  lifespan: long
  audience: ['https://a.example']
  requested_audience_mode: explicit
  require_pushed_authorization_requests: false
  claims_policy: ''
  authorization_policy: one_factor
"""))
    assert '"app": not taken: sector_identifier_uri, scope phone, grant_types client_credentials, lifespan, audience.' in report["said"]
    assert "authorization_policy one_factor needs a rule in ACCESS_RULES with `client: app`" in report["said"]
    assert "insecure_redirect is set" in report["said"] and shown(server, "app")["insecure_redirect"]


@pytest.mark.parametrize("policy, disabled", [("two_factor", False), ("one_factor", False), ("admins", True), ("deny", True)])
def test_a_client_of_a_stricter_policy_waits_for_its_rule(make_server, tmp_path, policy, disabled):
    """Without its rule it would admit every user with two factors."""
    server = make_server(start=False).init()
    clients = clients_file(tmp_path, f"- client_id: app\n  public: true\n  redirect_uris: ['https://a.example/']\n  authorization_policy: {policy}\n")
    report = imported(server, "--clients", clients, "--dry-run", status=int(disabled))
    assert report == imported(server, "--clients", clients, status=int(disabled)) | {"dry_run": True}
    assert (report["clients"], report["clients_disabled"]) == (1, int(disabled))
    assert ("run `doubletour client enable app`" in report["said"]) == disabled
    assert (shown(server, "app")["disabled"] is not None) == disabled


@pytest.mark.parametrize("lines, word", [
    ("token_endpoint_auth_method: private_key_jwt", "signed token (JWT)"),
    ("pkce_challenge_method: plain", "only S256 is supported"),
    ("redirect_uris: ['https://*.example/']", "wildcard"),
    ("redirect_uris: [{a: b}]", "value that is not a text"),
    ("scopes: [email]", "scopes must be openid"),
    ("public: perhaps", "neither true nor false"),
    ("client_name: [x]", "where a text belongs"),
    ("client_id: a/b", "characters of a-z"),
    ("client_id: ''", "it has no client_id"),
])
def test_an_unsupported_client_is_skipped_with_the_reason(make_server, tmp_path, lines, word):
    server = make_server(start=False).init()
    fields = {"client_id": "app", "client_secret": "x", "redirect_uris": "['https://a.example/']"}
    key, _, value = lines.partition(": ")
    fields[key] = value
    text = "- " + "\n  ".join(f"{k}: {v}" for k, v in fields.items()) + "\n- client_id: good\n  public: yes\n  redirect_uris: ['https://b.example/']\n"
    report = imported(server, "--clients", clients_file(tmp_path, text), status=1)
    assert (report["clients"], report["clients_refused"]) == (1, 1) and word in report["said"], report["said"]


def test_another_digest_needs_a_new_secret(make_server, tmp_path):
    server = make_server(start=False).init()
    text = "- client_id: app\n  client_secret: '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$MDEy'\n  redirect_uris: ['https://a.example/']\n"
    report = imported(server, "--clients", clients_file(tmp_path, text), status=1)
    assert (report["clients"], report["clients_without_secret"]) == (1, 1)
    assert "is not a PBKDF2 digest: `doubletour client secret app` makes a new one, which the application needs" in report["said"]
    assert shown(server, "app")["secrets"] == []


def test_a_dry_run_checks_everything_and_writes_nothing(make_server, tmp_path):
    server = make_server(start=False).init()
    text = "- client_id: app\n  client_secret: x\n  redirect_uris: ['https://a.example/']\n- client_id: bad\n  redirect_uris: []\n"
    subjects = subjects_file(tmp_path, ("openid", "", "anna", SUBJECT), ("openid", "", "ben", "no-uuid"))
    before = server.whole()
    report = imported(server, "--clients", clients_file(tmp_path, text), "--subjects", subjects, "--dry-run", status=1)
    assert (report["clients"], report["clients_refused"], report["subjects"], report["subjects_refused"]) == (1, 1, 1, 1)
    assert server.whole() == before


def test_identifiers_that_fit_no_account_are_named(make_server, tmp_path):
    server = make_server(start=False).init()
    for name in ("anna", "ben", "carl"):
        server.command("user", "add", name)
    (tmp_path / "map").write_text("annie=anna\n")
    subjects = subjects_file(tmp_path, ("openid", "", "annie", SUBJECT), ("openid", "", "ben", SUBJECT), ("openid", "", "nobody", SUBJECT),
                             ("openid", "example.com", "carl", SUBJECT), ("other", "", "carl", SUBJECT), ("openid", "", "carl", SUBJECT.upper()))
    report = imported(server, "--subjects", subjects, "--map", str(tmp_path / "map"), status=1)
    assert (report["subjects"], report["subjects_refused"]) == (1, 5)
    for word in ("another account has its identifier", "there is no such account", "one application only", "is not openid", "not a UUID"):
        assert word in report["said"], word
    assert server.sql("SELECT name FROM accounts WHERE subject = ?", SUBJECT) == [("anna",)]


def test_files_of_another_form_are_refused(make_server, tmp_path):
    server = make_server(start=False).init()
    (tmp_path / "x.yml").write_text("a: b\n")
    for option, word in (("--clients", "no list `clients`"), ("--subjects", "no list `identifiers`")):
        result = server.command("import", "authelia", option, str(tmp_path / "x.yml"))
        assert result.returncode == 1 and word in result.stderr
    assert server.command("import", "authelia").returncode == 2
    assert server.command("import", "htpasswd", "x", "--clients", "y").returncode == 2
