/*
 * `doubletour version`: the versions of the program and its libraries, for a bug report.
 */
#include "cli/cli.h"

#include "base/buf.h"

#include <gnu/libc-version.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

static const char version_help[] = "Usage: doubletour version\n"
				   "\n"
				   "Print the versions of the program, its compiler and its libraries.\n";

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static const char *
cli_version_build_kind(void)
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
	int status = cli_arguments(argc, argv, version_help, 0);

	if (status != CLI_GO_ON)
		return status;
	cli_line(&out, "doubletour %s%s", DOUBLETOUR_VERSION, cli_version_build_kind());
	cli_line(&out, "compiler %s", COMPILER);
	cli_line(&out, "glibc %s", gnu_get_libc_version());
	cli_line(&out, "%s", OpenSSL_version(OPENSSL_VERSION));
	cli_line(&out, "SQLite %s", sqlite3_libversion());
	return cli_print(buf_str(&out));
}
