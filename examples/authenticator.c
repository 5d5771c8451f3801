/*
 * An authenticator for the command line.  Reads otpauth URIs, one a line, and prints the current code of each account.
 * Exits with 1 if it cannot use a line.
 *
 *	cc authenticator.c $(pkg-config --cflags --libs doubletour-otp)
 *	./a.out <accounts.uris
 */
#define _DEFAULT_SOURCE /* explicit_bzero */
#include <doubletour/otp.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

static enum otp_status
steam_code(const struct otp_key *key, const struct otp_totp *totp, int64_t now_us, char code[OTP_CODE_SIZE])
{
	int64_t step = 0;
	enum otp_status status = otp_totp_step(totp, now_us, &step);

	return status == OTP_OK ? otp_steam_code(key, (uint64_t)step, code) : status;
}

/* A URI is of one of three kinds.  After a code of HOTP, an authenticator stores counter + 1. */
static enum otp_status
code_of(const struct otp_uri *uri, int64_t now_us, char code[OTP_CODE_SIZE])
{
	struct otp_totp totp = OTP_TOTP_DEFAULT;
	struct otp_key key;
	enum otp_status status = otp_key_init(&key, uri->algorithm, uri->secret, uri->secret_n, OTP_ALLOW_SHORT_SECRET);

	totp.digits = uri->digits;
	totp.period_s = uri->period_s;
	if (status != OTP_OK)
		return status;
	if (uri->type == OTP_TYPE_HOTP)
		status = otp_hotp_code(&key, uri->counter, uri->digits, code);
	else if (uri->steam)
		status = steam_code(&key, &totp, now_us, code);
	else
		status = otp_totp_code(&key, &totp, now_us, 0, code);
	otp_key_wipe(&key);
	return status;
}

/* *wrong: the sentence to show if the status is not OTP_OK */
static enum otp_status
show(const char *line, int64_t now_us, const char **wrong)
{
	struct otp_uri uri;
	char code[OTP_CODE_SIZE];
	enum otp_status status = otp_uri_parse(line, strlen(line), OTP_ALLOW_SHORT_SECRET, &uri, wrong);

	if (status != OTP_OK)
		return status;
	status = code_of(&uri, now_us, code);
	if (status == OTP_OK)
		printf("%s  %s%s%s\n", code, uri.issuer, uri.issuer[0] == '\0' ? "" : ": ", uri.account);
	*wrong = otp_status_text(status);
	otp_uri_wipe(&uri);
	return status;
}

int
main(void)
{
	int64_t now_us = (int64_t)time(NULL) * 1000000;
	char line[OTP_URI_SIZE];
	int status = 0;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		const char *wrong = "";
		line[strcspn(line, "\r\n")] = '\0';
		if (show(line, now_us, &wrong) != OTP_OK) {
			fprintf(stderr, "authenticator: %s\n", wrong);
			status = 1;
		}
	}
	explicit_bzero(line, sizeof(line));
	return status;
}
