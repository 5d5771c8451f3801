/*
 * `doubletour version`: what runs here, for a report of a defect.
 */
#include "cli/cli.h"

#include "base/buf.h"
#include "http/mhd.h"

#include <gnu/libc-version.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

static const char version_help[] = "Use: doubletour version\n"
				   "\n"
				   "Print the versions of the program, its compiler and its libraries.\n";

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static const char *
build_kind(void)
{
#ifdef DOUBLETOUR_TEST_HOOKS
	return " (test build: not for use)";
#else
	return "";
#endif
}

int
cli_version(struct cli *cli, int argc, char **argv)
{
	CLEANUP(buf_wipe) struct buf out = BUF(2048);
	struct why why = { "" };
	int status = cli_arguments(argc, argv, version_help, 0);

	if (status != CLI_GO_ON)
		return status;
	buf_printf(&out, "doubletour %s%s\n", DOUBLETOUR_VERSION, build_kind());
	buf_printf(&out, "compiler %s\n", COMPILER);
	buf_printf(&out, "glibc %s\n", gnu_get_libc_version());
	buf_printf(&out, "%s\n", OpenSSL_version(OPENSSL_VERSION));
	buf_printf(&out, "libmicrohttpd %s\n", mhd_load(&why) == ERR_OK ? mhd.MHD_get_version() : why.text);
	buf_printf(&out, "SQLite %s\n", sqlite3_libversion());
	return cli_print(buf_str(&out));
}
