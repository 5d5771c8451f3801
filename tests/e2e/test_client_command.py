"""Applications (clients of OpenID Connect), managed by the administrator while the server runs."""

import json
import re

import pytest

from harness import Person
from harness.clients import REDIRECT, accepts, code_flow

KEYS = ["name", "preset", "redirect_uris", "logout_uris", "launch_url", "scopes", "claims", "consent", "pkce", "public",
        "auth_method", "id_token", "id_token_alg", "max_age", "access_token", "refresh", "refresh_session",
        "offline_without_consent", "insecure_redirect", "backchannel_uri"]
count = iter(range(1000))


def printed(server, *arguments, status=0):
    result = server.command("client", *arguments, "--json")
    assert result.returncode == status, (result.stdout, result.stderr)
    return [json.loads(line) for line in result.stdout.splitlines()]


def one(server, *arguments):
    rows = printed(server, *arguments)
    assert len(rows) == 1, rows
    return rows[0]


def refused(server, *arguments, status=1, word=""):
    result = server.command("client", *arguments)
    assert result.returncode == status and word in result.stderr, (result.stdout, result.stderr)
    assert result.stdout == ""


def added(server, *arguments):
    """Add a client; return the output of `client add --json`."""
    return one(server, "add", f"app-{next(count)}", "--redirect", REDIRECT, *arguments)


# Adding, showing, changing


def test_add_prints_issuer_id_and_a_secret_that_is_shown_once(server):
    result = server.command("client", "add", "once", "--redirect", REDIRECT)
    assert result.returncode == 0
    lines = dict(re.split(r"  +", line, maxsplit=1) for line in result.stdout.splitlines())
    assert lines["issuer"] == f"http://localhost:{server.port}" and lines["client id"] == "once"
    secret = lines["client secret"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
    assert "shown only now" in result.stderr and secret not in result.stderr
    shown = server.command("client", "show", "once").stdout + server.command("client", "list").stdout
    assert secret not in shown and secret not in server.log()
    assert secret not in json.dumps(printed(server, "show", "once"))
    assert secret not in repr(server.whole())


def test_each_setting_is_shown_under_its_key_and_can_be_set(server):
    client = added(server)["client_id"]
    row = one(server, "show", client)
    assert [key for key in row if key in KEYS] == KEYS
    values = {"name": "The App", "preset": "generic", "redirect_uris": "https://a.example/1 https://a.example/2",
              "logout_uris": "https://a.example/out", "launch_url": "https://a.example/", "scopes": "openid offline_access",
              "claims": "role = \"x\" if group admins", "consent": "always", "pkce": "optional", "auth_method": "client_secret_post",
              "id_token": "minimal", "id_token_alg": "ES256", "max_age": "600", "access_token": "900", "refresh": "fixed",
              "refresh_session": "yes", "offline_without_consent": "yes", "insecure_redirect": "yes",
              "backchannel_uri": "https://a.example/back"}
    assert set(values) == set(KEYS) - {"public"}
    for key, value in values.items():
        assert server.command("client", "set", client, f"{key}={value}").returncode == 0, key
    row = one(server, "show", client)
    shown = {key: " ".join(v) if isinstance(v, list) else {True: "yes", False: "no"}.get(v, v) if isinstance(v, bool) else str(v)
             for key, v in row.items() if key in values}
    assert shown == values
    help_text = server.command("client", "set", "--help").stdout
    assert all(re.search(rf"^  {key} ", help_text, re.M) for key in KEYS)


def test_lists_grow_and_shrink_by_single_values(server):
    client = added(server)["client_id"]
    server.command("client", "set", client, "redirect_uris+=app.immich:///oauth-callback", "scopes-=email",
                   "claims+=a = 1", "claims+=b = 2")
    row = one(server, "show", client)
    assert row["redirect_uris"] == [REDIRECT, "app.immich:///oauth-callback"]
    assert row["scopes"] == ["openid", "profile", "groups"] and row["claims"] == ["a = 1", "b = 2"]
    assert server.command("client", "set", client, f"redirect_uris-={REDIRECT}").returncode == 0
    assert one(server, "show", client)["redirect_uris"] == ["app.immich:///oauth-callback"]
    refused(server, "set", client, "redirect_uris-=https://other.example/", word="does not have the value")
    refused(server, "set", client, "name+=x", word="is not a list")


@pytest.mark.parametrize("change, word", [
    ("redirect_uris=http://nas.local/cb", "insecure_redirect=yes"),
    ("redirect_uris=https://a.example/#x", "fragment"),
    ("redirect_uris=https://*.example/cb", "wildcard"),
    ("redirect_uris=", "needs a redirect URI"),
    ("redirect_uris", "KEY=VALUE"),
    ("consent=sometimes", "once, never or always"),
    ("claims=sub = 1", "rule 1"),
    ("color=red", "Settings are name, preset"),
    ("public=yes", "needs PKCE"),
])
def test_a_refused_change_says_why_and_changes_nothing(server, change, word):
    client = added(server, "--pkce", "optional")["client_id"]
    before = one(server, "show", client)
    refused(server, "set", client, "name=Changed", change, word=word)
    assert one(server, "show", client) == before


def test_each_show_warns_about_insecure_redirect(server):
    client = added(server)["client_id"]
    assert "without TLS" not in server.command("client", "show", client).stdout
    assert server.command("client", "set", client, "insecure_redirect=yes", "redirect_uris=http://nas.local/cb").returncode == 0
    for _ in range(2):
        assert "Warning: insecure_redirect lets codes travel without TLS" in server.command("client", "show", client).stdout
    refused(server, "set", client, "insecure_redirect=no", word="http://nas.local/cb cannot be registered")


def test_options_of_add_set_what_show_prints(server):
    row = added(server, "--name", "My App", "--redirect", "http://127.0.0.1/cb", "--scopes", "openid email", "--pkce", "optional",
                "--consent", "never", "--claim", "a = 1", "--claim", "b = 2", "--max-age", "60", "--launch", "https://app.example.org/")
    row = one(server, "show", row["client_id"])
    assert row["name"] == "My App" and row["redirect_uris"] == [REDIRECT, "http://127.0.0.1/cb"] and row["scopes"] == ["openid", "email"]
    assert row["pkce"] == "optional" and row["consent"] == "never" and row["claims"] == ["a = 1", "b = 2"] and row["max_age"] == 60
    public = added(server, "--public")
    assert public["client_secret"] is None and one(server, "show", public["client_id"])["secrets"] == []


def test_wrong_usage_is_explained(server):
    refused(server, "add", "a b", "--redirect", REDIRECT, word="characters of a-z")
    refused(server, "add", "no-uri", word="needs a redirect URI")
    refused(server, "show", "nobody", word='There is no client "nobody".  `doubletour client list`')
    refused(server, "set", "nobody", "name=x", word="There is no client")
    refused(server, "show", status=2, word="takes one client id")
    refused(server, "set", "x", status=2, word="KEY=VALUE")
    refused(server, "remove", "x", status=2, word="there is no command of client")
    refused(server, "add", "x", "--redirct", REDIRECT, status=2, word='Did you mean "--redirect"')
    client = added(server)["client_id"]
    refused(server, "add", client, "--redirect", REDIRECT, word="already exists")
    refused(server, "delete", client, word="add --yes")
    assert client in [row["client_id"] for row in printed(server, "list")]


# Changes work without a restart


def test_a_new_client_is_accepted_by_the_running_server(server):
    client = added(server)
    assert accepts(server, client["client_id"], client["client_secret"])
    assert accepts(server, client["client_id"], client["client_secret"], basic=False)
    assert not accepts(server, client["client_id"], client["client_secret"][:-1] + "?")
    assert not accepts(server, "no-such-client", client["client_secret"])


def test_both_secrets_work_until_the_old_one_is_ended(server):
    first = added(server)
    client = first["client_id"]
    second = one(server, "secret", client)["client_secret"]
    assert accepts(server, client, first["client_secret"]) and accepts(server, client, second)
    secrets = one(server, "show", client)["secrets"]
    assert [s["expires"] is None for s in secrets] == [True, False] and all(s["created"] for s in secrets)
    third = one(server, "secret", client, "--now")["client_secret"]
    assert not accepts(server, client, first["client_secret"]) and not accepts(server, client, second)
    assert accepts(server, client, third)


def test_a_narrowed_method_applies_at_once(server):
    client = added(server)
    pair = client["client_id"], client["client_secret"]
    server.command("client", "set", client["client_id"], "auth_method=client_secret_post")
    assert not accepts(server, *pair) and accepts(server, *pair, basic=False)
    server.command("client", "set", client["client_id"], "auth_method=any")
    assert accepts(server, *pair)


def test_disabling_enabling_and_deleting_apply_at_once(server):
    client = added(server)
    pair = client["client_id"], client["client_secret"]
    assert one(server, "disable", client["client_id"])["changed"] and not accepts(server, *pair)
    assert not one(server, "disable", client["client_id"])["changed"]
    assert one(server, "show", client["client_id"])["disabled"]
    assert one(server, "enable", client["client_id"])["changed"] and accepts(server, *pair)
    assert one(server, "delete", client["client_id"], "--yes")["deleted"] and not accepts(server, *pair)
    refused(server, "show", client["client_id"], word="There is no client")


def test_a_client_that_becomes_confidential_needs_a_secret(server):
    client = added(server, "--public")["client_id"]
    result = server.command("client", "set", client, "public=no")
    assert result.returncode == 0 and f"`doubletour client secret {client}`" in result.stderr
    assert "no secret" in server.command("client", "show", client).stdout
    secret = one(server, "secret", client)["client_secret"]
    assert accepts(server, client, secret)
    server.command("client", "set", client, "public=yes")
    refused(server, "secret", client, word="is a public client")


def test_commands_and_refusals_are_audited(server):
    client = added(server)
    server.command("client", "secret", client["client_id"])
    server.command("client", "delete", client["client_id"], "--yes")
    accepts(server, client["client_id"], client["client_secret"])
    rows = [json.loads(line) for line in server.command("audit", "--json").stdout.splitlines()]
    commands = [row for row in rows if row["event"].startswith("admin.client-")][-3:]
    assert [row["event"] for row in commands] == ["admin.client-added", "admin.client-secret", "admin.client-deleted"]
    assert all(row["actor"].startswith("command") and row["client"] == client["client_id"] for row in commands)
    refusal = [row for row in rows if row["event"] == "client.refused"][-1]
    assert (refusal["outcome"], refusal["reason"], refusal["address"]) == ("refused", "client unknown", "127.0.0.1")
    assert refusal["client"] == "", "the text of an unauthenticated client is not stored"
    assert client["client_secret"] not in server.log()


# Claims that an application would get


def checked(server, *arguments, status=0):
    (row,) = printed(server, "check", *arguments, status=status)
    return row


def test_check_shows_the_claims_that_the_application_gets(server):
    alice = Person(server).full()
    server.command("user", "email", alice.name, "alice@example.org")
    server.command("user", "groups", alice.name, "staff,jellyfin-admins")
    client = added(server, "--consent", "never", "--claim", 'role = "admin" if group jellyfin-admins else "user"',
                   "--claim", 'quota = {"gb": 5} always')
    row = checked(server, client["client_id"], "--user", alice.name)  # before the first sign-in
    id_token, userinfo = code_flow(server, alice, client)
    assert row["passes"] and row["outcome"] == "passes" and row["warnings"] == []
    assert list(row["id_token"]) == list(id_token) and list(row["userinfo"]) == list(userinfo)
    differs = {"exp", "iat", "auth_time", "sid", "at_hash", "jti"}  # other values at each sign-in
    assert {k: v for k, v in row["id_token"].items() if k not in differs} == {k: v for k, v in id_token.items() if k not in differs}
    assert row["userinfo"] == userinfo and userinfo["role"] == "admin" and userinfo["quota"] == {"gb": 5}
    text = server.command("client", "check", client["client_id"], "--user", alice.name).stdout
    assert f"{alice.name} (jellyfin-admins,staff) passes.\n" in text and '"role": "admin"' in text


def test_check_warns_of_missing_claims(server):
    alice = Person(server, name="al@ice" + str(next(count))).full()
    client = added(server, "--claim", "a = 1 if group no-such-group", "--claim", "b = 1 if group no-such-group")["client_id"]
    warnings = checked(server, client, "--user", alice.name)["warnings"]
    for word in ("no e-mail address", "in no group", "has an @", "group no-such-group, and no account is in it"):
        assert len([w for w in warnings if word in w]) == 1, (word, warnings)
    server.command("client", "set", client, "scopes=openid", "claims=")
    assert checked(server, client, "--user", alice.name)["warnings"] == []
    server.command("client", "disable", client)
    row = checked(server, client, "--user", alice.name, status=1)
    assert not row["passes"] and f"`doubletour client enable {client}`" in row["warnings"][0]
    server.command("client", "enable", client)
    server.command("user", "disable", alice.name)
    assert not checked(server, client, "--user", alice.name, status=1)["passes"]


def test_check_names_the_rule_that_decides(server, tmp_path):
    alice = Person(server).full()
    client = added(server)["client_id"]
    rules = tmp_path / "rules.yml"
    rules.write_text(f"rules:\n  - client: {client}\n    groups: [staff]\n    phishing_resistant: true\n"
                     f"  - client: {client}\n    networks: [192.0.2.0/24]\n")
    rules.chmod(0o644)

    def check(*more):
        result = server.command("client", "check", client, "--user", alice.name, *more, ACCESS_RULES=str(rules),
                                GATE_DOMAINS="example.org", PUBLIC_URL="https://login.example.org")
        return result.returncode, result.stdout.splitlines()[:2]

    assert check() == (1, [f"{alice.name} is refused: no rule matches.", "The application gets nothing.  After a sign-in that passes, it would get:"])
    assert check("--address", "192.0.2.7") == (0, [f"{rules}, line 5: two_factor", f"{alice.name} passes."])
    server.command("user", "groups", alice.name, "staff")
    assert check()[1] == [f"{rules}, line 2: two_factor, with a passkey", f"{alice.name} (staff) must use a passkey: a code is not enough."]
    assert check("--passkey")[0] == 0
    text = server.command("client", "check", client, "--user", alice.name).stdout
    assert text.startswith("No access rule names this application: both factors are required.\n")


def test_check_needs_a_client_and_an_account(server):
    client = added(server)["client_id"]
    refused(server, "check", client, status=2, word="--user NAME")
    refused(server, "check", client, "--user", "nobody", word="There is no account")
    refused(server, "check", "nobody", "--user", "nobody", word="There is no client")
    refused(server, "check", client, "--user", "nobody", "--address", "x", word="--address must be")


@pytest.mark.parametrize("change, word", [
    ("UPDATE oidc_clients SET redirect_uris = 'javascript:alert(1)'", "redirect_uris: javascript:alert(1) cannot be registered"),
    ("UPDATE oidc_clients SET client_id = 'a b'", "A client's id has"),
    ("UPDATE oidc_clients SET name = ''", "name must be"),
    ("UPDATE oidc_clients SET claims = 'sub = 1'", "claims: rule 1"),
    ("UPDATE oidc_clients SET scopes = 'profile'", "scopes must be openid"),
    ("UPDATE oidc_clients SET access_token_s = 0", "access_token must be 60 to 86400 seconds"),
    ("UPDATE oidc_clients SET public = 1, pkce_optional = 1", "needs PKCE"),
    ("UPDATE oidc_secrets SET secret_hash = substr(secret_hash, 1, 1)", "its hash has an unknown form"),
])
def test_check_of_the_database_reports_damaged_clients(make_server, change, word):
    server = make_server(start=False).init()
    assert server.command("client", "add", "app", "--redirect", REDIRECT).returncode == 0
    assert server.command("check").returncode == 0
    server.sql(change)
    result = server.command("check")
    assert result.returncode == 1 and word in result.stderr, result.stderr
