/*
 * `doubletour import flask|htpasswd|authelia PLACE`.
 */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/file.h"
#include "cli/import.h"
#include "cli/import_openid.h"
#include "cli/json.h"
#include "cli/progress.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char import_help[] =
    "Usage: doubletour import flask DATABASE_URL [--timezone ZONE] [OPTIONS]\n"
    "       doubletour import htpasswd FILE [OPTIONS]\n"
    "       doubletour import authelia FILE [--totp FILE] [--webauthn FILE] [--clients FILE] [--subjects FILE] "
    "[OPTIONS]\n"
    "\n"
    "Import accounts from another application.  Users keep their passwords and authenticators.\n"
    "\n"
    "  flask      the tutorial's database: sqlite:///file, sqlite:////absolute/file or postgresql://...\n"
    "  htpasswd   Apache's password file, with hashes of bcrypt or SHA-crypt\n"
    "  authelia   its user file; --totp is the output of `authelia storage user totp export uri`, --webauthn the file\n"
    "             that `authelia storage user webauthn export` writes.  --clients is its configuration file: its\n"
    "             applications (OpenID Connect).  --subjects is the output of `authelia storage user identifiers\n"
    "             export`: the identifiers that applications know.  With --clients or --subjects, the user file may\n"
    "             be left out.\n"
    "\n"
    "No import weakens an account.  An account with an unsupported value is skipped; standard error names it and the\n"
    "reason.  You can run the command again: existing accounts do not change, except that one without an\n"
    "authenticator or passkey gets the imported ones.\n"
    "\n"
    "  --map FILE       lines \"old name=new name\", for unsupported names\n"
    "  --enrol-anew     leave out an unsupported authenticator or passkey, but import its account; a user without\n"
    "                   another one enrols at the next sign-in\n"
    "  --timezone ZONE  flask: time zone of its timestamps, such as Europe/Paris; default: this machine's\n"
    "  --dry-run        run all checks, change nothing\n"
    "  --json           print the result as JSON\n"
    "  --help           show this help\n"
    "\n"
    "If the address contains a password, put it in the environment variable IMPORT_URL and give - instead.\n"
    "Exit status: 0 all accounts exist now, 1 an account or an authenticator was skipped, or failure, 2 wrong usage,\n"
    "78 invalid configuration.\n";

#define IMPORT_OPTIONS                                                                                                 \
	"  --map FILE           lines \"old name=new name\", for unsupported names\n"                                  \
	"  --enrol-anew         leave out an unsupported authenticator or passkey, but import its account\n"           \
	"  --dry-run            run all checks, change nothing\n"                                                      \
	"  --json               print the result as JSON\n"

static const struct cli_topic import_topics[] = {
	{ "flask", "DATABASE_URL [OPTIONS]",
	  "Import the accounts of the tutorial's Flask application.  DATABASE_URL is sqlite:///file,\n"
	  "sqlite:////absolute/file or postgresql://...  If it contains a password, put it in the environment "
	  "variable\n"
	  "IMPORT_URL and give - instead.\n",
	  "  --timezone ZONE      time zone of its timestamps, such as Europe/Paris; default: this "
	  "machine's\n" IMPORT_OPTIONS },
	{ "htpasswd", "FILE [OPTIONS]",
	  "Import the accounts of Apache's password file, with hashes of bcrypt or SHA-crypt.\n", IMPORT_OPTIONS },
	{ "authelia", "[FILE] [OPTIONS]",
	  "Import the accounts of Authelia's user file, and the applications that sign users in with OpenID Connect.\n"
	  "If the server gets Authelia's address, these applications need no new settings.  With --clients or\n"
	  "--subjects, FILE is optional.\n",
	  "  --totp FILE          the output of `authelia storage user totp export uri`\n"
	  "  --webauthn FILE      the file that `authelia storage user webauthn export` writes\n"
	  "  --clients FILE       Authelia's configuration file: its identity_providers.oidc.clients\n"
	  "  --subjects FILE      the output of `authelia storage user identifiers export`\n" IMPORT_OPTIONS },
	{ .name = NULL },
};

enum { ARENA_MAX = 256 * 1024 * 1024, PROGRESS_FROM_ROWS = 1000 };

/* --- files -------------------------------------------------------------------------------------------------------- */

static err
cli_import_read_all(int fd, char *into, size_t n, size_t *ret_n)
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
	CLEANUP(file_close) int fd = -1;
	struct stat status;
	size_t n = 0;
	char *text;

	if (ret_text->p != NULL)
		return ERR_OK;
	TRY(file_open(path, FILE_ANY, why, &fd));
	if (fstat(fd, &status) != 0)
		return why_set(why, ERR_IO, "The file %s cannot be read: %s.", path, strerror(errno));
	if (status.st_size > IMPORT_FILE_MAX)
		return why_set(why, ERR_TOO_LONG, "The file %s is larger than 64 MiB.", path);
	text = arena_alloc(arena, (size_t)status.st_size + 1);
	if (text == NULL)
		return ERR_MEMORY;
	if (cli_import_read_all(fd, text, (size_t)status.st_size + 1, &n) != ERR_OK)
		return why_set(why, ERR_IO, "The file %s cannot be read: %s.", path, strerror(errno));
	if (n > (size_t)status.st_size) /* the file grows, or is in /proc, where sizes are unknown */
		return why_set(why, ERR_INVALID, "The file %s is longer than its stated size.  Import a copy of it.",
			       path);
	if (str_is_utf16(str_bytes(text, n)))
		return why_set(why, ERR_INVALID, "The file %s is UTF-16.  Save it as UTF-8.", path);
	*ret_text = str_without_bom(str_bytes(text, n));
	return ERR_OK;
}

/* --- the map of names --------------------------------------------------------------------------------------------- */

/* Refuse a line that is not "old=new": it would silently keep a name. */
static err
cli_import_map_check(str map, const char *path, struct why *why)
{
	for (unsigned number = 1; map.n > 0; number++) {
		str line = str_trim(str_cut(&map, '\n')), to = line, from = str_cut(&to, '=');
		bool remark = str_empty(line) || (to.p == NULL && str_starts(line, STR("#")));
		if (!remark && (str_empty(from) || str_empty(str_trim(to))))
			return why_set(why, ERR_INVALID, "%s, line %u: this is not \"old name=new name\".", path,
				       number);
	}
	return ERR_OK;
}

static bool
cli_import_renamed(void *context, str name, str *ret_name)
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

/* --- messages ----------------------------------------------------------------------------------------------------- */

struct telling {
	struct progress progress;
};

static void
cli_import_print_row(struct telling *telling, const struct import_row *row, const char *reason, const char *consequence)
{
	char name[80 * STR_VISIBLE_MAX]; /* a name may contain NUL, which would end it in the format */

	str_visible_z(str_utf8_upto(row->name, 80), name, sizeof(name));
	if (telling->progress.shown_us != 0)
		cli_clear_line();
	cli_say("%.*s, \"%s\": %s.%s", STR_ARG(row->where), name, reason, consequence);
}

static void
cli_import_print_refused(void *context, const struct import_row *row, const char *reason)
{
	cli_import_print_row(context, row, reason, "");
}

static void
cli_import_print_weakened(void *context, const struct import_row *row, const char *reason, bool enrols)
{
	cli_import_print_row(context, row, reason,
			     enrols ? "  The account is imported without it; the user enrols at the next sign-in."
				    : "  The account is imported without it.");
}

static void
cli_import_print_progress(void *context, int64_t done, int64_t all)
{
	struct telling *telling = context;

	if (all >= PROGRESS_FROM_ROWS)
		progress_show(&telling->progress, done, all);
}

static const struct {
	const char *json, *one, *many; /* the words after a number other than 0; NULL: in the first sentence */
	size_t offset;
} count_members[] = {
	{ "rows", NULL, NULL, offsetof(struct import_counts, rows) },
	{ "taken", NULL, NULL, offsetof(struct import_counts, taken) },
	{ "with_authenticator", NULL, NULL, offsetof(struct import_counts, with_factor) },
	{ "there_already", NULL, NULL, offsetof(struct import_counts, there) },
	{ "refused", NULL, NULL, offsetof(struct import_counts, refused) },
	{ "authenticators_added", "existing account got its missing authenticator",
	  "existing accounts got their missing authenticators", offsetof(struct import_counts, factors_added) },
	{ "passkeys", "passkey was imported", "passkeys were imported", offsetof(struct import_counts, passkeys) },
	{ "passkeys_with_clone_warning",
	  "imported passkey may have a copy: its counter fell (doubletour audit --event passkey.count-fell)",
	  "imported passkeys may have copies: their counters fell (doubletour audit --event passkey.count-fell)",
	  offsetof(struct import_counts, copied) },
	{ "enrol_anew", "imported account has no authenticator: the user enrols at the next sign-in",
	  "imported accounts have no authenticator: their users enrol at the next sign-in",
	  offsetof(struct import_counts, enrol_anew) },
	{ "authenticators_unmatched", "authenticator or passkey belongs to no account",
	  "authenticators and passkeys belong to no account", offsetof(struct import_counts, strays) },
};

static long long
cli_import_count_value(const struct import_counts *counts, size_t i)
{
	return *(const int64_t *)((const char *)counts + count_members[i].offset);
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static const struct kind {
	const char *name;
	enum audit_reason reason;
	import_reader source;
	bool takes_totp, takes_timezone;
} kinds[] = {
	{ "flask", REASON_FLASK, import_flask, false, true },
	{ "htpasswd", REASON_HTPASSWD, import_htpasswd, false, false },
	{ "authelia", REASON_AUTHELIA, import_authelia, true, false },
};

struct request {
	const struct kind *kind;
	struct import_location location;
	const char *map;
	bool dry_run, enrol_anew, json;
	struct import_openid openid;
};

static bool
cli_import_has_openid(const struct request *request)
{
	return request->openid.clients != NULL || request->openid.subjects != NULL;
}

/* Clients and identifiers, after the accounts. */
static err
cli_import_run_openid(const struct config *config, struct request *request, const struct import *import,
		      struct arena *arena, struct why *why)
{
	request->openid.config = config;
	request->openid.rename = import->rename;
	request->openid.rename_context = import->rename_context;
	request->openid.dry_run = request->dry_run;
	request->openid.arena = arena;
	return cli_import_has_openid(request) ? import_openid_run(&request->openid, why) : ERR_OK;
}

static const struct {
	const char *json;
	size_t offset;
} openid_members[] = {
	{ "clients", offsetof(struct import_openid_counts, clients) },
	{ "clients_there_already", offsetof(struct import_openid_counts, clients_there) },
	{ "clients_refused", offsetof(struct import_openid_counts, clients_refused) },
	{ "clients_without_secret", offsetof(struct import_openid_counts, clients_without_secret) },
	{ "clients_disabled", offsetof(struct import_openid_counts, clients_disabled) },
	{ "subjects", offsetof(struct import_openid_counts, subjects) },
	{ "subjects_there_already", offsetof(struct import_openid_counts, subjects_there) },
	{ "subjects_refused", offsetof(struct import_openid_counts, subjects_refused) },
};

static long long
cli_import_openid_value(const struct import_openid_counts *counts, size_t i)
{
	return *(const int64_t *)((const char *)counts + openid_members[i].offset);
}

static err
cli_import_report_json(const struct import_counts *counts, const struct request *request, struct buf *out)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	for (size_t i = 0; i < COUNT(count_members); i++)
		cli_json_number(&line, count_members[i].json, cli_import_count_value(counts, i));
	cli_json_number(&line, "lines_skipped", request->location.passed_over);
	if (cli_import_has_openid(request))
		for (size_t i = 0; i < COUNT(openid_members); i++)
			cli_json_number(&line, openid_members[i].json,
					cli_import_openid_value(&request->openid.counts, i));
	cli_json_bool(&line, "dry_run", request->dry_run);
	return cli_json_put(&line, out);
}

static err
cli_import_report(const struct import_counts *counts, const struct request *request, struct buf *out)
{
	const struct import_openid_counts *openid = &request->openid.counts;

	if (cli_import_has_openid(request))
		cli_line(out,
			 "%s %lld application%s and %lld identifier%s. %lld and %lld already existed. %lld and %lld "
			 "skipped.",
			 request->dry_run ? "Would import" : "Imported", (long long)openid->clients,
			 openid->clients == 1 ? "" : "s", (long long)openid->subjects, openid->subjects == 1 ? "" : "s",
			 (long long)openid->clients_there, (long long)openid->subjects_there,
			 (long long)openid->clients_refused, (long long)openid->subjects_refused);
	if (request->location.location == NULL)
		return buf_check(out);
	cli_line(out, "%s %lld account%s, %lld with an authenticator. %lld already existed. %lld skipped.",
		 request->dry_run ? "Would import" : "Imported", (long long)counts->taken,
		 counts->taken == 1 ? "" : "s", (long long)counts->with_factor, (long long)counts->there,
		 (long long)counts->refused);
	for (size_t i = 0; i < COUNT(count_members); i++)
		if (count_members[i].one != NULL && cli_import_count_value(counts, i) > 0)
			cli_line(out, "%lld %s.", cli_import_count_value(counts, i),
				 cli_import_count_value(counts, i) == 1 ? count_members[i].one : count_members[i].many);
	return buf_check(out);
}

/* Print notes about the whole import. */
static void
cli_import_print_notes(const struct request *request, const struct import_counts *counts)
{
	const struct import_location *location = &request->location;

	if (request->kind->takes_totp && location->totp == NULL && counts->taken > 0)
		cli_say("%s",
			"Without --totp, no authenticators were imported: users without a passkey enrol at the next "
			"sign-in.  To add the authenticators, run the command again with --totp.");
	if (location->passed_over > 0)
		cli_say("%s: ignored lines without an otpauth:// URI: %lld.", location->totp,
			(long long)location->passed_over);
	if (location->left_behind[0] != '\0')
		cli_say("Not imported, because Doubletour has no such values: %s.", location->left_behind);
	if (counts->weak_factors > 0)
		cli_say("%s", "To leave out unsupported authenticators and passkeys, but import their accounts, add "
			      "--enrol-anew.  "
			      "Users without another one enrol at the next sign-in.");
}

static err
cli_import_run_source(const struct config *config, struct request *request, struct why *why,
		      struct import_counts *ret_counts)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(ARENA_MAX);
	struct telling telling = { progress_begin("importing") };
	str map = { 0 };
	struct import import = { .reason = request->kind->reason,
				 .source = request->kind->source,
				 .source_context = &request->location,
				 .rename = request->map == NULL ? NULL : cli_import_renamed,
				 .rename_context = &map,
				 .dry_run = request->dry_run,
				 .enrol_anew = request->enrol_anew,
				 .refused = cli_import_print_refused,
				 .weakened = cli_import_print_weakened,
				 .progress = cli_import_print_progress,
				 .context = &telling };
	err e;

	request->location.arena = &arena;
	e = request->map == NULL ? ERR_OK : import_file(request->map, &arena, why, &map);
	if (e == ERR_OK)
		e = cli_import_map_check(map, request->map, why);
	if (e == ERR_OK && request->location.location != NULL)
		e = import_run(config, &import, why, ret_counts);
	progress_end(&telling.progress);
	if (e == ERR_OK)
		e = cli_import_run_openid(config, request, &import, &arena, why);
	request->location.arena = request->openid.arena = NULL; /* the arena is wiped on return */
	request->location.text = request->location.uris = request->location.passkeys = (str){ 0 };
	return e;
}

/* Nothing was skipped, and each application can go on. */
static bool
cli_import_is_whole(const struct request *request, const struct import_counts *counts)
{
	const struct import_openid_counts *openid = &request->openid.counts;

	return counts->refused + counts->strays + openid->clients_refused + openid->clients_without_secret +
		   openid->clients_disabled + openid->subjects_refused ==
	       0;
}

static int
cli_import_run_and_print(struct cli *cli, struct request *request)
{
	CLEANUP(buf_wipe) struct buf out = BUF(4 * 1024);
	struct import_counts counts = { 0 };
	struct why why = { 0 };
	int status;
	err e = cli_import_run_source(&cli->config, request, &why, &counts);

	if (e == ERR_OK)
		e = (request->json ? cli_import_report_json : cli_import_report)(&counts, request, &out);
	if (e != ERR_OK)
		return cli_fail(e, &why);
	cli_import_print_notes(request, &counts);
	status = cli_print(buf_str(&out));
	return status != CLI_DONE || cli_import_is_whole(request, &counts) ? status : CLI_FAILED;
}

static const struct kind *
cli_import_kind_find(const char *word)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (str_equal(str_of(word), str_of(kinds[i].name)))
			return &kinds[i];
	return NULL;
}

static int
cli_import_kind_unknown(const char *word, const char *command)
{
	const char *words[COUNT(kinds) + 1] = { NULL };

	for (size_t i = 0; i < COUNT(kinds); i++)
		words[i] = kinds[i].name;
	return cli_unknown("source", word, words, command);
}

static int
cli_import_misused(const char *sentence)
{
	cli_say("doubletour import: %s  See `doubletour import --help`.", sentence);
	return CLI_USAGE;
}

static int
cli_import_request_read(int argc, char **argv, struct request *request)
{
	const char *from_environment = getenv("IMPORT_URL");

	if (argc == optind)
		return cli_import_misused("the source or its location is missing.");
	request->kind = cli_import_kind_find(argv[optind]);
	if (request->kind == NULL)
		return cli_import_kind_unknown(argv[optind], argv[0]);
	if (cli_import_has_openid(request) && !request->kind->takes_totp)
		return cli_import_misused("--clients and --subjects are for authelia only.");
	if (argc - optind < 2)
		return cli_import_has_openid(request) && request->location.totp == NULL
			   ? CLI_GO_ON
			   : cli_import_misused("the source or its location is missing.");
	request->location.location = argv[optind + 1];
	if (str_equal(str_of(request->location.location), STR("-")))
		request->location.location = from_environment;
	if (request->location.location == NULL)
		return cli_import_misused("- means the variable IMPORT_URL, but it is not set.");
	if (request->location.totp != NULL && !request->kind->takes_totp)
		return cli_import_misused("--totp is for authelia only.");
	if (request->location.webauthn != NULL && !request->kind->takes_totp)
		return cli_import_misused("--webauthn is for authelia only.");
	if (request->location.timezone != NULL && !request->kind->takes_timezone)
		return cli_import_misused("--timezone is for flask only.");
	return CLI_GO_ON;
}

int
cli_import(struct cli *cli, int argc, char **argv)
{
	struct request request = { .kind = NULL };
	const struct cli_option options[] = { { .name = "map", .value = &request.map },
					      { .name = "totp", .value = &request.location.totp },
					      { .name = "clients", .value = &request.openid.clients },
					      { .name = "subjects", .value = &request.openid.subjects },
					      { .name = "webauthn", .value = &request.location.webauthn },
					      { .name = "timezone", .value = &request.location.timezone },
					      { .name = "enrol-anew", .flag = &request.enrol_anew },
					      { .name = "dry-run", .flag = &request.dry_run },
					      { .name = "json", .flag = &request.json } };
	struct cli_help room;
	int status = cli_options(argc, argv, cli_topic_help(argc, argv, import_topics, import_help, &room), options,
				 COUNT(options), 2);

	if (status == CLI_GO_ON)
		status = cli_import_request_read(argc, argv, &request);
	if (status == CLI_GO_ON)
		status = cli_config(cli);
	return status == CLI_GO_ON ? cli_import_run_and_print(cli, &request) : status;
}
