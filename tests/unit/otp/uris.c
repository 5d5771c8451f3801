/*
 * For compare_uris.py.  Reads lines and prints a line for each:
 *
 *	B type algorithm digits period counter hexsecret hexissuer hexaccount     prints the built URI
 *	P uri     prints type algorithm digits period counter hexsecret hexissuer hexaccount
 *
 * An empty name is "-"; for refused input the line is "refused".
 */
#include "doubletour/otp.h"

#include <stdio.h>
#include <string.h>

static void
name_of(const char *hex, char *ret_name)
{
	size_t n = 0;

	if (strcmp(hex, "-") != 0 &&
	    otp_hex_decode(hex, strlen(hex), (uint8_t *)ret_name, OTP_NAME_MAX, &n, NULL) != OTP_OK)
		n = 0;
	ret_name[n] = '\0';
}

static void
print_name(const char *name)
{
	char hex[OTP_HEX_SIZE(OTP_NAME_MAX)];

	if (otp_hex_encode((const uint8_t *)name, strlen(name), hex, sizeof(hex)) == OTP_OK)
		printf(" %s", name[0] == '\0' ? "-" : hex);
}

static void
build(const char *line)
{
	char secret[300], issuer[600], account[600], text[OTP_URI_SIZE];
	struct otp_uri uri = OTP_URI_DEFAULT;
	unsigned type, algorithm;
	unsigned long long counter;

	if (sscanf(line, "%u %u %u %u %llu %299s %599s %599s", &type, &algorithm, &uri.digits, &uri.period_s, &counter,
		   secret, issuer, account) != 8)
		return;
	uri.type = (enum otp_type)type;
	uri.algorithm = (enum otp_algorithm)algorithm;
	uri.counter = counter;
	name_of(issuer, uri.issuer);
	name_of(account, uri.account);
	if (otp_hex_decode(secret, strlen(secret), uri.secret, sizeof(uri.secret), &uri.secret_n, NULL) == OTP_OK &&
	    otp_uri_build(&uri, OTP_URI_LEAVE_DEFAULTS, text, sizeof(text)) == OTP_OK)
		puts(text);
	else
		puts("refused");
}

static void
parse(const char *text)
{
	char secret[OTP_HEX_SIZE(OTP_SECRET_MAX)];
	struct otp_uri uri;

	if (otp_uri_parse(text, strlen(text), OTP_ALLOW_SHORT_SECRET, &uri, NULL) != OTP_OK ||
	    otp_hex_encode(uri.secret, uri.secret_n, secret, sizeof(secret)) != OTP_OK) {
		puts("refused");
		return;
	}
	printf("%u %u %u %u %llu %s", (unsigned)uri.type, (unsigned)uri.algorithm, uri.digits, uri.period_s,
	       (unsigned long long)uri.counter, secret);
	print_name(uri.issuer);
	print_name(uri.account);
	putchar('\n');
}

int
main(void)
{
	char line[2 * OTP_URI_SIZE];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == 'B')
			build(line + 2);
		else
			parse(line + 2);
	}
	return 0;
}
