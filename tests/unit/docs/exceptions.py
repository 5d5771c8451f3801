"""Names that pages and comments may use although this repository does not define them, each with the reason.

A test fails when an exception is no longer used.
"""

import re

# Placeholders in paths.
PLACEHOLDERS = re.compile(r"NNNN_name|NAME|ROOM|SUBJECT|FOLDER|OUT")

FLASK = "a file of the tutorial's Flask application, in the table of what replaces it"
AUTHELIA_DOCS = "a page of Authelia's repository: the source of a configuration"
HEADER = "a header of the C library"

RELEASED = "the former path of a page, in a released migration, whose text has a checksum"

PATHS = {
    "docs/throttling.md": RELEASED,
    "docs/gate.md": RELEASED,
    "manage.py": FLASK,
    "config.py": FLASK,
    "src/accounts/views.py": FLASK,
    "src/accounts/models.py": FLASK,
    "src/accounts/forms.py": FLASK,
    "src/core/views.py": FLASK,
    "bench.md": "the output of `make bench`",
    "FOLDER/login-fr.html": "the output of a program, in the example of its use",
    "FOLDER/login-error-en.html": "the same",
    "program.c": "the reader's own program, in the manual of the library",
    "contrib/steam.py": "a file of PyOTP: the source of an alphabet",
    "wrapper.c": "a file of crypt_blowfish: the source of vectors",
    "src/include/catalog/pg_type.dat": "a file of PostgreSQL: the source of its type numbers",
    "sysexits.h": HEADER,
    "limits.h": HEADER,
    "docs/content/integration/proxies": AUTHELIA_DOCS,
    "docs/content/en/integration/proxies": AUTHELIA_DOCS,
    "nginx.md": AUTHELIA_DOCS,
    "caddy.md": AUTHELIA_DOCS,
    "haproxy.md": AUTHELIA_DOCS,
}

CONVENTION = "a rule for names, not a name"
EXAMPLE = "a name in an example of use"
PLACEHOLDER = "NAME stands for the page, the question or the kind"
LIBOATH = "a function of liboath, which the page compares with the OTP library"
LIBSYSTEMD = "a function of libsystemd, whose protocol Doubletour implements"
NOTIFY = "a part of a message to the service manager"
AUTHELIA = "a key of Authelia's configuration"
POSTGRESQL = "a setting, function or program of PostgreSQL"
LIBPQ = "a variable that libpq reads"
PROXY = "a directive of nginx, Caddy, HAProxy or Envoy"
GRAFANA = "a key of Grafana's configuration"
GITEA = "a key of Gitea's configuration"
APPLICATION = "a file of Grafana, Gitea or Home Assistant, in the recipe for it"

IDENTIFIERS = {
    "module_object_verb": CONVENTION,
    "ret_x": CONVENTION,
    "_wipe": CONVENTION,
    "NAME_answer": PLACEHOLDER,
    "page_NAME": PLACEHOLDER,
    "factor_kind_NAME": PLACEHOLDER,
    "SQL_WHAT_IT_DOES": PLACEHOLDER,
    "what_it_does_row": PLACEHOLDER,
    "post_logout_redirect_uris": "a name of OpenID Connect",
    "oidc_key": "a row of queries",
    "oidc_key_times": "a row of queries",
    "insecure_secret": "the password of a digest",
    "items_count": "the length of the array `items`, in the explanation of templates",
    "NAME": "`NAME=value` shows the form of a line of .env",
    "auto_sign_up": GRAFANA,
    "grafana.ini": APPLICATION,
    "app.ini": APPLICATION,
    "configuration.yaml": APPLICATION,
    "REVERSE_PROXY_TRUSTED_PROXIES": GITEA,
    "access_control": AUTHELIA,
    "default_policy": AUTHELIA,
    "domain_regex": AUTHELIA,
    "authorization_policies": AUTHELIA,
    "claims_policy": AUTHELIA,
    "claims_policies": AUTHELIA,
    "sector_identifier_uri": AUTHELIA,
    "request_uris": AUTHELIA,
    "private_key_jwt": AUTHELIA,
    "client_secret_jwt": AUTHELIA,
    "phone_number": AUTHELIA,
    "MON_AUTH": "a flag of OpenSSH's monitor",
    "EXTEND_TIMEOUT_USEC": NOTIFY,
    "sd_listen_fds": LIBSYSTEMD,
    "sd_notify": LIBSYSTEMD,
    "sd_watchdog_enabled": LIBSYSTEMD,
    "READY": NOTIFY,
    "RELOADING": NOTIFY,
    "STOPPING": NOTIFY,
    "WATCHDOG": NOTIFY,
    "crypt_blowfish": "a library: the source of vectors",
    "no_new_privs": "an attribute of a process (prctl(2))",
    "socket_file": EXAMPLE,
    "APP": "an application, in the help of proxy-config",
    "put_event": EXAMPLE,
    "expires_in": "a member of the answer of the token endpoint",
    "wiki_example_org": "a name derived from wiki.example.org",
    "random_hex": "a function of PyOTP",
    "oath_strerror": LIBOATH,
    "oath_base32_decode": LIBOATH,
    "oath_hex2bin": LIBOATH,
    "oath_totp_validate4": LIBOATH,
    "oath_hotp_validate": LIBOATH,
    "oath_totp_validate4_callback": LIBOATH,
    "oath_authenticate_usersfile": LIBOATH,
    "g_continue": "a parameter of Glewlwyd, which the benchmark sends",
    "limit_conn": PROXY,
    "auth_request": PROXY,
    "forward_auth": PROXY,
    "copy_headers": PROXY,
    "path_prefix": PROXY,
    "stream_idle_timeout": PROXY,
    "proxy_buffering": PROXY,
    "Remote_User": "a forged header of a client",
    "integrity_check": "a pragma of SQLite",
    "pg_dump": POSTGRESQL,
    "pg_reload_conf": POSTGRESQL,
    "search_path": POSTGRESQL,
    "synchronous_commit": POSTGRESQL,
    "synchronous_standby_names": POSTGRESQL,
    "audit_later": "a table that the page shows how to create",
    "PGPASSFILE": LIBPQ,
    "PGSERVICE": LIBPQ,
}
