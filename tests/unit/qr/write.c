/*
 * For test_qr.py: writes the text of standard input as a QR code to standard output.  The argument names the form.
 * Exit status: the err, 0 on success; 100: wrong usage.
 */
#include "qr/qr.h"

#include <stdio.h>

enum { WRONG_USE = 100, OUT_MAX = 1024 * 1024 };

static err
write_code(str form, str text, struct buf *out)
{
	uint64_t scale;
	unsigned side;

	if (str_equal(form, STR("svg")))
		return qr_svg(text, out);
	if (str_equal(form, STR("dark")) || str_equal(form, STR("light")))
		return qr_terminal(text, str_equal(form, STR("light")), out);
	if (str_starts(form, STR("fit ")))
		return str_number(str_from(form, 4), 100000, &scale) == ERR_OK
			   ? qr_png_fit(text, (unsigned)scale, out, &side)
			   : ERR_INVALID;
	TRY(str_number(form, 100000, &scale));
	return qr_png(text, (unsigned)scale, out);
}

int
main(int argc, char **argv)
{
	static char text[8192];
	CLEANUP(buf_wipe) struct buf out = BUF(OUT_MAX);
	size_t n = fread(text, 1, sizeof(text), stdin);
	err e;

	if (argc != 2)
		return WRONG_USE;
	e = write_code(str_of(argv[1]), str_bytes(text, n), &out);
	if (e == ERR_OK && fwrite(out.p, 1, out.n, stdout) != out.n)
		e = ERR_IO;
	return (int)e;
}
