/*
 * System calls that a test can make fail. Otherwise they behave like the plain calls.
 */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include "base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static inline bool
sys_fails(enum fault fault, int error)
{
	if (!fault_due(fault))
		return false;
	errno = error;
	return true;
}

static inline int
sys_open(const char *path, int flags, mode_t mode)
{
	return sys_fails(FAULT_OPEN, EMFILE) ? -1 : open(path, flags, mode);
}

static inline ssize_t
sys_read(int fd, void *ret_bytes, size_t n)
{
	return sys_fails(FAULT_READ, EIO) ? -1 : read(fd, ret_bytes, n);
}

static inline ssize_t
sys_write(int fd, const void *bytes, size_t n)
{
	return sys_fails(FAULT_WRITE, ENOSPC) ? -1 : write(fd, bytes, n);
}

static inline int
sys_fsync(int fd)
{
	return sys_fails(FAULT_SYNC, EIO) ? -1 : fsync(fd);
}

static inline ssize_t
sys_send(int fd, const void *bytes, size_t n, int flags)
{
	return sys_fails(FAULT_SEND, ENOBUFS) ? -1 : send(fd, bytes, n, flags);
}

static inline ssize_t
sys_recv(int fd, void *ret_bytes, size_t n, int flags)
{
	return sys_fails(FAULT_RECEIVE, ENOMEM) ? -1 : recv(fd, ret_bytes, n, flags);
}

static inline ssize_t
sys_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return sys_fails(FAULT_SEND, ENOBUFS) ? -1 : sendmsg(fd, message, flags);
}

#endif
