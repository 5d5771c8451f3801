"""Uploads, websockets and event streams through nginx, Caddy and HAProxy with the printed configurations."""

import hashlib
import json
import re
import select
import ssl
import time

import pytest

from harness.proxies import APPS, KINDS, Echo, Proxy, enter, make, read_answer

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]

UPGRADE = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=="]
SILENCE = "3600s"  # the printed value
UPLOADS = (2_000_000, 50_000_000)
SECONDS_MIN = 20 * 60


@pytest.fixture(scope="module", params=KINDS)
def world(request, tmp_path_factory):
    with Echo() as echo, make(tmp_path_factory.mktemp(request.param)) as server, Proxy(request.param, server, echo) as proxy:
        yield proxy


def open_request(proxy, line, *headers, person=None):
    """Send only the head of a request; return its connection and a stream over it."""
    connection = proxy.connect("wiki.example.org")
    stream = connection.makefile("rwb")
    cookies = [f"Cookie: __Secure-gate={person.cookie_for('https://wiki.example.org/')}"] if person else []
    stream.write("\r\n".join([f"{line} HTTP/1.1", f"Host: wiki.example.org:{proxy.port}", *cookies, *headers, "", ""]).encode())
    stream.flush()
    return connection, stream


# Uploads


@pytest.mark.parametrize("size", UPLOADS)
def test_an_upload_arrives_whole(world, size):
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    answer = enter(world).request("POST", "wiki.example.org", "/upload", headers=[("Content-Type", "application/octet-stream")], body=body)
    assert answer.status == 200 and json.loads(answer.body)["body"] == f"{size} {hashlib.sha256(body).hexdigest()}"


def test_an_upload_in_chunks_arrives_whole(world):
    piece = b"x" * 500_000
    _, stream = open_request(world, "PUT /upload", "Transfer-Encoding: chunked", person=enter(world).person)
    for _ in range(5):
        stream.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    stream.write(b"0\r\n\r\n")
    stream.flush()
    answer = read_answer(stream)
    assert answer.status == 200 and json.loads(answer.body)["body"].startswith(f"{5 * len(piece)} ")


def test_an_upload_without_a_session_gets_401_before_its_body(world):
    _, stream = open_request(world, "POST /upload", "Content-Length: 50000000", "Sec-Fetch-Mode: cors")
    assert read_answer(stream).status == 401


# Event streams


def wait_for_event(stream, number):
    while line := stream.readline():
        if line.strip() == f"data: {number}".encode():
            return
    raise AssertionError(f"the stream ended before event {number}")


def test_an_event_arrives_before_the_stream_ends(world):
    _, stream = open_request(world, "GET /events", "Accept: text/event-stream", "Sec-Fetch-Mode: cors", person=enter(world).person)
    for number in range(3):
        wait_for_event(stream, number)
        world.echo.server.next_event.release()


# Websockets that stay silent


def open_websocket(proxy):
    person = enter(proxy).person
    connection, stream = open_request(proxy, "GET /socket", *UPGRADE, person=person)
    assert read_answer(stream).status == 101
    assert stream.read(2 + len("hello " + person.name))
    return connection, stream


def sends_back(stream, byte):
    stream.write(byte)
    stream.flush()
    return stream.read(1) == byte


def ends_alone(connection, stream):
    """Wait until the other end closes the connection; send nothing."""
    connection.settimeout(60)
    try:
        return stream.read(1) == b""
    except (ConnectionError, ssl.SSLEOFError):
        return True


@pytest.mark.parametrize("kind", KINDS)
def test_the_printed_timeout_ends_a_silent_websocket(kind, tmp_path):
    """A second replaces the hour: only that value decides."""
    with Echo() as echo, make(tmp_path) as server, Proxy(kind, server, echo, lambda text: text.replace(SILENCE, "1s")) as proxy:
        begun = time.monotonic()
        assert ends_alone(*open_websocket(proxy)) and time.monotonic() - begun > 0.9


SHORTER = {  # the other timeouts that could end a silent connection, as printed or around them (Caddy has none)
    "nginx": lambda text: "proxy_read_timeout 4s; proxy_send_timeout 4s; client_body_timeout 4s; keepalive_timeout 4s; send_timeout 4s;\n" + text,
    "haproxy": lambda text: re.sub(r"timeout (client|server|http-request) (60s|20s)", r"timeout \1 4s", text),
}


@pytest.mark.parametrize("kind", SHORTER)
def test_no_other_timeout_ends_a_silent_connection(kind, tmp_path):
    with Echo() as echo, make(tmp_path) as server, Proxy(kind, server, echo, SHORTER[kind]) as proxy:
        socket, stream = open_websocket(proxy)
        assert sends_back(stream, b"a")
        other, events = open_request(proxy, "GET /events", person=enter(proxy).person)
        wait_for_event(events, 0)
        assert select.select((socket, other), [], [], 9)[0] == [], "both stay open without traffic"
        assert sends_back(stream, b"b")
        echo.server.next_event.release()
        wait_for_event(events, 1)


@pytest.mark.parametrize("kind", ["nginx", "caddy", "haproxy", "traefik", "envoy"])
def test_every_proxy_allows_the_same_silence(kind, tmp_path):
    """Timeouts over 20 minutes, listed for each application."""
    names = {"nginx": ("proxy_read_timeout ", "proxy_send_timeout "), "caddy": ("read_timeout ", "write_timeout "), "haproxy": ("timeout server ", "timeout tunnel "),
             "traefik": ("readTimeout: ",), "envoy": ("stream_idle_timeout: ", "idle_timeout: ")}[kind]
    printed = make(tmp_path).command("proxy-config", kind, *(f"{app}=127.0.0.1:8080" for app in APPS)).stdout
    for name in names:
        values = [value for value in re.findall(rf"\b{re.escape(name)}(\d+s)", printed) if value != "60s"]
        assert values and set(values) == {SILENCE}, (name, values)
    assert int(SILENCE[:-1]) >= SECONDS_MIN


def test_the_limit_of_nginx_for_uploads_is_printed(tmp_path):
    printed = make(tmp_path).command("proxy-config", "nginx", *(f"{app}=127.0.0.1:8080" for app in APPS)).stdout
    assert re.findall(r"client_max_body_size (\w+);", printed) == ["1g", "0"] * len(APPS)
