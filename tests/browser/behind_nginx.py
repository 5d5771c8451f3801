"""nginx in front of the server and of an application, under names that Chromium resolves to this machine."""

import contextlib

from harness.proxies import LOGIN, Echo, Proxy
from harness.server import Server, free_port

# Options of Chromium.
HOSTS = ("--host-resolver-rules=MAP *.example.org 127.0.0.1, MAP *.example.net 127.0.0.1", "--ignore-certificate-errors")


class Front:
    """The server under its public URL."""

    def __init__(self, proxy):
        self.origin, self.clock = proxy.public(LOGIN), proxy.server.clock


@contextlib.contextmanager
def behind_nginx(home, rules, files):
    """Start both; nginx's port replaces PORT in the access rules.  `files`: name → text, written beside the rules."""
    port = free_port()
    server = Server(home, PUBLIC_URL=f"https://{LOGIN}:{port}", TRUSTED_PROXIES="127.0.0.1", GATE_DOMAINS="example.org,example.net",
                    ACCESS_RULES="access.conf", CONTACT="help@example.org")
    for name, text in {**files, "access.conf": rules.replace("PORT", str(port))}.items():
        (server.work / name).write_text(text)
    with Echo() as echo, server, Proxy("nginx", server, echo) as proxy:
        yield proxy
