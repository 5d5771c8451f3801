"""Requests whose end two programs could see in different places, through nginx, Caddy and HAProxy as configured by us.

A row sends a request, a second request that may be inside the first, and a marker request, over one connection.  Each
request names itself in `next`, which the reply repeats in Location.  Each row has its own client address.  The proxy
adds this address in X-Forwarded-For to each request that it forwards; the inner request has no such field.  So if
Doubletour serves a request that the proxy did not forward as a request, the log has the address of the proxy for it.
"""

import re
import socket
import ssl

import pytest

from harness.proxies import KINDS, LOGIN, Echo, Proxy
from harness.server import Server, free_port, wait_until

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]

TIMEOUT = 5  # seconds for the next byte of a reply; after that a proxy that waits for more bytes is abandoned
FIRST, INNER, MARKER = "/language/en?next=/first", "/language/fr?next=/inner", "/language/en?next=/marker"


def make(home):
    return Server(home, PUBLIC_URL=f"https://{LOGIN}:{free_port()}", TRUSTED_PROXIES="127.0.0.1", GATE_DOMAINS="example.org,example.net",
                  LOG_LEVEL="debug")


@pytest.fixture(scope="module", params=KINDS)
def world(request, tmp_path_factory):
    with Echo() as echo, make(tmp_path_factory.mktemp(request.param)) as server, Proxy(request.param, server, echo) as proxy:
        yield proxy


# Rows: the head of the first request; the bytes after it; may a proxy see a separate request in them; why.

PORT = b"@PORT"  # has the length of a port
HOST = LOGIN.encode() + b":" + PORT
CRLF = b"\r\n"
inner = b"GET " + INNER.encode() + b" HTTP/1.1\r\nHost: " + HOST + b"\r\n\r\n"
marker = b"GET " + MARKER.encode() + b" HTTP/1.1\r\nHost: " + HOST + b"\r\n\r\n"
HIDDEN, OWN = False, True  # a malformed head is OWN too, because a proxy may repair it


def get(*fields, host=b"Host: " + HOST, target=FIRST.encode(), version=b"HTTP/1.1", method=b"GET"):
    lines = [method + b" " + target + b" " + version, *([host] if host else []), *fields]
    return CRLF.join(lines) + CRLF + CRLF


def chunked(body, extension=b"", trailer=b"", end=CRLF):
    size = f"{len(body):x}".encode()
    return (size + extension + end + body + CRLF if body else b"") + b"0" + extension + end + trailer + CRLF


def length(number):
    return b"Content-Length: " + str(number).encode()


LENGTH = length(len(inner))
CHUNKED = b"Transfer-Encoding: chunked"
EMPTY = chunked(b"")

ROWS = [
    # Two lengths of one body
    (get(), b"", HIDDEN, "a plain request"),
    (get(), inner, OWN, "three pipelined requests"),
    (get(LENGTH), inner, HIDDEN, "a body that looks like a request"),
    (get(length(0)), inner, OWN, "a length of 0, and more"),
    (get(LENGTH, CHUNKED), EMPTY + inner, OWN, "CL.TE: the coding counts, and the body is empty"),
    (get(CHUNKED, LENGTH), EMPTY + inner, OWN, "TE.CL: the coding counts, and the body is empty"),
    (get(CHUNKED, length(3)), chunked(inner), HIDDEN, "TE.CL: a length that ends within the first chunk"),
    (get(length(len(chunked(inner))), CHUNKED), chunked(inner), HIDDEN, "a length and a coding that agree"),
    (get(CHUNKED, length(0)), EMPTY + inner, OWN, "a coding and a length of 0"),
    (get(LENGTH, LENGTH), inner, HIDDEN, "the same length twice"),
    (get(LENGTH, length(0)), inner, HIDDEN, "two lengths, the first one larger"),
    (get(length(0), LENGTH), inner, HIDDEN, "two lengths, the last one larger"),
    (get(LENGTH + b", " + str(len(inner)).encode()), inner, HIDDEN, "the same length twice in a list"),
    (get(LENGTH + b", 0"), inner, HIDDEN, "two lengths in a list"),
    (get(LENGTH + b","), inner, HIDDEN, "a list of one length"),
    *[(get(b"Content-Length:" + sign % len(inner)), inner, HIDDEN, f"a length written as {sign!r}") for sign in (
        b" +%d", b" -%d", b" 0x%x", b" %d_0", b" %d.0", b" %d 0", b" %d;0", b" \"%d\"", b" %de0", b"\x0b%d", b"\xa0%d", b" 0_%d", b"\x0c%d", b" %d\x00", b" 0\x00%d")],
    (get(b"Content-Length: " + str(len(inner)).zfill(30).encode()), inner, HIDDEN, "a length with leading zeros"),
    (get(b"Content-Length:\t " + str(len(inner)).encode() + b" \t"), inner, HIDDEN, "a length with white space around it"),
    (get(b"Content-Length: " + str(2**64 + len(inner)).encode()), inner, HIDDEN, "a length beyond 64 bits"),
    (get(b"Content-Length: " + str(2**63).encode()), inner, HIDDEN, "a length beyond 63 bits"),
    (get(b"Content-Length:"), inner, OWN, "an empty length"),
    (get(b"Content_Length: " + str(len(inner)).encode()), inner, OWN, "a name with an underscore is not a length"),
    (get(b"Content-Length : " + str(len(inner)).encode()), inner, HIDDEN, "a space before the colon of a length"),
    (get(b"Content-Length\t: " + str(len(inner)).encode()), inner, HIDDEN, "a tab before the colon of a length"),
    (get(b" Content-Length: " + str(len(inner)).encode()), inner, OWN, "a space before a length"),
    (get(b"Content-Length: \r\n " + str(len(inner)).encode()), inner, OWN, "a folded length"),
    (get(b"X: y\r\n Content-Length: " + str(len(inner)).encode()), inner, OWN, "a length in a folded line"),
    (get(b"X: y\rContent-Length: " + str(len(inner)).encode()), inner, HIDDEN, "a length behind a bare CR"),
    (get(b"X: y\nContent-Length: " + str(len(inner)).encode()), inner, HIDDEN, "a length behind a bare LF"),
    (get(b"CONTENT-LENGTH: " + str(len(inner)).encode()), inner, HIDDEN, "a length in capitals"),
    # Spellings of the coding, each with a length that covers the inner request in part
    *[(get(b"Transfer-Encoding" + spelling, LENGTH), EMPTY + inner, OWN, f"a coding written as {spelling!r}, and a length") for spelling in (
        b": xchunked", b":\x0bchunked", b": chunked\x0b", b":\x00chunked", b" : chunked", b"\t: chunked", b": chunked, identity", b": identity", b": gzip, chunked",
        b": chunked, chunked", b": chunked;q=1", b": \"chunked\"", b":\n chunked", b":\r\n chunked", b": chunk", b":", b": \xa0chunked")],
    (get(b"Transfer_Encoding: chunked", LENGTH), inner, HIDDEN, "a name with an underscore is not a coding"),
    (get(b" Transfer-Encoding: chunked", LENGTH), inner, HIDDEN, "a space before a coding"),
    (get(b"X: y\nTransfer-Encoding: chunked", LENGTH), EMPTY + inner, OWN, "a coding behind a bare LF"),
    (get(b"X: y\rTransfer-Encoding: chunked", LENGTH), inner, HIDDEN, "a coding behind a bare CR"),
    (get(CHUNKED, b"Transfer-Encoding: identity"), EMPTY + inner, HIDDEN, "two codings, the last one identity"),
    (get(CHUNKED, b"Transfer-encoding: cow", LENGTH), EMPTY + inner, HIDDEN, "two codings, the last one unknown"),
    (get(CHUNKED, CHUNKED), EMPTY + inner, HIDDEN, "the coding twice"),
    (get(b"Transfer-Encoding: CHUNKED"), EMPTY + inner, OWN, "the coding in capitals"),
    (get(b"Transfer-Encoding:\tchunked\t"), EMPTY + inner, OWN, "tabs around the coding"),
    (get(CHUNKED, version=b"HTTP/1.0"), EMPTY + inner, HIDDEN, "a coding in HTTP/1.0"),
    # Chunks
    (get(CHUNKED), chunked(inner), HIDDEN, "a chunk that looks like a request"),
    (get(CHUNKED), chunked(inner, b";a=b"), HIDDEN, "chunk extensions"),
    (get(CHUNKED), chunked(inner, b';a="\r\n"'), HIDDEN, "a line end within a quoted chunk extension"),
    (get(CHUNKED), chunked(inner, end=b"\n"), HIDDEN, "chunk sizes that end in LF alone"),
    (get(CHUNKED), chunked(inner, b" "), HIDDEN, "a space behind a chunk size"),
    (get(CHUNKED), b"0x" + chunked(inner), HIDDEN, "a chunk size with 0x"),
    (get(CHUNKED), b"1" + b"0" * 16 + CRLF + inner, HIDDEN, "a chunk size beyond 64 bits"),
    (get(CHUNKED), b"-1\r\n" + inner, HIDDEN, "a chunk size below 0"),
    (get(CHUNKED), b"1\r\naXX0\r\n\r\n" + inner, HIDDEN, "a chunk longer than its size"),
    (get(CHUNKED, b"Trailer: X"), chunked(b"a=b", trailer=b"X: y\r\n") + inner, OWN, "a trailer"),
    (get(CHUNKED), chunked(b"a=b", trailer=LENGTH + CRLF) + inner, OWN, "a length in a trailer"),
    (get(CHUNKED), chunked(b"a=b", trailer=b"Host: evil.example\r\n") + inner, OWN, "a Host in a trailer"),
    # Lines
    (get().replace(CRLF, b"\n"), inner, OWN, "bare LF at each line"),
    (get(b"X: y").replace(CRLF, b"\n", 1), inner, OWN, "bare LF behind the request line"),
    (get(b"X: y")[:-4] + b"\n\r\n", inner, OWN, "bare LF behind the last field"),
    (get(b"X: y")[:-2] + b"\n", inner, OWN, "an empty line of LF alone"),
    (get(b"X: y").replace(CRLF, b"\r", 1), inner, HIDDEN, "bare CR behind the request line"),
    (get(b"X: y")[:-4] + b"\r\r\n\r\n", inner, OWN, "CR CR LF behind a field"),
    (get(b"X: y\r\r\n" + LENGTH), inner, HIDDEN, "CR CR LF before a length"),
    (get(b"X: a\x00b"), inner, OWN, "NUL in a value"),
    (get(b"X\x00: b"), inner, OWN, "NUL in a name"),
    (get(b"X: y\r\n folded"), inner, OWN, "a folded line"),
    (get(b"\tX: y"), inner, OWN, "a first field that begins with a tab"),
    (get(b": y"), inner, OWN, "an empty name"),
    (get(b":"), inner, OWN, "a line of a colon"),
    (get(b"X"), inner, OWN, "a line without a colon"),
    (get(b"X y: z"), inner, OWN, "a space in a name"),
    (get(b"X(): z"), inner, OWN, "a name that is not a token"),
    (get(b"X:\t y \t"), inner, OWN, "white space around a value"),
    (get(b"X: \xff\x80"), inner, OWN, "bytes beyond ASCII in a value"),
    (CRLF + get(), inner, OWN, "an empty line before the request"),
    (CRLF + CRLF + get(), inner, OWN, "two empty lines before the request"),
    (b" " + get(), inner, OWN, "a space before the request"),
    (get(b"X: " + b"y" * 15_000), inner, OWN, "a value of 15,000 bytes"),
    (get(b"X: " + b"y" * 40_000), inner, OWN, "a value of 40,000 bytes"),
    (get(*[b"X-%d: y" % n for n in range(90)]), inner, OWN, "91 fields"),
    (get(*[b"X-%d: y" % n for n in range(101)]), inner, OWN, "102 fields"),
    # Host and target
    (get(b"Host: evil.example"), inner, OWN, "two hosts"),
    (get(b"Host: " + HOST), inner, OWN, "the same host twice"),
    (get(host=None), inner, OWN, "no host"),
    (get(host=b"Host:"), inner, OWN, "an empty host"),
    *[(get(host=b"Host: " + spelling), inner, OWN, f"Host: {spelling.decode('latin-1')!r}") for spelling in (
        b"user@" + HOST, HOST + b"/", HOST + b"?x", HOST + b", evil.example", HOST + b" evil.example", HOST + b"#@evil.example", HOST + b":80:80", HOST + b"0000",
        b"[::1]", b"evil.example", HOST + b"\\", b"login.example.org:", b"login.example.org.", b"LOGIN.example.org", b"login.example.org:x")],
    (get(host=b"Host : " + HOST), inner, OWN, "a space before the colon of Host"),
    (get(target=b"https://evil.example" + FIRST.encode()), inner, OWN, "an absolute target of another authority"),
    (get(target=b"https://" + HOST + FIRST.encode()), inner, OWN, "an absolute target"),
    (get(target=b"http://" + HOST + FIRST.encode(), host=b"Host: evil.example"), inner, OWN, "an absolute target, and another Host"),
    (get(target=b" " + FIRST.encode()), inner, OWN, "two spaces before the target"),
    (get(target=FIRST.encode() + b" "), inner, OWN, "two spaces behind the target"),
    (get(target=FIRST.encode() + b"\tx"), inner, OWN, "a tab in the target"),
    (get(target=FIRST.encode() + b" HTTP/1.1\tx"), inner, OWN, "a version in the target"),
    (get(target=FIRST.encode() + b"#x"), inner, OWN, "a fragment"),
    (get(target=FIRST.encode() + b"&\xff"), inner, OWN, "a byte beyond ASCII in the target"),
    (get(target=b"*"), inner, OWN, "an asterisk as the target"),
    (get(target=b"language/en"), inner, OWN, "a target without a slash"),
    (get(method=b"CONNECT", target=b"evil.example:443"), inner, OWN, "a tunnel"),
    (get(method=b"GE T"), inner, OWN, "a space in the method"),
    (get(method=b"get"), inner, OWN, "a method in small letters"),
    (get(version=b"HTTP/1.2"), inner, OWN, "HTTP/1.2"),
    (get(version=b"HTTP/1.0"), inner, OWN, "HTTP/1.0"),
    (get(b"Connection: keep-alive", version=b"HTTP/1.0"), inner, OWN, "HTTP/1.0 kept alive"),
    (get(version=b"HTTP/2.0"), inner, OWN, "HTTP/2.0"),
    (get(version=b"HTTP/01.1"), inner, OWN, "a version with two digits"),
    (get(version=b"http/1.1"), inner, OWN, "a version in small letters"),
    (b"GET " + FIRST.encode() + CRLF, inner, OWN, "HTTP/0.9"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", inner, HIDDEN, "the preface of HTTP/2"),
    # Hop-by-hop fields
    (get(LENGTH, b"Expect: 100-continue"), inner, HIDDEN, "an expectation with its body"),
    (get(b"Expect: 100-continue"), inner, OWN, "an expectation without a body"),
    (get(length(0), b"Expect: 100-continue"), inner, OWN, "an expectation with an empty body"),
    (get(CHUNKED, b"Expect: 100-continue"), chunked(inner), HIDDEN, "an expectation with chunks"),
    (get(LENGTH, b"Expect: nonsense"), inner, HIDDEN, "another expectation"),
    *[(get(LENGTH, b"Connection: " + names), inner, HIDDEN, f"Connection: {names.decode()}") for names in (
        b"Content-Length", b"keep-alive, Content-Length", b"Host", b"close, Content-Length", b"Transfer-Encoding", b"X-Forwarded-For", b"close", b"Upgrade")],
    (get(CHUNKED, b"Connection: Transfer-Encoding"), chunked(inner), HIDDEN, "Connection names the coding"),
    (get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"), inner, OWN, "an upgrade to h2c"),
    (get(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=="), inner, OWN, "an upgrade to a websocket"),
    (get(b"Connection: close"), inner, HIDDEN, "a request that closes, and more"),
    (get(method=b"HEAD"), inner, OWN, "HEAD, and more"),
    (get(LENGTH, method=b"HEAD"), inner, HIDDEN, "HEAD with a body"),
    (get(LENGTH, method=b"OPTIONS"), inner, HIDDEN, "OPTIONS with a body"),
    (get(LENGTH, b"Content-Type: application/x-www-form-urlencoded", method=b"POST", target=b"/login"), inner, HIDDEN, "a form that looks like a request"),
    (get(length(60_000), b"Content-Type: application/x-www-form-urlencoded", method=b"POST", target=b"/login"), (inner * 2000)[:60_000], HIDDEN, "a form that is too large"),
]


class Client:
    """One connection to the proxy, from an address that is unique to its row."""

    def __init__(self, proxy, row):
        self.port = b"%05d" % proxy.port
        plain = socket.create_connection(("127.0.0.1", proxy.port), TIMEOUT, (address(row), 0))
        # the request does not wait until the handshake is acknowledged
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = ssl.create_default_context(cafile=str(proxy.authority.ca))
        self.socket = context.wrap_socket(plain, server_hostname=LOGIN)
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data.replace(PORT, self.port))
        except OSError:
            pass  # refused before all bytes were sent

    def answers(self, last, methods):
        """Return (status, name in Location) of each reply, until the last expected one or the end of the connection."""
        replies = []
        try:
            while not replies or replies[-1][1] != last:
                status, headers = self._head()
                if status == 100:
                    continue
                replies.append((status, headers.get("location")))
                method = methods[min(len(replies), len(methods)) - 1]
                self._body(headers, method, status)
        except (OSError, ValueError, IndexError):
            pass
        return replies

    def _head(self):
        line = self.stream.readline().split()
        if not line[0].startswith(b"HTTP/1."):
            raise ValueError(line)
        headers = {}
        while field := self.stream.readline().strip():
            name, _, value = field.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return int(line[1]), headers

    def _body(self, headers, method, status):
        if method == "HEAD" or status in (204, 304):
            return
        if headers.get("transfer-encoding") == "chunked":
            while size := int(self.stream.readline().split(b";")[0], 16):
                self.stream.read(size + 2)
            self.stream.readline()
        else:
            self.stream.read(int(headers["content-length"])) if "content-length" in headers else self.stream.read()


def served(log):
    """Return {address: (path, status) of each request that Doubletour answered, in order}."""
    found = {}
    for line in log.splitlines():
        if match := re.search(r"\brequest id=.* path=\"?([^\" ]*)\"? status=(\d+) .*address=(\S+)", line):
            found.setdefault(match[3], []).append((match[1], int(match[2])))
    return found


def address(row):
    return f"127.1.{row // 200}.{row % 200 + 1}"


CONTROL = 2000  # rows from here on are the clients that follow a row


def in_order(replies, sent):
    rest = iter(sent)
    return all(each in rest for each in replies)


def try_row(proxy, row, first, body):
    with Client(proxy, row) as client:
        client.send(first + body + marker)
        return client.answers("/marker", [first.split()[0].decode("latin-1"), "GET", "GET"])


def try_control(proxy, row):
    """No bytes are left between the proxy and Doubletour: the next client gets its own reply."""
    with Client(proxy, CONTROL + row) as client:
        client.send(get(target=b"/language/en?next=/control-%d" % row))
        return client.answers(f"/control-{row}", ["GET"])


def places(replies):
    return [where for _, where in replies if where is not None]


def too_many(requests, own):
    """Did Doubletour serve more requests than the client sent, in the proxy's reading?  Or did it fail with a 5xx?"""
    inners = [path for path, _ in requests if path == "/language/fr"]
    return len(requests) > 2 + own or len(inners) > own or any(status >= 500 for _, status in requests)


@pytest.mark.one_row
def test_doubletour_serves_only_what_its_proxy_forwards(world):
    replies, wrong = [], []
    for row, (first, body, own, why) in enumerate(ROWS):
        replies.append(try_row(world, row, first, body))
        control = try_control(world, row)
        if not in_order(places(replies[row]), ["/first", *(["/inner"] if own else []), "/marker"]) or control != [(303, f"/control-{row}")]:
            wrong.append((why, replies[row], control))
    assert not wrong, wrong

    def logged():
        """Each request whose reply the client has is in the log."""
        found = served(world.server.log())
        return all(len(found.get(address(row), ())) >= len(places(replies[row])) for row in range(len(ROWS))) and found

    found = wait_until(logged, "all requests are in the log")
    unforwarded = [(path, status) for path, status in found.pop("127.0.0.1", ()) if status < 400 and path != "/healthz"]
    wrong = [(why, found.get(address(row))) for row, (_, _, own, why) in enumerate(ROWS) if too_many(found.get(address(row), ()), own)]
    assert not unforwarded and not wrong, (unforwarded, wrong)


def test_the_table_has_no_row_twice():
    whys = [row[-1] for row in ROWS]
    assert len(set(whys)) == len(whys) >= 100
