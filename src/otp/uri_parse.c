/*
 * Parsing otpauth:// URIs, including the variants that services and apps write.
 */
#include "internal.h"

#include <openssl/crypto.h>
#include <string.h>

/* --- small readers ------------------------------------------------------------------------------------------------ */

static char
otp_uri_parse_lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* word is in small letters */
static bool
otp_uri_parse_is_word(struct otp_span s, const char *word)
{
	if (s.n != strlen(word))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (otp_uri_parse_lower(s.p[i]) != word[i])
			return false;
	return true;
}

/*
 * Cut the text up to the first of the `ends` bytes off *rest, and drop that byte.  *ret_end: the byte, or 0 if
 * there is none.
 */
static struct otp_span
otp_uri_parse_cut(struct otp_span *rest, const char *ends, char *ret_end)
{
	struct otp_span part = { rest->p, 0 };

	*ret_end = '\0';
	while (part.n < rest->n && (rest->p[part.n] == '\0' || strchr(ends, rest->p[part.n]) == NULL))
		part.n++;
	if (part.n < rest->n)
		*ret_end = rest->p[part.n];
	rest->p += part.n + (*ret_end != '\0');
	rest->n -= part.n + (*ret_end != '\0');
	return part;
}

bool
otp_percent_decode(const char *text, size_t n, char *ret_bytes, size_t size, size_t *ret_n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		int byte = (unsigned char)text[i];
		if (out == size)
			return false;
		if (byte == '%') {
			int high = n - i < 3 ? -1 : otp_hex_value(text[i + 1]),
			    low = n - i < 3 ? -1 : otp_hex_value(text[i + 2]);
			if (high < 0 || low < 0)
				return false;
			byte = high << 4 | low;
			i += 2;
		}
		ret_bytes[out++] = (char)byte;
	}
	*ret_n = out;
	return true;
}

static bool
otp_uri_parse_number_of(struct otp_span s, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(s.p[i] - '0'), &number) || number > max)
			return false;
	}
	*ret_number = number;
	return true;
}

/* --- state of the parser ------------------------------------------------------------------------------------------ */

struct parsing {
	struct otp_uri uri;
	struct otp_span label, issuer; /* as in the URI, with their escapes; issuer: the parameter */
	unsigned seen;                 /* one bit for each entry of `parameters` */
	unsigned flags;
	const char *wrong;
};

static bool
otp_uri_parse_refuse(struct parsing *p, const char *wrong)
{
	p->wrong = wrong;
	return false;
}

/* --- parameters --------------------------------------------------------------------------------------------------- */

static bool
otp_uri_parse_take_secret(struct parsing *p, struct otp_span value)
{
	if (otp_base32_decode(value.p, value.n, p->uri.secret, sizeof(p->uri.secret), &p->uri.secret_n, NULL) == OTP_OK)
		return true;
	return otp_uri_parse_refuse(p, "the secret is not base32, or longer than 128 bytes");
}

static bool
otp_uri_parse_take_issuer(struct parsing *p, struct otp_span value)
{
	return otp_name_take(value, p->uri.issuer, sizeof(p->uri.issuer)) ||
	       otp_uri_parse_refuse(p, "the issuer is too long, or not printable text");
}

static bool
otp_uri_parse_take_algorithm(struct parsing *p, struct otp_span value)
{
	static const struct {
		const char *word;
		enum otp_algorithm algorithm;
	} words[] = {
		{ "sha1", OTP_SHA1 },     { "sha-1", OTP_SHA1 },     { "hmacsha1", OTP_SHA1 },
		{ "sha256", OTP_SHA256 }, { "sha-256", OTP_SHA256 }, { "hmacsha256", OTP_SHA256 },
		{ "sha512", OTP_SHA512 }, { "sha-512", OTP_SHA512 }, { "hmacsha512", OTP_SHA512 },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (otp_uri_parse_is_word(value, words[i].word)) {
			p->uri.algorithm = words[i].algorithm;
			return true;
		}
	return otp_uri_parse_refuse(p, "the algorithm is not SHA1, SHA256 or SHA512");
}

static bool
otp_uri_parse_take_digits(struct parsing *p, struct otp_span value)
{
	uint64_t digits = 0;

	if (!otp_uri_parse_number_of(value, OTP_DIGITS_MAX, &digits) || digits < OTP_STEAM_SIZE - 1)
		return otp_uri_parse_refuse(p, "the number of digits is not 6 to 10");
	p->uri.digits = (unsigned)digits;
	return true;
}

static bool
otp_uri_parse_take_period(struct parsing *p, struct otp_span value)
{
	uint64_t period = 0;

	if (!otp_uri_parse_number_of(value, UINT32_MAX, &period) || period == 0)
		return otp_uri_parse_refuse(p, "the period is not a number of seconds");
	p->uri.period_s = (unsigned)period;
	return true;
}

static bool
otp_uri_parse_take_counter(struct parsing *p, struct otp_span value)
{
	return otp_uri_parse_number_of(value, UINT64_MAX, &p->uri.counter) ||
	       otp_uri_parse_refuse(p, "the counter is not a number");
}

static bool
otp_uri_parse_take_image(struct parsing *p, struct otp_span value)
{
	return otp_name_take(value, p->uri.image, sizeof(p->uri.image)) ||
	       otp_uri_parse_refuse(p, "the address of the image is too long, or not printable text");
}

static bool
otp_uri_parse_take_encoder(struct parsing *p, struct otp_span value)
{
	if (!otp_uri_parse_is_word(value, "steam"))
		return otp_uri_parse_refuse(p, "the encoder is not steam");
	p->uri.steam = true;
	return true;
}

static const struct parameter {
	const char *name;
	bool (*take)(struct parsing *p, struct otp_span value);
} parameters[] = {
	{ "secret", otp_uri_parse_take_secret },       { "issuer", otp_uri_parse_take_issuer },
	{ "algorithm", otp_uri_parse_take_algorithm }, { "digits", otp_uri_parse_take_digits },
	{ "period", otp_uri_parse_take_period },       { "counter", otp_uri_parse_take_counter },
	{ "image", otp_uri_parse_take_image },         { "encoder", otp_uri_parse_take_encoder },
};
enum { PARAMETERS = sizeof(parameters) / sizeof(parameters[0]), VALUE_MAX = OTP_IMAGE_MAX + 1 };

static bool
otp_uri_parse_seen(const struct parsing *p, const char *name)
{
	for (size_t i = 0; i < PARAMETERS; i++)
		if (strcmp(parameters[i].name, name) == 0)
			return (p->seen & 1u << i) != 0;
	return false;
}

static bool
otp_uri_parse_same_secret(const struct otp_uri *a, const struct otp_uri *b)
{
	return a->secret_n == b->secret_n && CRYPTO_memcmp(a->secret, b->secret, a->secret_n) == 0;
}

static bool
otp_uri_parse_same(const struct otp_uri *a, const struct otp_uri *b)
{
	return otp_uri_parse_same_secret(a, b) && strcmp(a->issuer, b->issuer) == 0 &&
	       strcmp(a->image, b->image) == 0 && a->algorithm == b->algorithm && a->digits == b->digits &&
	       a->period_s == b->period_s && a->counter == b->counter && a->steam == b->steam;
}

/* A repeated parameter with the same value is ignored.  With another value it is noted, and the first value stays. */
static bool
otp_uri_parse_take_repeated(struct parsing *p, const struct parameter *parameter, struct otp_span value)
{
	struct parsing again = *p;

	if (!parameter->take(&again, value) || !otp_uri_parse_same(&again.uri, &p->uri))
		p->uri.notes |= OTP_NOTE_REPEATED;
	OPENSSL_cleanse(&again, sizeof(again));
	return true;
}

static bool
otp_uri_parse_take_value(struct parsing *p, size_t which, struct otp_span value)
{
	unsigned bit = 1u << which;

	if ((p->seen & bit) != 0)
		return otp_uri_parse_take_repeated(p, &parameters[which], value);
	p->seen |= bit;
	return parameters[which].take(p, value);
}

static bool
otp_uri_parse_take_parameter(struct parsing *p, struct otp_span pair)
{
	char text[VALUE_MAX], end;
	struct otp_span name = otp_uri_parse_cut(&pair, "=", &end), value = { text, 0 };
	bool taken;

	for (size_t i = 0; i < PARAMETERS; i++) {
		if (!otp_uri_parse_is_word(name, parameters[i].name))
			continue;
		if (parameters[i].take == otp_uri_parse_take_issuer && !otp_uri_parse_seen(p, "issuer"))
			p->issuer = pair;
		if (!otp_percent_decode(pair.p, pair.n, text, sizeof(text), &value.n))
			return otp_uri_parse_refuse(p, "a parameter is too long, or has a broken percent-escape");
		taken = otp_uri_parse_take_value(p, i, value);
		OPENSSL_cleanse(text, sizeof(text));
		return taken;
	}
	if (name.n > 0)
		p->uri.notes |= OTP_NOTE_UNKNOWN;
	return true;
}

static bool
otp_uri_parse_take_query(struct parsing *p, struct otp_span query)
{
	char end;

	while (query.n > 0)
		if (!otp_uri_parse_take_parameter(p, otp_uri_parse_cut(&query, "&", &end)))
			return false;
	return true;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

enum { LABEL_MAX = 2 * (OTP_NAME_MAX + 1) };

/* Decode a part of a URI into a name. */
static bool
otp_uri_parse_take_part(struct otp_span part, char *ret_name)
{
	char text[LABEL_MAX];
	struct otp_span decoded = { text, 0 };

	return otp_percent_decode(part.p, part.n, text, sizeof(text), &decoded.n) &&
	       otp_name_take(decoded, ret_name, OTP_NAME_MAX + 1);
}

/* The issuer parameter in form encoding: an unescaped plus sign is a space. */
static bool
otp_uri_parse_take_form_issuer(const struct parsing *p, char *ret_issuer)
{
	char raw[3 * OTP_NAME_MAX];

	if (p->issuer.n == 0 || p->issuer.n > sizeof(raw))
		return false;
	for (size_t i = 0; i < p->issuer.n; i++)
		raw[i] = (char)(p->issuer.p[i] == '+' ? ' ' : p->issuer.p[i]);
	return otp_uri_parse_take_part((struct otp_span){ raw, p->issuer.n }, ret_issuer);
}

/* Is the issuer in the label, before a colon or alone?  The account is the text after the colon, or the whole label. */
static bool
otp_uri_parse_label_says(struct otp_span label, const char *issuer, struct otp_span *ret_account)
{
	*ret_account = label;
	return otp_label_has_issuer(label, issuer, ret_account) ||
	       (strchr(issuer, ':') == NULL && label.n == strlen(issuer) && otp_name_begins(label, issuer));
}

/* Do label and parameter have the same issuer?  The label decides whether plus signs in the parameter are spaces. */
static bool
otp_uri_parse_issuers_agree(struct parsing *p, struct otp_span label, struct otp_span *ret_account)
{
	char form_issuer[OTP_NAME_MAX + 1] = "";

	if (otp_uri_parse_label_says(label, p->uri.issuer, ret_account))
		return true;
	if (!otp_uri_parse_take_form_issuer(p, form_issuer) ||
	    !otp_uri_parse_label_says(label, form_issuer, ret_account))
		return false;
	memcpy(p->uri.issuer, form_issuer, sizeof(form_issuer));
	return true;
}

/* Find the colon that ends the issuer in an undecoded label: the first literal colon or, without one, the first %3A. */
static bool
otp_uri_parse_find_colon(struct otp_span label, size_t *ret_at, size_t *ret_n)
{
	const char *literal = label.n == 0 ? NULL : memchr(label.p, ':', label.n);

	*ret_n = literal != NULL ? 1 : strlen("%3a");
	*ret_at = literal != NULL ? (size_t)(literal - label.p) : 0;
	if (literal != NULL)
		return true;
	while (*ret_at + *ret_n <= label.n &&
	       !otp_uri_parse_is_word((struct otp_span){ label.p + *ret_at, *ret_n }, "%3a"))
		++*ret_at;
	return *ret_at + *ret_n <= label.n;
}

/* Split a label into issuer (empty if there is no colon) and account, and decode them. */
static bool
otp_uri_parse_split_label(struct parsing *p, char *ret_issuer)
{
	struct otp_span issuer = { p->label.p, 0 }, account = p->label;
	size_t at, n;

	if (otp_uri_parse_find_colon(p->label, &at, &n)) {
		issuer.n = at;
		account = (struct otp_span){ p->label.p + at + n, p->label.n - at - n };
	}
	if (!otp_uri_parse_take_part(issuer, ret_issuer))
		return otp_uri_parse_refuse(p, "the issuer in the label is too long, or not printable text");
	return otp_uri_parse_take_part(account, p->uri.account) ||
	       otp_uri_parse_refuse(p, "the account in the label is too long, or not printable text");
}

/* If label and parameter differ, use the parameter's issuer, as most apps do. */
static bool
otp_uri_parse_settle_issuer(struct parsing *p)
{
	char label_issuer[OTP_NAME_MAX + 1] = "";

	if (!otp_uri_parse_split_label(p, label_issuer))
		return false;
	if (p->uri.issuer[0] == '\0')
		memcpy(p->uri.issuer, label_issuer, sizeof(label_issuer));
	else if (label_issuer[0] != '\0' && strcmp(p->uri.issuer, label_issuer) != 0)
		p->uri.notes |= OTP_NOTE_ISSUERS_DIFFER;
	return true;
}

static bool
otp_uri_parse_settle_names(struct parsing *p)
{
	char text[LABEL_MAX];
	struct otp_span label = { text, 0 }, account;

	if (!otp_percent_decode(p->label.p, p->label.n, text, sizeof(text), &label.n))
		return otp_uri_parse_refuse(p, "the label is too long, or has a broken percent-escape");
	if (p->uri.issuer[0] == '\0' || !otp_uri_parse_issuers_agree(p, label, &account))
		return otp_uri_parse_settle_issuer(p);
	return otp_name_take(account, p->uri.account, sizeof(p->uri.account)) ||
	       otp_uri_parse_refuse(p, "the account in the label is too long, or not printable text");
}

/* --- the whole URI ------------------------------------------------------------------------------------------------ */

static bool
otp_uri_parse_settle_steam(struct parsing *p)
{
	enum { STEAM_DIGITS = OTP_STEAM_SIZE - 1 };
	struct otp_span issuer = { p->uri.issuer, strlen(p->uri.issuer) };

	if (p->uri.digits == STEAM_DIGITS && otp_uri_parse_is_word(issuer, "steam"))
		p->uri.steam = true;
	if (p->uri.steam && !otp_steam_parameters_valid(&p->uri))
		return otp_uri_parse_refuse(p, "Steam's codes are made with SHA1 every 30 seconds");
	if (p->uri.steam)
		p->uri.digits = STEAM_DIGITS;
	return p->uri.steam || p->uri.digits != STEAM_DIGITS ||
	       otp_uri_parse_refuse(p, "the number of digits is not 6 to 10");
}

static void
otp_uri_parse_settle_notes(struct parsing *p)
{
	const struct otp_uri *uri = &p->uri;

	if (uri->secret_n < OTP_SECRET_MIN)
		p->uri.notes |= OTP_NOTE_SHORT_SECRET;
	if (!uri->steam && (uri->algorithm != OTP_SHA1 || uri->digits != 6 || uri->period_s != 30))
		p->uri.notes |= OTP_NOTE_UNUSUAL;
	if (uri->type == OTP_TYPE_HOTP && !otp_uri_parse_seen(p, "counter"))
		p->uri.notes |= OTP_NOTE_COUNTER_MISSING;
}

static bool
otp_uri_parse_take_type(struct parsing *p, struct otp_span *rest)
{
	static const char scheme[] = "otpauth://";
	struct otp_span type = { rest->p, strlen(scheme) };
	char end;

	if (rest->n < type.n || !otp_uri_parse_is_word(type, scheme))
		return otp_uri_parse_refuse(p, "it does not begin with otpauth://");
	rest->p += type.n;
	rest->n -= type.n;
	type = otp_uri_parse_cut(rest, "/", &end);
	p->uri.steam = otp_uri_parse_is_word(type, "steam");
	p->uri.type = otp_uri_parse_is_word(type, "hotp") ? OTP_TYPE_HOTP : OTP_TYPE_TOTP;
	if (end == '/' && (p->uri.steam || otp_uri_parse_is_word(type, "hotp") || otp_uri_parse_is_word(type, "totp")))
		return true;
	return otp_uri_parse_refuse(p, "it does not begin with otpauth://totp/, otpauth://hotp/ or otpauth://steam/");
}

static bool
otp_uri_parse_text(struct parsing *p, struct otp_span text)
{
	struct otp_span query;
	char end;

	if (!otp_uri_parse_take_type(p, &text))
		return false;
	query = otp_uri_parse_cut(&text, "#", &end); /* the fragment is ignored */
	p->label = otp_uri_parse_cut(&query, "?", &end);
	if (!otp_uri_parse_take_query(p, query) || !otp_uri_parse_settle_names(p))
		return false;
	if (p->uri.account[0] == '\0')
		return otp_uri_parse_refuse(p, "there is no account in the label");
	if (!otp_uri_parse_seen(p, "secret") || p->uri.secret_n == 0)
		return otp_uri_parse_refuse(p, "there is no secret");
	if (!otp_uri_parse_settle_steam(p))
		return false;
	otp_uri_parse_settle_notes(p);
	return true;
}

enum otp_status
otp_uri_parse(const char *text, size_t n, unsigned flags, struct otp_uri *ret_uri, const char **ret_wrong)
{
	struct parsing p = { .uri = OTP_URI_DEFAULT, .flags = flags };
	enum otp_status status = OTP_INVALID;

	if (otp_uri_parse_text(&p, (struct otp_span){ text, n }))
		status = OTP_OK;
	if (status == OTP_OK && p.uri.secret_n < OTP_SECRET_MIN && (flags & OTP_ALLOW_SHORT_SECRET) == 0) {
		p.wrong = "the secret is shorter than 128 bits";
		status = OTP_TOO_SHORT;
	}
	if (status == OTP_OK)
		*ret_uri = p.uri;
	else if (ret_wrong != NULL)
		*ret_wrong = p.wrong;
	OPENSSL_cleanse(&p, sizeof(p));
	return status;
}

const char *
otp_note_text(enum otp_note note)
{
	static const struct {
		enum otp_note note;
		const char *text;
	} texts[] = {
		{ OTP_NOTE_ISSUERS_DIFFER,
		  "label and parameter name different issuers; that of the parameter is used" },
		{ OTP_NOTE_REPEATED, "a parameter occurs twice with different values; the first one is used" },
		{ OTP_NOTE_UNKNOWN, "an unknown parameter was ignored" },
		{ OTP_NOTE_SHORT_SECRET, "the secret is shorter than 128 bits" },
		{ OTP_NOTE_UNUSUAL, "some apps misread this algorithm, number of digits or period" },
		{ OTP_NOTE_COUNTER_MISSING, "there is no counter; 0 is used" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].note == note)
			return texts[i].text;
	return NULL;
}
