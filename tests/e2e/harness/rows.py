"""Returns rows of a PostgreSQL database in the form of sqlite3."""

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
