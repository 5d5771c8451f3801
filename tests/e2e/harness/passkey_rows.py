"""Rows of passkeys that no device has, for tests of migrations and copies."""


def with_a_passkey(server, name=""):
    """Give this account, or each one, a passkey; return the number of authenticators."""
    server.sql("INSERT INTO factors (id, account_id, kind, secret_sealed, digits, created_at_us, confirmed_at_us) "
               "SELECT -f.id, account_id, 'passkey', secret_sealed, 0, 1, 1 FROM factors f JOIN accounts a ON a.id = f.account_id "
               "WHERE kind = 'totp' AND ? IN ('', a.name)", name)
    server.sql("INSERT INTO passkeys (factor_id, credential_id, rp_id, sign_count, uv_initialized, backup_eligible, backed_up, transports, "
               "aaguid, last_challenge_us) SELECT id, secret_sealed, 'localhost', 0, 1, 0, 0, '', secret_sealed, 0 FROM factors WHERE kind = 'passkey' "
               "AND id NOT IN (SELECT factor_id FROM passkeys)")
    return kinds(server)["totp"]


def kinds(server):
    """Return the number of factors of each kind."""
    return dict(server.sql("SELECT kind, count(*) FROM factors GROUP BY kind"))
