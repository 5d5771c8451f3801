"""Rows of databases: those of PostgreSQL in the form of sqlite3, and rows that no page makes."""

import contextlib


def _plain(value):
    return bytes(value) if isinstance(value, memoryview) else value


def postgres_rows(url, statement, values=()):
    import psycopg2

    with contextlib.closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement.replace("%", "%%").replace("?", "%s") if values else statement, values or None)
        if cursor.description is None:
            return []
        return [tuple(_plain(value) for value in row) for row in cursor.fetchall()]


def add_passkeys(server, name=""):
    """Give this account, or each one that has an authenticator, a passkey that no device has, made for `localhost`."""
    server.sql("INSERT INTO factors (id, account_id, kind, secret_sealed, digits, created_at_us, confirmed_at_us) "
               "SELECT -f.id, account_id, 'passkey', secret_sealed, 0, 1, 1 FROM factors f JOIN accounts a ON a.id = f.account_id "
               "WHERE kind = 'totp' AND ? IN ('', a.name)", name)
    server.sql("INSERT INTO passkeys (factor_id, credential_id, rp_id, sign_count, uv_initialized, backup_eligible, backed_up, transports, "
               "aaguid, last_challenge_us) SELECT id, secret_sealed, 'localhost', 0, 1, 0, 0, '', secret_sealed, 0 FROM factors WHERE kind = 'passkey'")
