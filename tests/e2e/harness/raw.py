"""Sends raw bytes, for requests that no well-behaved client sends."""

import socket


def raw(server, request, half_close=False):
    """Send bytes, then read until the server closes or the reply is whole; return (status, headers, body) or None."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
        try:
            s.sendall(request)
            if half_close:
                s.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused early: the reply is in the buffer, or the reset discarded it
        return _read(s)


def _read(s):
    received = b""
    try:
        while not _whole(received):
            more = s.recv(65536)
            if not more:
                break
            received += more
    except ConnectionResetError:
        pass
    if not received:
        return None
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split(" ")[1]), headers, body


def _whole(received):
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return False
