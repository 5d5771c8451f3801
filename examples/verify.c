/*
 * Verify a code.  Reads two lines, the base32 secret and the code.  Exits with 0 if the code is right.
 *
 *	cc verify.c $(pkg-config --cflags --libs doubletour-otp)
 *	printf '%s\n' "$secret" "$code" | ./a.out
 */
#define _DEFAULT_SOURCE /* explicit_bzero */
#include <doubletour/otp.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

/* last_step is the step of the last accepted code, or -1.  After a match, store match->step in its place. */
static bool
code_is_right(const char *text, const char *typed, int64_t now_us, int64_t last_step, struct otp_match *match)
{
	uint8_t secret[OTP_SECRET_MAX];
	size_t n = 0;
	struct otp_key key;
	char code[OTP_CODE_SIZE];
	bool right = otp_base32_decode(text, strlen(text), secret, sizeof(secret), &n, NULL) == OTP_OK &&
		     otp_key_init(&key, OTP_SHA1, secret, n, 0) == OTP_OK &&
		     otp_code_normalise(typed, strlen(typed), 6, code) == OTP_OK &&
		     otp_totp_verify(&key, &OTP_TOTP_DEFAULT, code, 6, now_us, last_step, match) == OTP_OK && match->ok;

	otp_key_wipe(&key);
	explicit_bzero(secret, sizeof(secret));
	return right;
}

static bool
read_line(char *line, int size)
{
	if (fgets(line, size, stdin) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

int
main(void)
{
	struct otp_match match = { false, 0 };
	char secret[256], typed[64];
	int64_t now_us = (int64_t)time(NULL) * 1000000;
	bool right;

	if (!read_line(secret, sizeof(secret)) || !read_line(typed, sizeof(typed)))
		return 2;
	right = code_is_right(secret, typed, now_us, -1, &match);
	explicit_bzero(secret, sizeof(secret));
	if (!right) {
		puts("wrong");
		return 1;
	}
	printf("right, of step %lld\n", (long long)match.step);
	return 0;
}
