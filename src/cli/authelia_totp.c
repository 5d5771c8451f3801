#include "cli/authelia_totp.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>

#define SCHEME "otpauth://"

enum { URIS_MAX = 200000, BROKEN_MAX = 1000 /* each broken URI is compared with every name */ };

void
authelia_totp_wipe(struct authelia_totp *totp)
{
	if (totp->at != NULL)
		secret_wipe(totp->at, totp->room * sizeof(*totp->at));
	mem_free(&totp->at);
	totp->n = totp->readable = totp->room = 0;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool
authelia_totp_is_uri(str line)
{
	return str_equal_nocase(str_upto(line, strlen(SCHEME)), STR(SCHEME));
}

/*
 * The rest of the line from "otpauth" on, also after a quote, a word or an invisible character; empty if there is no
 * such word.
 */
static str
authelia_totp_uri_within(str line)
{
	while (line.n > 0 && !str_equal_nocase(str_upto(line, strlen("otpauth")), STR("otpauth")))
		line = str_from(line, 1);
	return line;
}

/* The label: the text between the type and the parameters. */
static str
authelia_totp_label_of(str line)
{
	str rest = str_from(line, strlen(SCHEME));

	(void)str_cut(&rest, '/');
	return str_cut(&rest, '?');
}

static void
authelia_totp_authenticator_read(str line, unsigned number, struct authelia_authenticator *a)
{
	const char *wrong = NULL;

	*a = (struct authelia_authenticator){ .line = number };
	if (!authelia_totp_is_uri(line))
		a->wrong = "its line does not begin with " SCHEME;
	else if (otp_uri_parse(line.p, line.n, OTP_ALLOW_SHORT_SECRET, &a->uri, &wrong) != OTP_OK)
		a->wrong = wrong == NULL ? "it cannot be read" : wrong;
	else if (a->uri.type != OTP_TYPE_TOTP)
		a->wrong = "it counts codes instead of time";
	else if (otp_base32_encode(a->uri.secret, a->uri.secret_n, a->base32, sizeof(a->base32)) != OTP_OK)
		a->wrong = "its secret cannot be read";
	a->label = a->wrong != NULL ? authelia_totp_label_of(authelia_totp_uri_within(line)) : (str){ 0 };
}

static size_t
authelia_totp_uris_count(str text)
{
	size_t n = 0;

	while (text.n > 0)
		n += authelia_totp_uri_within(str_cut(&text, '\n')).n > 0;
	return n;
}

static int
authelia_totp_authenticator_compare(const void *x, const void *y)
{
	const struct authelia_authenticator *a = x, *b = y;
	int order = (a->wrong != NULL) - (b->wrong != NULL);

	if (order == 0 && a->wrong == NULL)
		order = str_compare(str_of(a->uri.account), str_of(b->uri.account));
	return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

/* Authelia exports in other formats too; name the format in the error. */
static err
authelia_totp_no_uri(const struct import_location *location, struct why *why)
{
	const char *form = "";

	if (str_starts(location->uris, STR("issuer,username")))
		form = "  It is the output of `export csv`.";
	else if (str_starts(location->uris, STR("\x89PNG")))
		form = "  It is the output of `export png`.";
	else if (str_starts(location->uris, STR("totp_configurations:")) || str_starts(location->uris, STR("---")))
		form = "  It is the YAML that `export` writes without a format.";
	return why_set(
	    why, ERR_INVALID,
	    "%s has no line that begins with otpauth://.%s  `authelia storage user totp export uri` prints such "
	    "lines.",
	    location->totp, form);
}

static void
authelia_totp_lines_read(struct import_location *location, struct authelia_totp *totp)
{
	str rest = location->uris;
	unsigned number = 0;

	location->passed_over = 0;
	while (rest.n > 0) {
		str line = str_trim(str_cut(&rest, '\n'));
		number++;
		if (authelia_totp_uri_within(line).n > 0)
			authelia_totp_authenticator_read(line, number, &totp->at[totp->n++]);
		else
			location->passed_over += line.n > 0;
	}
	qsort(totp->at, totp->n, sizeof(*totp->at), authelia_totp_authenticator_compare);
	while (totp->readable < totp->n && totp->at[totp->readable].wrong == NULL)
		totp->readable++;
}

err
authelia_totp_read(struct import_location *location, struct authelia_totp *ret_totp, struct why *why)
{
	ret_totp->room = authelia_totp_uris_count(location->uris);
	if (ret_totp->room == 0)
		return authelia_totp_no_uri(location, why);
	if (ret_totp->room > URIS_MAX)
		return why_set(why, ERR_TOO_LONG, "%s has more than 200,000 authenticators.", location->totp);
	ret_totp->at = mem_new_array(ret_totp->room, sizeof(*ret_totp->at));
	if (ret_totp->at == NULL)
		return ERR_MEMORY;
	authelia_totp_lines_read(location, ret_totp);
	if (ret_totp->n - ret_totp->readable > BROKEN_MAX)
		return why_set(
		    why, ERR_INVALID, "%s has more than 1,000 lines that cannot be read.  The first is line %u: %s.",
		    location->totp, ret_totp->at[ret_totp->readable].line, ret_totp->at[ret_totp->readable].wrong);
	return ERR_OK;
}

/* --- the owner of an authenticator -------------------------------------------------------------------------------- */

/* The last readable authenticator whose account has that name; all authenticators of that name are marked as used. */
static struct authelia_authenticator *
authelia_totp_readable_find(struct authelia_totp *totp, str name)
{
	struct authelia_authenticator *found = NULL;
	size_t low = 0, high = totp->readable;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (str_compare(str_of(totp->at[middle].uri.account), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < totp->readable && str_compare(str_of(totp->at[low].uri.account), name) == 0; low++) {
		found = &totp->at[low];
		found->used = true;
	}
	return found;
}

static bool
authelia_totp_label_ends(str label, str name)
{
	str before = str_upto(label, label.n - name.n), colon;

	if (name.n == 0 || label.n < name.n || !str_equal(str_from(label, label.n - name.n), name))
		return false;
	colon = str_from(before, before.n < 3 ? 0 : before.n - 3);
	return before.n == 0 || str_ends(before, STR(":")) || str_equal_nocase(colon, STR("%3a"));
}

/* A broken URI belongs to the user whose name ends its label, plain or percent-encoded. */
static bool
authelia_totp_is_label_of(str label, str name)
{
	CLEANUP(buf_wipe) struct buf encoded = BUF(1024);

	if (authelia_totp_label_ends(label, name))
		return true;
	buf_put_percent(&encoded, name);
	return buf_check(&encoded) == ERR_OK && authelia_totp_label_ends(label, buf_str(&encoded));
}

static struct authelia_authenticator *
authelia_totp_broken_find(struct authelia_totp *totp, str name)
{
	struct authelia_authenticator *found = NULL;

	for (size_t i = totp->readable; i < totp->n; i++)
		if (authelia_totp_is_label_of(totp->at[i].label, name)) {
			found = &totp->at[i];
			found->used = true;
		}
	return found;
}

void
authelia_totp_find(struct authelia_totp *totp, struct import_row *row)
{
	const struct authelia_authenticator *a = authelia_totp_readable_find(totp, row->name),
					    *broken = authelia_totp_broken_find(totp, row->name);

	if (broken != NULL && (a == NULL || a->line < broken->line)) {
		snprintf(totp->reason, sizeof(totp->reason),
			 "its authenticator, in line %u of the export, cannot be imported: %s", broken->line,
			 broken->wrong);
		row->factor_refused = totp->reason;
	} else if (a != NULL) {
		row->secret = str_of(a->base32);
		row->algorithm = a->uri.algorithm;
		row->digits = a->uri.digits;
		row->period_s = a->uri.period_s;
	}
}

static err
authelia_totp_stray_take(const struct authelia_authenticator *a, import_take take, void *context)
{
	char where[64], reason[200];
	struct import_row row = { .stray = true, .name = a->wrong != NULL ? a->label : str_of(a->uri.account) };

	snprintf(where, sizeof(where), "line %u of the authenticators", a->line);
	snprintf(reason, sizeof(reason), "this authenticator belongs to no account in the file%s%s",
		 a->wrong != NULL ? ", and cannot be imported: " : "", a->wrong != NULL ? a->wrong : "");
	row.where = str_of(where);
	row.refused = reason;
	return take(context, &row);
}

err
authelia_totp_strays(const struct authelia_totp *totp, import_take take, void *context)
{
	for (size_t i = 0; i < totp->n; i++)
		if (!totp->at[i].used)
			TRY(authelia_totp_stray_take(&totp->at[i], take, context));
	return ERR_OK;
}
