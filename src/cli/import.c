/*
 * `doubletour import flask|htpasswd|authelia PLACE`.
 */
#include "cli/cli.h"

#include "base/buf.h"
#include "cli/import.h"
#include "cli/json.h"
#include "cli/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char import_help[] =
    "Usage: doubletour import flask DATABASE_URL [OPTIONS]\n"
    "       doubletour import htpasswd FILE [OPTIONS]\n"
    "       doubletour import authelia FILE [--totp FILE] [OPTIONS]\n"
    "\n"
    "Take accounts over from elsewhere: people keep their password, and their authenticator where there is one.\n"
    "\n"
    "  flask      the tutorial's database: sqlite:///file, sqlite:////absolute/file or postgresql://...\n"
    "  htpasswd   Apache's file of passwords: bcrypt and SHA-crypt\n"
    "  authelia   its file of users; --totp names what `authelia storage user totp export uri` printed\n"
    "\n"
    "What cannot be taken is named on standard error with the reason.  Accounts that are there already stay as they "
    "are, so\n"
    "that the same command may be run again.\n"
    "\n"
    "  --map FILE   lines \"old name=new name\", for names that cannot be taken as they are\n"
    "  --dry-run    try everything, keep nothing\n"
    "  --json       tell what was done as JSON\n"
    "  --help       this text\n"
    "\n"
    "An address with a password in it can stand in the variable IMPORT_URL; give - in its place.\n"
    "Exit status: 0 all were taken or there, 1 some could not be, 2 wrong usage, 78 bad configuration.\n";

enum { ARENA_MAX = 256 * 1024 * 1024, PROGRESS_FROM_ROWS = 1000 };

/* --- files ---------------------------------------------------------------------------------------------------------- */

static void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static err
read_all(int fd, char *into, size_t n, size_t *ret_n)
{
	while (*ret_n < n) {
		ssize_t got = read(fd, into + *ret_n, n - *ret_n);
		if (got < 0 && errno != EINTR)
			return ERR_IO;
		if (got == 0)
			return ERR_OK;
		*ret_n += got < 0 ? 0 : (size_t)got;
	}
	return ERR_OK;
}

err
import_file(const char *path, struct arena *arena, struct why *why, str *ret_text)
{
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	size_t n = 0;
	char *text;

	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return why_set(why, ERR_NOT_FOUND, "The file %s cannot be read: %s.", path,
			       fd < 0 ? strerror(errno) : "it is no file");
	if (status.st_size > IMPORT_FILE_MAX)
		return why_set(why, ERR_TOO_LONG, "The file %s is over 64 MiB.", path);
	text = arena_alloc(arena, (size_t)status.st_size + 1);
	if (text == NULL)
		return ERR_MEMORY;
	if (read_all(fd, text, (size_t)status.st_size, &n) != ERR_OK)
		return why_set(why, ERR_IO, "The file %s cannot be read: %s.", path, strerror(errno));
	*ret_text = str_bytes(text, n);
	return ERR_OK;
}

/* --- the map of names ------------------------------------------------------------------------------------------------- */

static bool
renamed(void *context, str name, str *ret_name)
{
	str rest = *(const str *)context;

	while (rest.n > 0) {
		str line = str_cut(&rest, '\n');
		str to = line;
		str from = str_cut(&to, '=');
		if (to.p != NULL && str_equal(from, name)) {
			*ret_name = str_trim(to);
			return true;
		}
	}
	return false;
}

/* --- what is told ------------------------------------------------------------------------------------------------------ */

struct telling {
	struct progress progress;
};

static void
tell_refused(void *context, const struct import_row *row, const char *reason)
{
	struct telling *telling = context;

	if (telling->progress.shown_us != 0)
		cli_clear_line();
	cli_say("%.*s, \"%.*s\": %s.", STR_ARG(row->where), STR_ARG(str_upto(row->name, 80)), reason);
}

static void
tell_progress(void *context, int64_t done, int64_t all)
{
	struct telling *telling = context;

	if (all >= PROGRESS_FROM_ROWS)
		progress_show(&telling->progress, done, all);
}

static err
report(const struct import_counts *counts, bool dry_run, bool json, struct buf *out)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	if (json) {
		cli_json_number(&line, "rows", counts->rows);
		cli_json_number(&line, "taken", counts->taken);
		cli_json_number(&line, "with_authenticator", counts->with_factor);
		cli_json_number(&line, "there_already", counts->there);
		cli_json_number(&line, "refused", counts->refused);
		cli_json_bool(&line, "dry_run", dry_run);
		return cli_json_put(&line, out);
	}
	cli_line(out,
		 "%lld account%s %s, %lld of them with an authenticator; %lld %s there already; %lld cannot be taken.",
		 (long long)counts->taken, counts->taken == 1 ? "" : "s",
		 dry_run              ? "would be taken"
		 : counts->taken == 1 ? "is taken"
				      : "are taken",
		 (long long)counts->with_factor, (long long)counts->there, counts->there == 1 ? "was" : "were",
		 (long long)counts->refused);
	return buf_check(out);
}

/* --- the command ------------------------------------------------------------------------------------------------------- */

static const struct kind {
	const char *name;
	import_source source;
	bool takes_totp;
} kinds[] = {
	{ "flask", import_flask, false },
	{ "htpasswd", import_htpasswd, false },
	{ "authelia", import_authelia, true },
};

struct request {
	const struct kind *kind;
	struct import_place place;
	const char *map;
	bool dry_run, json;
};

static err
run_import(const struct config *config, const struct request *request, struct why *why,
	   struct import_counts *ret_counts)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(ARENA_MAX);
	struct telling telling = { progress_begin("importing") };
	struct import_place place = request->place;
	str map = { 0 };
	struct import import = { .what = request->kind->name,
				 .source = request->kind->source,
				 .source_context = &place,
				 .rename = request->map == NULL ? NULL : renamed,
				 .rename_context = &map,
				 .dry_run = request->dry_run,
				 .refused = tell_refused,
				 .progress = tell_progress,
				 .context = &telling };
	err e;

	place.arena = &arena;
	if (request->map != NULL)
		TRY(import_file(request->map, &arena, why, &map));
	e = import_run(config, &import, why, ret_counts);
	progress_end(&telling.progress);
	return e;
}

static int
import_and_tell(struct cli *cli, const struct request *request)
{
	CLEANUP(buf_wipe) struct buf out = BUF(4 * 1024);
	struct import_counts counts = { 0 };
	struct why why = { 0 };
	int status;
	err e = run_import(&cli->config, request, &why, &counts);

	if (e == ERR_OK)
		e = report(&counts, request->dry_run, request->json, &out);
	if (e != ERR_OK)
		return cli_fail(e, &why);
	status = cli_print(buf_str(&out));
	return status != CLI_DONE || counts.refused == 0 ? status : CLI_FAILED;
}

static const struct kind *
kind_find(const char *word)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (str_equal(str_of(word), str_of(kinds[i].name)))
			return &kinds[i];
	return NULL;
}

static int
kind_unknown(const char *word, const char *command)
{
	const char *words[COUNT(kinds) + 1] = { NULL };

	for (size_t i = 0; i < COUNT(kinds); i++)
		words[i] = kinds[i].name;
	return cli_unknown("source", word, words, command);
}

static int
misused(const char *sentence)
{
	cli_say("doubletour import: %s  `doubletour import --help` says more.", sentence);
	return CLI_USAGE;
}

static int
request_read(int argc, char **argv, struct request *request)
{
	const char *from_environment = getenv("IMPORT_URL");

	if (argc - optind < 2)
		return misused("say from what, and where it is.");
	request->kind = kind_find(argv[optind]);
	if (request->kind == NULL)
		return kind_unknown(argv[optind], argv[0]);
	request->place.place = argv[optind + 1];
	if (str_equal(str_of(request->place.place), STR("-")))
		request->place.place = from_environment;
	if (request->place.place == NULL)
		return misused("- stands for the variable IMPORT_URL, which is not set.");
	if (request->place.totp != NULL && !request->kind->takes_totp)
		return misused("--totp goes with authelia only.");
	return CLI_GO_ON;
}

int
cli_import(struct cli *cli, int argc, char **argv)
{
	struct request request = { .kind = NULL };
	const struct cli_option options[] = { { .name = "map", .value = &request.map },
					      { .name = "totp", .value = &request.place.totp },
					      { .name = "dry-run", .flag = &request.dry_run },
					      { .name = "json", .flag = &request.json } };
	int status = cli_options(argc, argv, import_help, options, COUNT(options), 2);

	if (status == CLI_GO_ON)
		status = request_read(argc, argv, &request);
	if (status == CLI_GO_ON)
		status = cli_config(cli);
	return status == CLI_GO_ON ? import_and_tell(cli, &request) : status;
}
