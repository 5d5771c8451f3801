"""doubletour healthcheck asks the server that the settings name: the Unix socket in LISTEN, otherwise HOST and PORT."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from harness.server import wait_until
from harness.unix import UnixServer

pytestmark = [pytest.mark.sqlite, pytest.mark.without_postgres]

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok\n"


@contextlib.contextmanager
def program(answer, address="127.0.0.1"):
    """Another program that listens: it reads one request, calls answer(connection) and closes.  Yields its port."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as listener:
        listener.bind((address, 0))
        listener.listen(1)

        def serve():
            with contextlib.suppress(OSError), listener.accept()[0] as connection:
                connection.recv(4096)
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def says(reply):
    return lambda connection: connection.sendall(reply)


def test_running_server_is_healthy(server):
    done = server.command("healthcheck")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"The server at http://127.0.0.1:{server.port} is healthy.\n", "")


def test_listen_takes_precedence_over_host_and_port(server, tmp_path):
    with_socket = UnixServer(tmp_path / "unix").start()
    try:
        done = with_socket.command("healthcheck", PORT=1)
        assert (done.returncode, done.stdout) == (0, f"The server at unix:{with_socket.path} is healthy.\n")
    finally:
        with_socket.end()
    done = server.command("healthcheck", LISTEN=f"unix:{with_socket.path}")
    assert done.returncode == 1 and f"No server answers at unix:{with_socket.path}" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_a_socket_of_another_user_names_the_reason(server):
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        os.chmod(folder, 0o755)
        listening.bind(folder + "/web.sock")
        os.chmod(folder + "/web.sock", 0o600)
        listening.listen()
        copy = shutil.copy(server.program, folder)  # that user may not be able to enter the folder of the build
        done = subprocess.run([copy, "healthcheck"], cwd="/", env={**server.environment, "LISTEN": f"unix:{folder}/web.sock"},
                              user=65534, group=65534, extra_groups=[], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and f"This user (uid 65534) may not connect to unix:{folder}/web.sock" in done.stderr, done.stderr


def test_sockets_passed_to_another_process_do_not_count(server):
    assert server.command("healthcheck", LISTEN_FDS="1", LISTEN_PID="1").returncode == 0


@pytest.mark.parametrize("host, address", [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("localhost", "127.0.0.1")])
def test_healthcheck_of_all_addresses_asks_this_machine(server, host, address):
    try:
        with program(says(OK), address) as port:
            done = server.command("healthcheck", HOST=host, PORT=port, PUBLIC_URL="http://localhost", APP_SETTINGS="development")
    except OSError as error:
        pytest.skip(f"{address}: {error}")
    assert done.returncode == 0, done.stderr


def test_missing_server_is_not_healthy(make_server):
    server = make_server(start=False)
    done = server.command("healthcheck")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (f"doubletour: No server answers at http://127.0.0.1:{server.port}: Connection refused.  Start it, or correct LISTEN, "
                           "HOST and PORT for this command.\n")
    assert not server.data.exists(), "the command makes no database"


def test_server_that_cannot_write_is_not_healthy(make_server):
    server = make_server()
    server.data.rename(server.data.with_name("away"))
    done = wait_until(lambda: (done := server.command("healthcheck")).returncode == 1 and done, "the server is not healthy")
    assert "is not healthy (status 503): the database cannot be written.  Its log has the cause." in done.stderr


@pytest.mark.parametrize("reply, words", [
    (b"HTTP/1.1 404 Not Found\r\nX: y\r\n\r\nno such page\r\nmore", "is not healthy (status 404): no such page."),
    (b"HTTP/1.1 200", "is healthy"),
    (b"HTTP/1.1 2000 OK\r\n\r\n", "does not speak HTTP"),
    (b"220 mail.example.org ESMTP\r\n", "does not speak HTTP"),
    (b"", "does not speak HTTP"),
    (b"HTTP/1.1 500 \x1b[2J\r\n\r\n\x1b[2J\xff", "(status 500): \\u001b[2J"),
    (b"HTTP/1.1 500 X\r\n" + b"a" * 100_000, "(status 500).  Its log"),
], ids=["no page", "healthy without headers", "a long number", "another protocol", "nothing", "control bytes", "too long"])
def test_replies_of_other_programs_are_judged(server, reply, words):
    with program(says(reply)) as port:
        done = server.command("healthcheck", PORT=port)
    assert words in done.stdout + done.stderr and done.returncode == (0 if "healthy" == words[-7:] else 1)
    assert "\x1b" not in done.stderr


@pytest.mark.whole
@pytest.mark.parametrize("drips", [False, True])
def test_healthcheck_gives_up_on_a_silent_server_after_5_s(server, drips):
    def answer(connection):
        end = time.monotonic() + 60
        while drips and time.monotonic() < end:
            connection.sendall(b"a")
            time.sleep(0.1)
        connection.recv(1)  # until the command gives up

    with program(answer) as port:
        done = server.command("healthcheck", PORT=port)
    assert done.returncode == 1 and "did not answer within 5 seconds" in done.stderr


@contextlib.contextmanager
def program_that_accepts_nothing(address, port):
    """Another program whose queue of new connections is full, so that connect() waits."""
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(socket.socket(socket.AF_INET6))
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(8):  # more than fit into the queue
            client = opened.enter_context(socket.socket(socket.AF_INET6))
            client.setblocking(False)
            client.connect_ex((address, port))
        yield


@pytest.mark.whole
def test_an_address_that_never_answers_leaves_time_for_the_next(server, tmp_path):
    (tmp_path / "hosts").write_text("::1 localhost\n127.0.0.1 localhost\n")
    alone = ["unshare", "--mount", "sh", "-c", f'mount --bind {tmp_path}/hosts /etc/hosts && exec "$@"', "sh"]
    if subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
        pytest.skip("this user may not mount a file")
    with program(says(OK)) as port, program_that_accepts_nothing("::1", port):
        settings = {"HOST": "localhost", "PORT": str(port), "PUBLIC_URL": "http://localhost", "APP_SETTINGS": "development"}
        done = subprocess.run([*alone, server.program, "healthcheck"], cwd=server.work, env=server.environment | settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments, more, status", [
    (["--help"], {}, 0), (["now"], {}, 2), (["--fast"], {}, 2), ([], {"PORT": "none"}, 78),
])
def test_healthcheck_status_separates_usage_from_health(server, arguments, more, status):
    assert server.command("healthcheck", *arguments, **more).returncode == status
