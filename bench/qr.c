/*
 * Measures QR codes as PNG.
 *
 *	bench_qr TEXT         reads counts from standard input; answers each with the nanoseconds of that many PNGs
 *	bench_qr TEXT FILE    writes one PNG to FILE
 */
#include "base/buf.h"
#include "qr/qr.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PNG_MAX = 64 * 1024 };

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool
make_png(str text, FILE *file)
{
	CLEANUP(buf_wipe) struct buf png = BUF(PNG_MAX);

	if (qr_png(text, QR_PNG_SCALE, &png) != ERR_OK)
		return false;
	return file == NULL || fwrite(png.p, 1, png.n, file) == png.n;
}

static int
write_one(str text, const char *path)
{
	FILE *file = fopen(path, "wb");
	bool ok = file != NULL && make_png(text, file);

	if (file != NULL)
		ok &= fclose(file) == 0;
	return ok ? 0 : 1;
}

static int
answer_counts(str text)
{
	unsigned count;

	while (scanf("%u", &count) == 1) {
		int64_t began = now_ns();
		for (unsigned i = 0; i < count; i++)
			if (!make_png(text, NULL))
				return 1;
		printf("%lld\n", (long long)(now_ns() - began));
		fflush(stdout);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (argc > 2)
		return write_one(str_of(argv[1]), argv[2]);
	return answer_counts(str_of(argv[1]));
}
