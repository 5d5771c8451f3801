"""Many simultaneous requests: all bytes except the last are sent first, then the last bytes of all requests."""

import selectors
import socket
import time
from urllib.parse import urlencode, urlsplit

from harness.server import TIMEOUT, wait_until


def form_bytes(server, path, fields, cookies, more=None):
    body = urlencode(fields).encode()
    head = [
        f"POST {path} HTTP/1.1",
        f"Host: {urlsplit(server.origin).netloc}",
        f"Origin: {server.origin}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        "Cookie: " + "; ".join(f"{n}={v}" for n, v in cookies.items()),
        *(f"{n}: {v}" for n, v in (more or {}).items()),
        "Connection: close",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class Answer:
    def __init__(self, received, seconds):
        head, _, self.body = received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if received else 0  # 0: closed without a reply
        self.headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
        self.seconds = seconds

    @property
    def location(self):
        return self.headers.get("location")

    def __repr__(self):
        return f"{self.status} → {self.location}"


def unread_bytes(clients):
    """Return the bytes of these connections that are on their way to the server, or that it has not read yet."""
    ports = {s.getsockname()[1] for s in clients}
    count = 0
    with open("/proc/net/tcp") as f:
        for _, local, remote, _, queues, *_ in (line.split() for line in f.readlines()[1:]):
            unacknowledged, unread = (int(n, 16) for n in queues.split(":"))
            count += unacknowledged if int(local.split(":")[1], 16) in ports else 0
            count += unread if int(remote.split(":")[1], 16) in ports else 0
    return count


class Together:
    """send() sends the requests, wait() collects the replies in the order of the requests.

    With several servers, each gets a request in turn.
    """

    def __init__(self, server, requests):
        servers = server if isinstance(server, (list, tuple)) else [server]
        self.requests = requests
        self.sockets = []
        for number, request in enumerate(requests):
            s = socket.create_connection(("127.0.0.1", servers[number % len(servers)].port), timeout=TIMEOUT)
            s.sendall(request[:-1])
            self.sockets.append(s)
        self.received = [b""] * len(requests)
        self.seconds = [0.0] * len(requests)
        self.waiting = selectors.DefaultSelector()

    def send(self):
        for number, (s, request) in enumerate(zip(self.sockets, self.requests)):
            s.sendall(request[-1:])
            self.waiting.register(s, selectors.EVENT_READ, number)
        self.sent = time.monotonic()
        return self

    def read(self):
        """Wait until the server has read every request.  One of its threads may start later than the others."""
        wait_until(lambda: unread_bytes(self.sockets) == 0, "the server has read all requests")
        return self

    def wait(self, count=None):
        """Wait until `count` requests are answered; without a count, until all are."""
        count = len(self.requests) if count is None else count
        while len(self.requests) - len(self.waiting.get_map()) < count:
            ready = self.waiting.select(TIMEOUT)
            assert ready, f"no answer within {TIMEOUT} s"
            for key, _ in ready:
                self._read(key.fileobj, key.data)
        return [Answer(r, t) for r, t in zip(self.received, self.seconds)]

    def _read(self, s, number):
        try:
            more = s.recv(65536)
        except ConnectionResetError:
            more = b""
        self.received[number] += more
        if not more:
            self.seconds[number] = time.monotonic() - self.sent
            self.waiting.unregister(s)
            s.close()


def together(server, requests):
    return Together(server, requests).send().wait()
