/*
 * Names in otpauth URIs and migration payloads: which text is valid, and where the issuer before an account ends.
 */
#include "internal.h"

#include <string.h>

/* --- text --------------------------------------------------------------------------------------------------------- */

/* RFC 3629 s4: for each range of first bytes, the length of the sequence and the range of its second byte. */
static const struct lead {
	unsigned char from, to;
	unsigned char length, second_from, second_to;
} leads[] = {
	{ 0x00, 0x7f, 1, 0, 0 },       { 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf },
	{ 0xe1, 0xec, 3, 0x80, 0xbf }, { 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
};

static bool
otp_names_follows(const unsigned char *p, const struct lead *lead)
{
	if (lead->length > 1 && (p[1] < lead->second_from || p[1] > lead->second_to))
		return false;
	for (size_t i = 2; i < lead->length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/* Bytes of the character at p, 0: invalid.  p ends with a NUL, which is not a valid continuation byte. */
static size_t
otp_names_character_length(const unsigned char *p)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (p[0] >= leads[i].from && p[0] <= leads[i].to)
			return otp_names_follows(p, &leads[i]) ? leads[i].length : 0;
	return 0;
}

/* Is the character at p a control character?  U+0080 to U+009F are C2 80 to C2 9F; terminals obey them. */
static bool
otp_names_is_control(const unsigned char *p)
{
	return p[0] < 0x20 || p[0] == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0);
}

bool
otp_text_valid(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p != '\0') {
		size_t length = otp_names_character_length(p);
		if (length == 0 || otp_names_is_control(p))
			return false;
		p += length;
	}
	return true;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

struct otp_span
otp_name_trim(struct otp_span s)
{
	while (s.n > 0 && s.p[0] == ' ') {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

bool
otp_name_take(struct otp_span s, char *ret_name, size_t size)
{
	s = otp_name_trim(s);
	if (s.n >= size || (s.n > 0 && memchr(s.p, '\0', s.n) != NULL))
		return false;
	if (s.n > 0) /* p may be NULL */
		memmove(ret_name, s.p, s.n);
	ret_name[s.n] = '\0';
	return otp_text_valid(ret_name);
}

bool
otp_name_begins(struct otp_span name, const char *text)
{
	size_t n = strlen(text);

	return name.n >= n && strncmp(name.p, text, n) == 0;
}

bool
otp_label_has_issuer(struct otp_span label, const char *issuer, struct otp_span *ret_account)
{
	size_t n = strlen(issuer);

	label = otp_name_trim(label);
	if (n == 0 || !otp_name_begins(label, issuer))
		return false;
	label = otp_name_trim((struct otp_span){ label.p + n, label.n - n });
	if (label.n == 0 || label.p[0] != ':')
		return false;
	*ret_account = otp_name_trim((struct otp_span){ label.p + 1, label.n - 1 });
	return true;
}
