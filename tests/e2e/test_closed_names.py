"""The name of a closed or renamed account is not given to another account: applications may know people by name."""

import itertools
import threading

import bcrypt

from harness import Person

HASH = bcrypt.hashpw(b"of a test", bcrypt.gensalt(5)).decode()
numbers = itertools.count(1)


def name():
    return f"closed-{next(numbers)}"


def registers(server, username):
    """Can a new account take this name?"""
    person = Person(server, name=username)
    person.register()
    if person.page.status == 303:
        return True
    assert person.page.status == 422 and "username" in person.page.errors, repr(person.page)
    return False


def test_registration_does_not_get_the_name_of_a_closed_account(server):
    anna = Person(server, name=name()).full()
    anna.send("/account/close", {"username": anna.name, "current": anna.password})
    assert anna.page.status == 303
    assert not registers(server, anna.name) and not registers(server, anna.name.upper())


def test_commands_refuse_a_closed_name_without_name_again(server):
    taken, other = name(), name()
    for account in (taken, other):
        assert server.command("user", "add", account).returncode == 0
    assert server.command("user", "delete", taken, "--yes").returncode == 0
    for command in (("add", taken), ("rename", other, taken)):
        refused = server.command("user", *command)
        assert refused.returncode == 1 and "--name-again" in refused.stderr, refused.stderr
    assert server.command("user", "show", other).returncode == 0, "the refused rename changed nothing"
    assert not registers(server, taken)
    assert server.command("user", "add", taken, "--name-again").returncode == 0
    assert "already exists" in server.command("user", "add", taken, "--name-again").stderr
    assert server.command("user", "delete", taken, "--yes").returncode == 0
    assert not registers(server, taken), "the name is reserved again"


def test_a_renamed_account_keeps_its_old_name_for_itself(server):
    old, new = name(), name()
    assert server.command("user", "add", old).returncode == 0
    assert server.command("user", "rename", old, new).returncode == 0
    assert not registers(server, old)
    assert server.command("user", "rename", new, old).returncode == 0, "the same account may take it again"
    assert not registers(server, new)


def test_an_import_reports_the_name_of_a_closed_account(server, tmp_path):
    taken, free = name(), name()
    assert server.command("user", "add", taken).returncode == 0
    assert server.command("user", "delete", taken, "--yes").returncode == 0
    users = tmp_path / "htpasswd"
    users.write_text("".join(f"{each}:{HASH}\n" for each in (taken, free)))
    done = server.command("import", "htpasswd", str(users))
    assert taken in done.stdout + done.stderr and "--name-again" in done.stdout + done.stderr, done
    listed = server.command("user", "list").stdout
    assert free in listed and taken not in listed


def test_a_name_closed_at_the_same_time_is_not_given(server):
    """Registrations race with the deletion of the account."""
    taken = name()
    assert server.command("user", "add", taken).returncode == 0
    results = []
    threads = [threading.Thread(target=lambda: results.append(registers(server, taken))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert server.command("user", "delete", taken, "--yes").returncode == 0
    for thread in threads:
        thread.join()
    assert results == [False] * 8
