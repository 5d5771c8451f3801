"""The commands config, version and help, as users run them."""

import os
import subprocess

import pytest

from harness import PROGRAM
from harness.person import Person
from harness.passkey_rows import with_a_passkey

pytestmark = pytest.mark.without_postgres

KEY = "q7X-2mPz_9vKc4RtYb1nLw8sDf3gHj6e"
KEPT = ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")


@pytest.fixture
def doubletour(tmp_path):
    """Run a command in an empty folder, with only the given settings in the environment."""

    def run(*arguments, **environment):
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return subprocess.run(
            [PROGRAM, *arguments], cwd=tmp_path, env={**kept, **environment}, capture_output=True, text=True,
            timeout=60, stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture
def dotenv(tmp_path):
    def write(text, mode=0o600):
        path = tmp_path / ".env"
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


def value_in(shown, name):
    """Return the value after NAME= in the output of config show, and the origin after its #."""
    (line,) = [line for line in shown.splitlines() if line.startswith(name + "=")]
    value, origin = line[len(name) + 1 :].rsplit("# ", 1)
    return value.strip(), origin


def test_check_accepts_empty_settings(doubletour):
    done = doubletour("config", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The settings are valid.\nSettings come from the environment and the defaults")


@pytest.mark.parametrize(
    "arguments", [("--settings", "one.env", "config"), ("--settings=one.env", "config"), ("config", "--settings", "one.env")]
)
def test_settings_is_read_before_and_after_the_command(doubletour, dotenv, tmp_path, arguments):
    dotenv("PORT=6001\n").rename(tmp_path / "one.env")
    dotenv("PORT=6002\n")
    shown = doubletour(*arguments, "show", DOUBLETOUR_SETTINGS="two.env", APP_NAME="Ours")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("# Settings come from the file one.env (--settings).\n")
    assert value_in(shown.stdout, "PORT") == ("6001", "one.env, line 1")
    assert value_in(shown.stdout, "APP_NAME") == ("Ours", "environment")  # the environment overrides single values
    assert "the file one.env (--settings)" in doubletour(*arguments, "check").stdout


def test_a_named_file_that_does_not_exist_is_an_error(doubletour, dotenv):
    dotenv("PORT=6002\n")
    for arguments, environment in (("--settings", "two.env"), {}), ((), {"DOUBLETOUR_SETTINGS": "two.env"}):
        done = doubletour(*arguments, "user", "list", **environment)
        assert (done.returncode, done.stdout) == (78, "")
        assert "The settings file two.env, named by " in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_check_refuses_the_tutorials_key_and_says_how_to_make_one(doubletour, dotenv):
    dotenv("export SECRET_KEY=fdkjshfhjsdfdskfdsfdcbsjdkfdsdf\n")
    done = doubletour("config", "check")
    assert done.returncode == 78
    assert done.stdout == ""
    assert "SECRET_KEY (.env, line 1) was published" in done.stderr
    assert "openssl rand -hex 32" in done.stderr
    assert "fdkjsh" not in done.stderr


def test_check_accepts_the_rest_of_the_tutorials_file(doubletour, dotenv):
    dotenv(
        "export DEBUG=True\nexport APP_SETTINGS=config.DevelopmentConfig\n"
        "export DATABASE_URL=postgresql://me:hunter2@localhost:5432/db\nexport FLASK_APP=src\nexport FLASK_DEBUG=1\n"
    )
    done = doubletour("config", "check")
    assert done.returncode == 0, done.stderr
    assert "DEBUG has no effect here." in done.stdout


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("PORT=5000\nDATABSE_URL=sqlite:///x\n", ".env, line 2: there is no setting DATABSE_URL.  Did you mean DATABASE_URL?"),
        ("PORT=99999\n", 'PORT (.env, line 1) must be a number from 1 to 65535, not "99999".'),
        ("# c\n\nPORT 5000\n", ".env, line 3 has no '='"),
        ("APP_NAME='x\n", ".env, line 1 has an opening ' without a closing one."),
        ("HOST=0.0.0.0\n", "so PUBLIC_URL is required"),
        ("PUBLIC_URL=http://login.example.org\n", "INSECURE_HTTP=1"),
        ("PUBLIC_URL=https://example.org/auth/\n", "without a path (other applications on that host could read its pages), not"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_with_one_sentence_and_78(doubletour, dotenv, tmp_path, text, sentence):
    dotenv(text)
    for command in (("config", "check"), ("config", "show")):
        done = doubletour(*command)
        assert done.returncode == 78
        assert sentence in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert done.stdout == ""
    assert [p.name for p in tmp_path.iterdir()] == [".env"]  # no file was created


def test_show_prints_each_value_and_its_origin(doubletour, dotenv):
    dotenv(f"PORT=6001\nAPP_NAME=\"One 'two'\"\nSECRET_KEY={KEY}\n")
    done = doubletour("config", "show", PORT="6002", DATABASE_URL="postgresql://me:hunter2@h/d")
    assert done.returncode == 0, done.stderr
    assert value_in(done.stdout, "PORT") == ("6002", "environment")
    assert value_in(done.stdout, "APP_NAME") == ("\"One 'two'\"", ".env, line 2")
    assert value_in(done.stdout, "HOST") == ("127.0.0.1", "default")
    assert value_in(done.stdout, "SECRET_KEY") == ("(set)", ".env, line 3")
    assert value_in(done.stdout, "DATABASE_URL") == ("postgresql://me:***@h/d", "environment")
    assert KEY not in done.stdout + done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_show_prints_a_usable_settings_file(doubletour, dotenv):
    first = doubletour("config", "show", APP_NAME='a "b" $c `d` \\e # f', TRUSTED_PROXIES="10.0.0.0/8,::1").stdout
    dotenv("".join(line + "\n" for line in first.splitlines() if not line.startswith("SECRET_KEY")))
    second = doubletour("config", "show")
    assert second.returncode == 0, second.stderr
    for name in ("APP_NAME", "TRUSTED_PROXIES", "DATABASE_URL", "SESSION_IDLE", "APP_SETTINGS"):
        assert value_in(second.stdout, name)[0] == value_in(first, name)[0]


def test_a_key_that_everyone_may_read_is_refused(doubletour, dotenv):
    dotenv(f"SECRET_KEY={KEY}\n", mode=0o644)
    done = doubletour("config", "check")
    assert done.returncode == 78
    assert "chmod o-r .env" in done.stderr
    assert doubletour("config", "check", SECRET_KEY=KEY).returncode == 78  # the file still contains a secret


@pytest.fixture
def secret(tmp_path):
    def write(text, mode=0o600):
        path = tmp_path / "secret"
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


def test_show_names_the_file_of_a_secret_and_not_its_value(doubletour, secret):
    path = secret("postgresql://me:hunter2@h/d\n")
    done = doubletour("config", "show", DATABASE_URL_FILE=str(path))
    assert value_in(done.stdout, "DATABASE_URL") == ("postgresql://me:***@h/d", str(path))
    assert "hunter2" not in done.stdout + done.stderr
    path = secret(KEY)
    done = doubletour("config", "show", SECRET_KEY_FILE=str(path))
    assert value_in(done.stdout, "SECRET_KEY") == ("(set)", str(path))
    assert KEY not in done.stdout + done.stderr


def test_check_refuses_a_secret_with_two_sources(doubletour, dotenv, secret, tmp_path):
    path = secret(KEY)
    dotenv(f"SECRET_KEY={KEY}\n")
    done = doubletour("config", "check", SECRET_KEY_FILE=str(path))
    assert done.returncode == 78
    assert "SECRET_KEY (.env, line 1) and SECRET_KEY_FILE (environment) are both set." in done.stderr
    path.rename(tmp_path / "doubletour.SECRET_KEY")
    done = doubletour("config", "check", CREDENTIALS_DIRECTORY=str(tmp_path))
    assert done.returncode == 78
    assert "SECRET_KEY (.env, line 1) and the credential" in done.stderr
    assert KEY not in done.stderr


def test_check_warns_about_a_secret_that_everyone_may_read(doubletour, secret):
    path = secret(KEY, mode=0o444)
    done = doubletour("config", "check", SECRET_KEY_FILE=str(path))
    assert done.returncode == 0
    assert f"every user of this machine may read {path}, the file of SECRET_KEY." in done.stdout
    path.chmod(0o440)
    assert "Warning" not in doubletour("config", "check", SECRET_KEY_FILE=str(path)).stdout
    path.chmod(0o446)
    done = doubletour("config", "check", SECRET_KEY_FILE=str(path))
    assert done.returncode == 78
    assert f"`chmod go-w {path}`" in done.stderr


def test_the_sample_file_can_be_used_with_every_line_uncommented(doubletour, dotenv):
    sample = doubletour("config", "example").stdout
    lines = [line[1:] for line in sample.splitlines() if line.startswith("#") and not line.startswith("# ")]
    assert len(lines) > 15
    dotenv("".join(line + "\n" for line in lines))
    done = doubletour("config", "check")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments, word",
    [
        (("confg",), 'Did you mean "config"?'),
        (("xyzzy",), "doubletour --help"),
        (("config", "chekc"), 'Did you mean "check"?'),
        (("config", "--nonsense"), "doubletour config --help"),
        (("config", "check", "more"), "at most 1 argument, but 2 were given"),
        (("config",), "Usage: doubletour config"),
        (("--settings",), "needs a file and a command.  See `doubletour --help`."),
        (("--settings", "x.env"), "needs a file and a command"),
        (("user", "list", "--settings"), "--settings needs a value.  See `doubletour user --help`."),
        (("user", "list", "--setings", "x"), 'Did you mean "--settings"?'),
        (("version", "x"), "takes no arguments, but 1 was given"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_hint(doubletour, arguments, word):
    done = doubletour(*arguments)
    assert done.returncode == 2
    assert word in done.stderr
    assert done.stdout == ""


def commands_listed(doubletour):
    return [line.split()[0] for line in doubletour("help").stdout.splitlines() if line.startswith("  ")]


def test_help_lists_commands_that_all_explain_themselves(doubletour):
    listed = commands_listed(doubletour)
    assert {"config", "version", "help"} <= set(listed)
    for command in listed:
        done = doubletour(command, "--help")
        assert done.returncode == 0, (command, done.stderr)
        assert "Usage: doubletour" in done.stdout, command


def test_version_names_program_compiler_and_libraries(doubletour):
    done = doubletour("version")
    assert done.returncode == 0
    assert done.stdout.startswith("doubletour ")
    for word in ("compiler ", "glibc ", "OpenSSL "):
        assert word in done.stdout


def test_output_that_cannot_be_written_is_a_failure(tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "config", "manual"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1


def test_passkeys_of_another_name_stop_the_start_in_production(make_server):
    server = make_server()
    Person(server).full()
    with_a_passkey(server)
    assert server.stop() == 0
    assert server.command("config", "check").returncode == 0, "the name is still localhost"
    server.environment["PUBLIC_URL"] = "https://login.example.org"
    server.start()
    assert "warning passkeys.lost" in server.log(), "in the testing profile the log is enough"
    assert server.stop() == 0
    server.environment["APP_SETTINGS"] = "production"
    words = "1 passkey of 1 account would stop working: made for localhost, but PUBLIC_URL and PASSKEY_RP_ID now give login.example.org."
    for command in (("config", "check"), ("run",)):
        done = server.command(*command)
        assert done.returncode == 78 and words in done.stderr and "PASSKEY_RP_ID_LOST=localhost" in done.stderr, done
    assert words in server.command("config", "check", PASSKEY_RP_ID_LOST="login.example.net,ocalhost").stderr
    assert server.command("user", "list").returncode == 0, "commands work"
    server.environment["PASSKEY_RP_ID_LOST"] = "login.example.net, localhost"
    assert server.command("config", "check").returncode == 0
    server.start()
