"""A small file system in memory, for tests of a full or read-only disk.  Mounting it needs the right to mount."""

import contextlib
import errno
import os
import subprocess

import pytest


@contextlib.contextmanager
def small_file_system(folder, kib):
    """Mount a file system of this size on a new folder; skip the test if this user may not mount."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no right to mount a small file system: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk, leave=0):
    """Use up the free space except `leave` bytes; return the file that takes it."""
    filler = disk / "filler"
    file = os.open(filler, os.O_WRONLY | os.O_CREAT)
    free = os.statvfs(disk)
    if leave:
        os.posix_fallocate(file, 0, free.f_bavail * free.f_bsize - leave)
        os.close(file)
        return filler
    for size in (4096, 512, 1):
        try:
            while True:
                os.write(file, b"x" * size)
        except OSError as e:
            assert e.errno == errno.ENOSPC
    os.close(file)
    return filler
