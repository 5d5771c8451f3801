"""A folder in memory for databases: each commit is synced, and disks differ in speed by a factor of a thousand."""

import os
import pathlib
import shutil

MEMORY = pathlib.Path("/dev/shm")
MEMORY_BYTES = 1 << 30  # that must be free


def memory_folder():
    """/dev/shm, or None where it does not exist, is read only or is nearly full."""
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES
    return MEMORY if usable else None
