"""Many commands at the same first start: key and database are created once, and no command asks for a backup."""

import subprocess

import pytest

from harness.torture import scaled

TIMES = scaled(1, 3, whole=3)
COMMANDS = [("user", "list"), ("user", "add", "anna%"), ("invite",), ("audit",), ("user", "list", "--json")]


def at_once(server, commands):
    started = [subprocess.Popen([server.program, *words], cwd=server.work, env=server.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for words in commands]
    return [(words, *one.communicate(timeout=120), one.returncode) for words, one in zip(commands, started)]


@pytest.mark.sampled
@pytest.mark.parametrize("settings, why", [({}, "a key file"), ({"SECRET_KEY": "q7X-2mPz_9vKc4RtYb1nLw8sDf3gHj6e"}, "a key that is a setting"),
                                           ({"DATABASE_URL": "sqlite:///apart.sqlite"}, "a database in another folder")])
def test_sixty_four_commands_share_one_first_start(make_server, settings, why):
    for _ in range(TIMES):
        server = make_server(start=False, **settings)
        commands = [tuple(word.replace("%", str(n)) for word in COMMANDS[n % len(COMMANDS)]) for n in range(64)]
        for words, out, said, status in at_once(server, commands):
            assert "backup" not in said and status == 0, (why, words, said)
        assert server.command("check").returncode == 0


@pytest.mark.sampled
def test_servers_and_commands_share_one_first_start(make_server):
    for _ in range(TIMES):
        server = make_server(start=False)
        server.spawn()
        for words, _, said, status in at_once(server, [("user", "list")] * 12 + [("db", "init")] * 4):
            assert "backup" not in said, said
            assert status == 0 or "already" in said or "server is running" in said, (words, said)
        server.until_it_serves()
        assert server.stop() == 0
        assert server.command("check").returncode == 0


def test_a_first_start_that_fails_leaves_nothing(make_server):
    server = make_server(start=False, DATABASE_URL="sqlite:////no/such/folder/x.sqlite")
    if server.on_postgres():
        pytest.skip("about a file")
    assert server.command("user", "list").returncode != 0
    assert not server.data.exists()
