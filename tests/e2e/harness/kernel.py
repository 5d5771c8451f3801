"""A kernel without Landlock, simulated: a launcher sets a seccomp filter, then executes the program.

    without_landlock(server, errno.ENOSYS)

The filter lets the three calls of Landlock fail with an errno.  A kernel before 5.13 answers ENOSYS.  A kernel without
landlock in its list of security modules answers EOPNOTSUPP.  A container runtime that forbids the calls answers EPERM.
"""

import ctypes
import os
import shlex
import struct
import sys

LANDLOCK = range(444, 447)  # landlock_create_ruleset, _add_rule, _restrict_self: the same numbers on all processors
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
LOAD, AT_LEAST, RETURN = 0x20, 0x35, 0x06  # BPF_LD|W|ABS, BPF_JMP|JGE|K, BPF_RET|K


def without_landlock(server, error):
    """Let the server, and its commands, run on such a kernel."""
    wrapper = server.home / "without-landlock"
    command = shlex.join([sys.executable, __file__, str(error), str(server.program)])
    wrapper.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    wrapper.chmod(0o755)
    server.program = str(wrapper)
    return server


def refuse_calls(calls, error):
    """Let these system calls of this process, and of all that it executes, fail."""
    code = b"".join(struct.pack("=HBBI", *row) for row in (
        (LOAD, 0, 0, 0),  # the number of the call
        (AT_LEAST, 0, 2, calls.start),
        (AT_LEAST, 1, 0, calls.stop),
        (RETURN, 0, 0, ERRNO | error),
        (RETURN, 0, 0, ALLOW)))
    memory = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(program, len(program)), 0, 0) == 0, ctypes.get_errno()


if __name__ == "__main__":
    refuse_calls(LANDLOCK, int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
