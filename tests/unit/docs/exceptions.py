"""Names that pages and comments may use though this repository does not define them, each with the reason.

A test fails when nobody uses an exception any more.
"""

import re

# Words that stand for any other in a path.
PLACEHOLDERS = re.compile(r"NNNN_name|NAME|ROOM|SUBJECT|FOLDER|OUT")

FLASK = "a file of the tutorial's Flask application, in the table of what replaces it"
AUTHELIA_DOCS = "a page of Authelia's repository: the source of a configuration"
HEADER = "a header of the C library"

RELEASED = "a released migration, whose text has a checksum, names a page by its place at that time"

PATHS = {
    "docs/throttling.md": RELEASED,
    "docs/gate.md": RELEASED,
    "manage.py": FLASK,
    "config.py": FLASK,
    "src/accounts/views.py": FLASK,
    "src/accounts/models.py": FLASK,
    "src/accounts/forms.py": FLASK,
    "src/core/views.py": FLASK,
    "bench.md": "what `make bench` writes",
    "FOLDER/login-fr.html": "what a program writes, in the example of its use",
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
    "items_count": "the length of the array `items`, in the explanation of templates",
    "NAME": "`NAME=value` says how a line of .env is written",
    "auto_sign_up": GRAFANA,
    "grafana.ini": APPLICATION,
    "app.ini": APPLICATION,
    "configuration.yaml": APPLICATION,
    "REVERSE_PROXY_TRUSTED_PROXIES": GITEA,
    "access_control": AUTHELIA,
    "default_policy": AUTHELIA,
    "domain_regex": AUTHELIA,
    "phone_number": AUTHELIA,
    "MON_AUTH": "a flag of OpenSSH's monitor",
    "sd_listen_fds": "a function of libsystemd, whose protocol is followed",
    "crypt_blowfish": "a library: the source of vectors",
    "no_new_privs": "an attribute of a process, see prctl(2)",
    "socket_file": EXAMPLE,
    "APP": "an application, in the help of proxy-config",
    "put_event": EXAMPLE,
    "wiki_example_org": "what is made of wiki.example.org",
    "random_hex": "a function of PyOTP",
    "limit_conn": PROXY,
    "auth_request": PROXY,
    "forward_auth": PROXY,
    "copy_headers": PROXY,
    "path_prefix": PROXY,
    "stream_idle_timeout": PROXY,
    "proxy_buffering": PROXY,
    "Remote_User": "a header that a browser makes up",
    "integrity_check": "a pragma of SQLite",
    "pg_dump": POSTGRESQL,
    "pg_reload_conf": POSTGRESQL,
    "search_path": POSTGRESQL,
    "synchronous_commit": POSTGRESQL,
    "synchronous_standby_names": POSTGRESQL,
    "audit_later": "a table that the page tells how to make",
    "PGPASSFILE": LIBPQ,
    "PGSERVICE": LIBPQ,
}
