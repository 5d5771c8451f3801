/*
 * credentials_read: the credentials in body and header, compared with a second implementation of the rules, which uses
 * libcrypto's base64.  A client's id and secret survive the round trip through a header.
 *
 * Input: client_id and client_secret of the body, then headers Authorization, separated by newlines.
 */
#include "target.h"

#include "../tests/unit/http/by_hand.h"

#include "web/oidc/credentials.h"

#include <openssl/evp.h>

enum { HEADERS = 3, TEXT_MAX = 8192, DECODED_MAX = 4 * (OIDC_CLIENT_ID_MAX + OIDC_SECRET_MAX) };

/* --- the second implementation ------------------------------------------------------------------------------------ */

/* libcrypto also accepts blanks and spare bits, so the decoded bytes must encode to the same letters. */
static bool
base64_read(str letters, str *ret_bytes)
{
	static unsigned char padded[TEXT_MAX + 4], bytes[TEXT_MAX], again[TEXT_MAX + 8];
	size_t padding = (4 - letters.n % 4) % 4;
	int n;

	if (letters.n == 0 || padding == 3)
		return false;
	memcpy(padded, letters.p, letters.n);
	memset(padded + letters.n, '=', padding);
	n = EVP_DecodeBlock(bytes, padded, (int)(letters.n + padding)) - (int)padding;
	if (n <= 0 || EVP_EncodeBlock(again, bytes, n) != (int)(letters.n + padding) ||
	    memcmp(again, letters.p, letters.n) != 0)
		return false;
	*ret_bytes = str_bytes(bytes, (size_t)n);
	return ret_bytes->n <= DECODED_MAX;
}

/* Decode the text after "Basic ". */
static bool
basic_read(str header, str *ret_bytes)
{
	str rest = header;

	if (header.n < 6 || strncasecmp(header.p, "Basic ", 6) != 0)
		return false;
	rest = str_trim(str_from(header, 6));
	if (str_ends(rest, STR("==")))
		return base64_read(str_upto(rest, rest.n - 2), ret_bytes);
	return base64_read(str_ends(rest, STR("=")) ? str_upto(rest, rest.n - 1) : rest, ret_bytes);
}

static bool
is_hex(char c)
{
	return c != '\0' && strchr("0123456789abcdefABCDEF", c) != NULL;
}

static bool
is_form_encoded(str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '%' && (i + 2 >= text.n || !is_hex(text.p[i + 1]) || !is_hex(text.p[i + 2])))
			return false;
	return true;
}

/* out has TEXT_MAX bytes. */
static str
form_decoded(str text, char *out)
{
	size_t n = 0;

	if (!is_form_encoded(text))
		return text;
	for (size_t i = 0; i < text.n; i++) {
		char digits[] = { '0', '0', '\0' };
		if (text.p[i] != '%') {
			out[n++] = text.p[i] == '+' ? ' ' : text.p[i];
			continue;
		}
		digits[0] = text.p[++i];
		digits[1] = text.p[++i];
		out[n++] = (char)strtol(digits, NULL, 16);
	}
	return str_bytes(out, n);
}

static bool
fits(str text, size_t max)
{
	for (size_t i = 0; i < text.n; i++)
		if ((uint8_t)text.p[i] < ' ' || text.p[i] == 0x7f)
			return false;
	return text.n <= max && str_utf8_valid(text);
}

static bool
is_sent_as(str sent, str text, size_t max)
{
	return str_equal(sent, fits(text, max) ? text : STR("?"));
}

/* Only routes of applications see the header Authorization. */
static struct job *
application_job(void)
{
	struct job *job = by_hand();

	job->authorization = true;
	return job;
}

/* --- comparison --------------------------------------------------------------------------------------------------- */

static enum oidc_error
read_request(struct job *job, str id, str secret, struct credentials *ret)
{
	struct exchange x = { .rq = &job->rq };
	enum oidc_error error = OIDC_ERROR_COUNT;

	PROMISE(credentials_read(&x, id, secret, ret, &error) == ERR_OK);
	PROMISE(error == OIDC_OK || error == OIDC_INVALID_REQUEST || error == OIDC_INVALID_CLIENT);
	return error;
}

static void
check_body(struct job *job, str id, str secret)
{
	struct credentials c;

	PROMISE(read_request(job, id, secret, &c) == (id.n > 0 ? OIDC_OK : OIDC_INVALID_CLIENT));
	PROMISE(c.auth == (secret.n > 0 ? OIDC_AUTH_POST : OIDC_AUTH_NONE));
	PROMISE(is_sent_as(c.client_id, id, OIDC_CLIENT_ID_MAX) && c.raw_id.n == 0);
	PROMISE(is_sent_as(c.client_secret, secret, OIDC_SECRET_MAX) && c.raw_secret.n == 0);
}

static void
check_halves(const struct credentials *c, str id, str secret)
{
	static char decoded_id[TEXT_MAX], decoded_secret[TEXT_MAX];

	PROMISE(c->auth == (secret.n > 0 ? OIDC_AUTH_BASIC : OIDC_AUTH_NONE));
	PROMISE(is_sent_as(c->raw_id, id, OIDC_CLIENT_ID_MAX));
	PROMISE(is_sent_as(c->raw_secret, secret, OIDC_SECRET_MAX));
	PROMISE(is_sent_as(c->client_id, form_decoded(id, decoded_id), OIDC_CLIENT_ID_MAX));
	PROMISE(is_sent_as(c->client_secret, form_decoded(secret, decoded_secret), OIDC_SECRET_MAX));
}

static void
check_basic(struct job *job, str header, str id)
{
	struct credentials c = { .auth = OIDC_AUTH_NONE };
	enum oidc_error error = read_request(job, id, STR(""), &c);
	str secret = { 0 }, name;
	bool good = basic_read(header, &secret);

	name = str_cut(&secret, ':');
	if (!good || secret.p == NULL || name.n == 0) {
		PROMISE(error == OIDC_INVALID_CLIENT);
		return;
	}
	check_halves(&c, name, secret);
	PROMISE((error == OIDC_OK) == (id.n == 0 || str_equal(id, c.client_id) || str_equal(id, c.raw_id)));
	PROMISE(error == OIDC_OK || error == OIDC_INVALID_REQUEST);
}

static void
check_request(struct job *job, str id, str secret, str header)
{
	struct credentials c;

	if (job->parser.field_count == 0)
		check_body(job, id, secret);
	else if (job->parser.field_count == 1 && secret.n == 0)
		check_basic(job, header, id);
	else
		PROMISE(read_request(job, id, secret, &c) == OIDC_INVALID_REQUEST);
}

/* --- the headers of a client -------------------------------------------------------------------------------------- */

static void
put_header(struct job *job, str text)
{
	CLEANUP(buf_wipe) struct buf header = BUF(TEXT_MAX);
	char letters[STR_BASE64_LETTERS(TEXT_MAX)];

	PROMISE(text.n <= DECODED_MAX);
	str_base64_write(text.p, text.n, letters);
	buf_put(&header, STR("Basic "));
	buf_put(&header, str_bytes(letters, STR_BASE64_LETTERS(text.n)));
	buf_put(&header, str_upto(STR("=="), (3 - text.n % 3) % 3));
	PROMISE(buf_check(&header) == ERR_OK);
	by_hand_field(job, STR("Authorization"), buf_str(&header));
}

/* The header of this text is read as id and secret: decoded if the text is encoded, raw otherwise. */
static void
check_header(str text, bool encoded, str id, str secret)
{
	CLEANUP(by_hand_free) struct job *job = application_job();
	struct credentials c;

	put_header(job, text);
	PROMISE(read_request(job, id, STR(""), &c) == OIDC_OK && c.auth == OIDC_AUTH_BASIC);
	PROMISE(str_equal(encoded ? c.client_id : c.raw_id, id));
	PROMISE(str_equal(encoded ? c.client_secret : c.raw_secret, secret));
}

/* RFC 6749 s2.3.1 demands the encoding, but many clients do not encode. */
static void
check_headers(str id, str secret)
{
	CLEANUP(buf_wipe) struct buf encoded = BUF(DECODED_MAX), bare = BUF(DECODED_MAX);

	buf_put_percent(&encoded, id);
	buf_put_byte(&encoded, ':');
	buf_put_percent(&encoded, secret);
	if (buf_check(&encoded) == ERR_OK)
		check_header(buf_str(&encoded), true, id, secret);
	if (str_has_byte(id, ':'))
		return;
	buf_put(&bare, id);
	buf_put_byte(&bare, ':');
	buf_put(&bare, secret);
	check_header(buf_str(&bare), false, id, secret);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEANUP(by_hand_free) struct job *job = application_job();
	str rest = str_bytes(bytes, n), id, secret, header = { 0 };

	if (n > TEXT_MAX)
		return 0;
	id = str_cut(&rest, '\n');
	secret = str_cut(&rest, '\n');
	while (rest.p != NULL && job->parser.field_count < HEADERS) {
		header = str_cut(&rest, '\n');
		by_hand_field(job, STR("Authorization"), header);
	}
	check_request(job, id, secret, header);
	if (id.n > 0 && secret.n > 0 && fits(id, OIDC_CLIENT_ID_MAX) && fits(secret, OIDC_SECRET_MAX))
		check_headers(id, secret);
	return 0;
}
