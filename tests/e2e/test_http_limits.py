"""Bytes that no well-behaved client sends: the reply is a 4xx, never a 5xx, and the server continues."""

import concurrent.futures
import contextlib
import socket
import time

import pytest

from harness import Server, raw

pytestmark = pytest.mark.without_postgres

FORM = "Content-Type: application/x-www-form-urlencoded"


def request(server, line, *headers, body=b""):
    head = "\r\n".join([line, f"Host: 127.0.0.1:{server.port}", *headers, "", ""])
    return raw(server, head.encode("latin-1") + body)


# name, request line, further headers, body, status
REFUSED = [
    ("a body in chunks", "POST /login HTTP/1.1", [FORM, "Transfer-Encoding: chunked"], b"0\r\n\r\n", 411),
    ("another coding", "POST /login HTTP/1.1", [FORM, "Transfer-Encoding: gzip"], b"", 400),
    ("two codings", "POST /login HTTP/1.1", [FORM, "Transfer-Encoding: gzip, chunked"], b"0\r\n\r\n", 400),
    ("chunks in HTTP/1.0", "POST /login HTTP/1.0", [FORM, "Transfer-Encoding: chunked"], b"0\r\n\r\n", 400),
    ("both lengths, chunks first", "POST /login HTTP/1.1", [FORM, "Transfer-Encoding: chunked", "Content-Length: 5"], b"0\r\n\r\n", 400),
    ("both lengths", "POST /login HTTP/1.1", [FORM, "Content-Length: 0", "Transfer-Encoding: chunked"], b"0\r\n\r\n", 400),
    ("two lengths", "POST /login HTTP/1.1", [FORM, "Content-Length: 3", "Content-Length: 3"], b"a=1", 400),
    ("a length that is not a number", "POST /login HTTP/1.1", [FORM, "Content-Length: three"], b"a=1", 400),
    ("two hosts", "GET /login HTTP/1.1", ["Host: evil.example"], b"", 400),
    ("a folded header", "GET /login HTTP/1.1", ["X-A: 1", " 2"], b"", 400),
    ("a bare CR in a header", "GET /login HTTP/1.1", ["X-A: 1\r2"], b"", 400),
    ("a bare LF in a header", "GET /login HTTP/1.1", ["X-A: 1\nX-B: 2"], b"", 400),
    ("a NUL in a header", "GET /login HTTP/1.1", ["X-A: 1\0"], b"", 400),
    ("a NUL in the path", "GET /log\0in HTTP/1.1", [], b"", 400),
    ("a control byte in the path", "GET /log\x01in HTTP/1.1", [], b"", 400),
    ("no path", "GET login HTTP/1.1", [], b"", 400),
    ("the server as a whole", "OPTIONS * HTTP/1.1", [], b"", 400),
    ("a tunnel", "CONNECT evil.example:443 HTTP/1.1", [], b"", 400),
    ("a path over 9 KiB", "GET /" + "a" * 9216 + " HTTP/1.1", [], b"", 414),
    ("a path of 200 kB", "GET /" + "a" * 200_000 + " HTTP/1.1", [], b"", 414),
    ("a head over 16 KiB", "GET /login HTTP/1.1", ["X-A: " + "a" * 16384], b"", 431),
    ("a head of 200 kB", "GET /login HTTP/1.1", ["X-A: " + "a" * 200_000], b"", 431),
    ("101 headers", "GET /login HTTP/1.1", ["X-A: 1"] * 100, b"", 431),
    ("a body over 16 KiB", "POST /account/profile HTTP/1.1", [FORM, "Content-Length: 16385"], b"a" * 16385, 413),
    ("a body of 1 MB", "POST /login HTTP/1.1", [FORM, "Content-Length: 1000000"], b"a" * 1_000_000, 413),
    ("a body that never arrives", "POST /login HTTP/1.1", [FORM, "Content-Length: 99999999999"], b"", 413),
    ("JSON", "POST /login HTTP/1.1", ["Content-Type: application/json", "Content-Length: 2"], b"{}", 415),
    ("multipart", "POST /login HTTP/1.1", ["Content-Type: multipart/form-data; boundary=x", "Content-Length: 2"], b"--", 415),
    ("a field twice", "POST /login HTTP/1.1", [FORM, "Content-Length: 21"], b"username=a&username=b", 400),
    ("33 fields", "POST /login HTTP/1.1", [FORM, "Content-Length: 131"], b"&".join(b"f%02d" % i for i in range(33)), 400),
    ("a bad percent", "POST /login HTTP/1.1", [FORM, "Content-Length: 11"], b"username=%z", 400),
    ("a value that is not UTF-8", "POST /login HTTP/1.1", [FORM, "Content-Length: 12"], b"username=%ff", 400),
    ("another method", "DELETE /login HTTP/1.1", [], b"", 405),
]


@pytest.mark.parametrize("line,headers,body,status", [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_malformed_requests_are_refused(server, line, headers, body, status):
    answer = request(server, line, *headers, body=body)
    assert answer is not None
    assert answer[0] == status
    assert request(server, "GET /healthz HTTP/1.1", "Connection: close")[0] == 200


def test_a_refusal_is_a_full_page_with_all_headers(server):
    status, headers, body = request(server, "POST /account/profile HTTP/1.1", FORM, "Content-Length: 20000", body=b"a" * 20000)
    assert status == 413
    assert headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["connection"] == "close"
    assert b"<h1" in body


def everything_said(server, request):
    """Return all bytes until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as s:
        s.sendall(request)
        received = b""
        while more := s.recv(65536):
            received += more
    return received


@pytest.mark.parametrize("headers,status", [(["Transfer-Encoding: chunked"], b"411"), (["Content-Length: 5", "Transfer-Encoding: chunked"], b"400"),
                                            (["Transfer-Encoding: chunked", "Content-Length: 60"], b"400"), (["Transfer-Encoding: identity"], b"400")])
def test_a_request_behind_a_refused_body_is_not_answered(server, headers, status):
    host = f"Host: 127.0.0.1:{server.port}"
    smuggled = f"GET /robots.txt HTTP/1.1\r\n{host}\r\n\r\n"
    head = "\r\n".join(["POST /login HTTP/1.1", host, FORM, *headers, "", ""])
    said = everything_said(server, (head + "0\r\n\r\n" + smuggled).encode())
    assert said.startswith(b"HTTP/1.1 " + status) and said.count(b"HTTP/1.1 ") == 1
    assert b"Disallow" not in said


def test_a_refused_chunked_body_is_explained_by_a_sentence(server):
    status, headers, body = request(server, "POST /login HTTP/1.1", FORM, "Accept-Language: en", "Transfer-Encoding: chunked", body=b"0\r\n\r\n")
    assert (status, headers["connection"]) == (411, "close")
    assert b"Send it with its length, not in chunks." in body


def test_405_names_the_allowed_methods(server):
    assert "POST" in request(server, "DELETE /login HTTP/1.1")[1]["allow"]


def test_a_head_has_the_headers_of_its_get_and_no_body(server):
    get = request(server, "GET /robots.txt HTTP/1.1", "Connection: close")
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as s:
        s.sendall(f"HEAD /robots.txt HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while more := s.recv(65536):
            received += more
    head, _, body = received.partition(b"\r\n\r\n")
    assert body == b""
    assert f"content-length: {get[1]['content-length']}".encode() in head.lower()
    assert b"\r\nserver:" not in head.lower()


# Bytes of other protocols.  Each gets its 400 as soon as it is recognised: at the deadline there is no reply.
OTHER_PROTOCOLS = {
    "HTTP/0.9": b"GET /\r\n",
    "a version 0.9": b"GET / HTTP/0.9\r\n",
    "a version 2.0": b"GET / HTTP/2.0\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a TLS ClientHello": bytes.fromhex("16030100c8010000c40303"),
    "a PROXY header, version 2": b"\r\n\r\n\0\r\nQUIT\n",
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
}


@pytest.mark.parametrize("said", OTHER_PROTOCOLS.values(), ids=OTHER_PROTOCOLS)
def test_another_protocol_gets_400_at_once(server, said):
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
        s.sendall(said)
        assert s.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_3500_cookies_in_16_kib_are_read(server):
    assert request(server, "GET /login HTTP/1.1", "Cookie: " + "a=b;" * 3500)[0] == 200


def test_a_long_query_of_separators_is_read(server):
    assert request(server, "GET /login?" + "&" * 8000 + " HTTP/1.1")[0] in (200, 400)


@pytest.mark.parametrize("path,allowed", [("/login", "GET, HEAD, POST"), ("/robots.txt", "GET, HEAD"), ("/verify-2fa", "GET, HEAD, POST")])
def test_options_is_405_on_routes_without_options(server, path, allowed):
    status, headers, _ = request(server, f"OPTIONS {path} HTTP/1.1")
    assert (status, headers["allow"]) == (405, allowed)


def ended(s):
    """Has the server closed this connection?  Wait at most half a second."""
    s.settimeout(0.5)
    try:
        return s.recv(1) == b""
    except socket.timeout:
        return False
    except OSError:
        return True


def test_single_bytes_do_not_extend_the_deadline(server):
    begun = time.monotonic()
    with contextlib.ExitStack() as opened:
        def begin():
            s = opened.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            s.sendall(b"GET /login HTTP/1.1\r\nHost: ")
            return s

        def waits(s):
            with contextlib.suppress(OSError):
                slow.sendall(b"a")
            return not ended(s)

        slow, silent = begin(), begin()
        while waits(silent):
            pass
        assert time.monotonic() - begun > 18, "the deadline is 20 seconds"
        later = begin()
        while waits(slow):
            assert not ended(later), "the slow client's deadline was 20 seconds earlier"


def test_five_hundred_silent_clients_do_not_block_the_server(server):
    idle = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(500)]
    try:
        for _ in range(20):
            assert request(server, "GET /healthz HTTP/1.1", "Connection: close")[0] == 200
    finally:
        for s in idle:
            s.close()


def test_clients_that_vanish_during_sign_in_leave_no_session(server):
    body = b"username=nobody&password=whatever+it+may+be"
    head = f"POST /login HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{FORM}\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    def vanish(_):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as s:
            s.sendall(head + body)

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        list(pool.map(vanish, range(100)))
    assert request(server, "GET /login HTTP/1.1", "Connection: close")[0] == 200


def test_head_max_kib_raises_the_limit_of_a_head(tmp_path):
    with Server(tmp_path, HEAD_MAX_KIB="64") as patient:
        assert request(patient, "GET /healthz HTTP/1.1", "Connection: close", "X-A: " + "a" * 60_000)[0] == 200
        assert request(patient, "GET /healthz HTTP/1.1", "Connection: close", "X-A: " + "a" * 65_536)[0] == 431
