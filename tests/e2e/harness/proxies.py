"""Real proxies with the configurations of `doubletour proxy-config`, a certificate authority, and an application."""

import base64
import hashlib
import http.server
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import urllib.parse

from harness.certificates import Authority
from harness.server import Server, free_port, wait_until
from harness.visitor import Visitor

APPS = ("wiki.example.org", "admin.example.org", "shop.example.net")
LOGIN = "login.example.org"
RULES = """\
rules:
  - domain: wiki.example.org
    path: ['/public/**']
    policy: bypass
  - domain: wiki.example.org
    methods: [OPTIONS]
    policy: bypass
  - domain: admin.example.org
    groups: [admins]
  - domain: admin.example.org
    policy: deny
  - domain: ['*.example.org', '*.example.net']
"""
KINDS = ("nginx", "caddy", "haproxy")


class Application(http.server.BaseHTTPRequestHandler):
    """Replies with the request as JSON.  Accepts the upgrade to websocket and says hello over it."""

    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self):
        if self.headers.get("Upgrade", "").lower() == "websocket" and "Sec-WebSocket-Key" in self.headers:
            return self._upgrade()
        if self.path == "/events":
            return self._stream_events()
        body = self._read_body()
        if self.path == "/upload":
            body = f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode()
        body = body.decode()
        text = json.dumps({"method": self.command, "path": self.path, "headers": self.headers.items(), "body": body}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = do_PROPFIND = do_FOO = do_GET

    def _read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _stream_events(self):
        """Send one event now and one more whenever the test asks for it; the test ends the stream."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(3):
            self.wfile.write(f"data: {number}\n\n".encode())
            self.server.next_event.acquire(timeout=60)
        self.close_connection = True

    def _upgrade(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        hello = ("hello " + self.headers.get("Remote-User", "nobody")).encode()
        self.wfile.write(bytes([0x81, len(hello)]) + hello)
        while byte := self.connection.recv(1):  # echoes each byte of the websocket
            self.wfile.write(byte)
        self.close_connection = True

    def log_message(self, *_):
        pass


class EchoServer(http.server.ThreadingHTTPServer):
    # The default is 5.  A connection beyond it looks open to the proxy, but its request stays unanswered for a minute.
    request_queue_size = 1024


class Echo:
    def __enter__(self):
        self.server = EchoServer(("127.0.0.1", 0), Application)
        self.server.next_event = threading.Semaphore(0)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Proxy:
    """nginx, caddy or haproxy in front of a server and an application."""

    printed_by_us = True

    def __init__(self, kind, server, echo, change=lambda text: text):
        self.kind, self.server, self.echo, self.change = kind, server, echo, change
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="doubletour-proxy-"))
        self.authority = Authority(self.home, (LOGIN, *APPS))
        self.port = int(server.environment["PUBLIC_URL"].rpartition(":")[2])
        self.process = None

    def printed(self, *more):
        certificate = self.authority.both if self.kind == "haproxy" else self.authority.certificate
        done = self.server.command("proxy-config", self.kind, "--listen", f"127.0.0.1:{self.port}", "--certificate", certificate, "--key", self.authority.key,
                                   "--lua-file", self.home / "doubletour.lua", *more, *(f"{app}=127.0.0.1:{self.echo.port}" for app in APPS))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def __enter__(self):
        text = self.change(self.printed())
        command = getattr(self, "_" + self.kind)(text)
        with open(self.home / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home,
                                            env={"PATH": "/usr/bin:/bin", "HOME": str(self.home), "XDG_DATA_HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home)})
        wait_until(self._listens_or_died, f"{self.kind} listens")
        assert self.process.poll() is None, (self.home / "log").read_text()
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        shutil.rmtree(self.home)

    def _listens_or_died(self):
        with socket.socket() as s:
            return self.process.poll() is not None or s.connect_ex(("127.0.0.1", self.port)) == 0

    def _nginx(self, text):
        user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
        folders = "".join(f"{kind}_temp_path {self.home}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.home / "conf").write_text(f"daemon off; worker_processes 2; {user} pid {self.home}/pid; error_log {self.home}/error; events {{ worker_connections 1024; }}\n"
                                        f"http {{ access_log off; {folders}\n{text} }}\n")
        return ["/usr/sbin/nginx", "-p", str(self.home), "-e", f"{self.home}/error", "-c", f"{self.home}/conf"]

    def _caddy(self, text):
        (self.home / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + text)
        return ["/usr/bin/caddy", "run", "--config", f"{self.home}/Caddyfile", "--adapter", "caddyfile"]

    def _haproxy(self, text):
        (self.home / "doubletour.lua").write_text(self.printed("--lua"))
        (self.home / "conf").write_text(text)
        return ["/usr/sbin/haproxy", "-db", "-f", f"{self.home}/conf"]

    # Connections

    def connect(self, host, timeout=60):
        context = ssl.create_default_context(cafile=str(self.authority.ca))
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=timeout), server_hostname=host)

    def public(self, host):
        return f"https://{host}:{self.port}"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def get(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def seen(self):
        """Return the headers that the application received: lower-case name → values."""
        found = {}
        for name, value in json.loads(self.body)["headers"]:
            found.setdefault(name.lower(), []).append(value)
        return found

    def __repr__(self):
        return f"<{self.status} {self.get('Location')} {self.body[:200]!r}>"


def exchange(stream, method, path, host, headers=(), body=b"", version="HTTP/1.1"):
    """Send one request with exactly these header lines over an open connection; return the reply."""
    lines = [f"{method} {path} {version}", f"Host: {host}", *(f"{name}: {value}" for name, value in headers)]
    if body or method in ("POST", "PUT"):
        lines.append(f"Content-Length: {len(body)}")
    stream.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    stream.flush()
    return read_answer(stream, method)


def check_headers_once(answer):
    """Check that no header and no cookie occurs twice in a reply, and that no proxy shows its version."""
    # Caddy adds its own
    headers = [(name, value) for name, value in answer.headers if answer.status != 101 or name.lower() != "server"]
    names = sorted(value.partition("=")[0] if name.lower() == "set-cookie" else name.lower() for name, value in headers)
    assert len(names) == len(set(names)), headers
    assert not any("/" in value for name, value in headers if name.lower() == "server" and not value.startswith("BaseHTTP")), headers


class Truncated(ConnectionError):
    """The connection was closed within a reply's body.

    Under load, this happens in Caddy for about one of ten thousand requests with a body.  Its HTTP client can close the
    connection to the application while the reply is still being read (golang/go issue 40747).
    """


def read_answer(stream, method="GET"):
    line = stream.readline()
    assert line, "the connection was closed"
    status = int(line.split()[1])
    headers = []
    while (line := stream.readline().strip()):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers.append((name, value.strip()))
    named = {name.lower(): value for name, value in headers}
    if method == "HEAD" or status in (101, 204, 304):
        body = b""
    elif "content-length" in named:
        length = int(named["content-length"])
        body = stream.read(length)
        if len(body) < length:
            raise Truncated(f"{len(body)} of {length} bytes of a body")
    elif named.get("transfer-encoding") == "chunked":
        body = b""
        while (size := int(stream.readline().split(b";")[0], 16)):
            body += stream.read(size)
            stream.readline()
        stream.readline()
    else:
        body = stream.read()
    return Answer(status, headers, body)


def make(home):
    port = free_port()
    server = Server(home, PUBLIC_URL=f"https://{LOGIN}:{port}", TRUSTED_PROXIES="127.0.0.1", GATE_DOMAINS="example.org,example.net",
                    ACCESS_RULES="access.conf")
    (server.work / "access.conf").write_text(RULES)
    return server


class Browser:
    """A user behind the proxy: signs in at the server, and opens applications through the proxy."""

    def __init__(self, proxy, person=None):
        self.proxy, self.person = proxy, person
        self.streams = {}

    def request(self, method, host, path, headers=(), body=b"", cookies=True, accept="text/html", retried=False, **more):
        """Send a request, and send it again if Caddy cuts its reply off: see Truncated."""
        if host not in self.streams:
            self.streams[host] = self.proxy.connect(host).makefile("rwb")
        sent = [("Accept", accept), *headers] if accept else list(headers)
        cookie = self.person.cookie_for(f"https://{host}/") if cookies and self.person else None
        if cookie:
            sent.append(("Cookie", f"a=b; __Secure-gate={cookie}; c=d"))
        try:
            answer = exchange(self.streams[host], method, path, f"{host}:{self.proxy.port}", sent, body, **more)
        except Truncated:
            del self.streams[host]
            if self.proxy.kind != "caddy" or retried:
                raise
            return self.request(method, host, path, headers, body, cookies, accept, retried=True, **more)
        except (AssertionError, ConnectionError):
            del self.streams[host]
            raise
        if (answer.get("Connection") or "").lower() == "close":
            del self.streams[host]
        if self.proxy.printed_by_us:
            check_headers_once(answer)
        return answer

    def get(self, path, host="wiki.example.org", **more):
        return self.request("GET", host, path, **more)


def enter(proxy, host="wiki.example.org", **facts):
    person = Visitor(proxy.server).full()
    for command, value in facts.items():
        assert proxy.server.command("user", command, person.name, value).returncode == 0
    url = proxy.public(host) + "/"
    assert person.follow_to("/gate?" + urllib.parse.urlencode({"rd": url})) == url
    return Browser(proxy, person)


def redirect_query(proxy, answer):
    parts = urllib.parse.urlsplit(answer.get("Location"))
    assert (parts.scheme, parts.netloc, parts.path) == ("https", f"{LOGIN}:{proxy.port}", "/gate"), answer
    return dict(urllib.parse.parse_qsl(parts.query))
