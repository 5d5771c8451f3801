/* otp_migration_open and _next, on the URI and on the decoded base64; otp_hex_decode. */
#include "target.h"

#include "base/buf.h"
#include "doubletour/otp.h"

#include <string.h>

static void
walk(const char *text, size_t n)
{
	uint8_t *room = malloc(n + 1);
	struct otp_migration migration;
	bool more = true;

	PROMISE(room != NULL);
	if (otp_migration_open(text, n, room, n, &migration, NULL) == OTP_OK) {
		for (size_t i = 0; more; i++) {
			struct otp_uri uri, again;
			char out[OTP_URI_SIZE];
			PROMISE(i <= n);
			if (otp_migration_next(&migration, OTP_ALLOW_SHORT_SECRET, &uri, &more, NULL) != OTP_OK ||
			    !more)
				continue;
			PROMISE(uri.account[0] != '\0');
			PROMISE(otp_uri_build(&uri, OTP_ALLOW_SHORT_SECRET, out, sizeof(out)) == OTP_OK);
			PROMISE(otp_uri_parse(out, strlen(out), OTP_ALLOW_SHORT_SECRET, &again, NULL) == OTP_OK);
			PROMISE(strcmp(again.issuer, uri.issuer) == 0 && strcmp(again.account, uri.account) == 0);
		}
	}
	free(room);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEANUP(buf_wipe) struct buf uri = BUF(64 * 1024);
	uint8_t decoded[64];
	size_t got = 0, wrong_at = 0;

	walk((const char *)bytes, n);
	buf_put(&uri, STR("otpauth-migration://offline?data="));
	buf_put_base64(&uri, str_bytes(bytes, n < 8192 ? n : 8192));
	if (buf_check(&uri) == ERR_OK)
		walk(uri.p, uri.n);
	if (otp_hex_decode((const char *)bytes, n, decoded, sizeof(decoded), &got, &wrong_at) == OTP_INVALID)
		PROMISE(wrong_at <= n);
	return 0;
}
