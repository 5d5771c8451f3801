"""The previous release, built from git by tools/previous_release, for tests of upgrades."""

import functools
import subprocess

import pytest

from harness.server import ROOT

# Names of its cookies, where they differ from today's.
COOKIES = {"doubletour": "session", "doubletour-form": "form", "doubletour-device": "device", "doubletour-language": "language"}


@functools.cache
def program():
    """Build the program if necessary, and return its path; skip the test where it cannot be built."""
    built = subprocess.run([ROOT / "tools" / "previous_release"], capture_output=True, text=True, timeout=3600)
    if built.returncode == 3:
        pytest.skip(f"no program of the previous release: {built.stderr.strip()}")
    assert built.returncode == 0, built.stderr
    return built.stdout.strip()


def lacking(server):
    """Return the headers, and the directives of the Content-Security-Policy, that this release does not send."""
    built = program.cache_info().currsize and program()
    return {"manifest-src", "Permissions-Policy"} if built and str(getattr(server, "program", "")) == built else set()


def with_names(cookies, names):
    """Return the cookies under the names that a release knows: COOKIES, or {} for today's."""
    today = {old: new for new, old in COOKIES.items()}
    plain = {today.get(name, name): value for name, value in cookies.items()}
    return {names.get(name, name): value for name, value in plain.items()}
