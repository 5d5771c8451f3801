"""A server that listens on a Unix socket, and an adapter through which `requests` reaches it."""

import contextlib
import socket
import urllib.parse

import requests.adapters
import urllib3

from harness.server import Server


class _Connection(urllib3.connection.HTTPConnection):
    path = None

    def _new_conn(self):
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(str(self.path))
        return stream

    def connect(self):
        self.sock = self._new_conn()


class UnixAdapter(requests.adapters.HTTPAdapter):
    """Connects to this socket for every URL."""

    def __init__(self, path):
        self.path = path
        super().__init__()

    def _pool(self, url):
        parts = urllib.parse.urlsplit(url)
        pool = urllib3.HTTPConnectionPool(parts.hostname, parts.port)
        pool.ConnectionCls = type("Connection", (_Connection,), {"path": self.path})
        return pool

    def get_connection(self, url, proxies=None):
        return self._pool(url)

    def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):
        return self._pool(request.url)


class UnixServer(Server):
    def __init__(self, home, path=None, **settings):
        super().__init__(home, **settings)
        self.path = path or self.home / "web.sock"
        self.environment["LISTEN"] = f"unix:{self.path}"
        self.adapter = UnixAdapter(self.path)

    def serves(self):
        http = requests.Session()
        http.mount("http://", self.adapter)
        try:
            return http.get(self.origin + "/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def listening(self):
        with socket.socket(socket.AF_UNIX) as stream, contextlib.suppress(OSError):
            stream.connect(str(self.path))
            return True
        return False
