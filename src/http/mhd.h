/*
 * libmicrohttpd, loaded by the process that serves and by no other: with what it needs itself it is a third of all libraries, and
 * the keeper has no business with any of it.  After mhd_load its functions are called as mhd.MHD_run(...).
 */
#ifndef HTTP_MHD_H
#define HTTP_MHD_H

#include "base/err.h"
#include "base/library.h"

#include <microhttpd.h>

/* clang-format off */
#define MHD_FUNCTIONS(F)                                                                                               \
	F(MHD_add_connection) F(MHD_add_response_header) F(MHD_create_response_from_buffer) F(MHD_destroy_response)    \
	F(MHD_get_connection_info) F(MHD_get_connection_values_n) F(MHD_get_daemon_info) F(MHD_get_timeout)            \
	F(MHD_get_version) F(MHD_queue_response) F(MHD_resume_connection) F(MHD_run) F(MHD_start_daemon)               \
	F(MHD_stop_daemon) F(MHD_suspend_connection)
/* clang-format on */

struct mhd {
	MHD_FUNCTIONS(LIBRARY_MEMBER)
};
extern struct mhd mhd;

/* Once, before any thread and any sandbox; again is nothing.  ERR_CONFIG: it is not installed; why names the package. */
MUST_USE err mhd_load(struct why *why);

#endif
