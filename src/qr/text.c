/*
 * A QR code as text: SVG, and half blocks for a terminal.
 */
#include "qr/internal.h"

/* --- SVG ---------------------------------------------------------------------------------------------------------- */

/* One bar for each run of black modules in a row: as high as a module, drawn along its middle line. */
static void
qr_text_put_bars(const QRcode *code, int row, struct buf *out)
{
	int side = qr_code_side(code);

	for (int column = 0, run = 1; column < side; column += run, run = 1) {
		if (!qr_code_is_black(code, row, column))
			continue;
		while (qr_code_is_black(code, row, column + run))
			run++;
		buf_printf(out, "M%d %d.5h%d", column, row, run);
	}
}

err
qr_svg(str text, struct buf *out)
{
	CLEANUP(qr_code_free) QRcode *code = NULL;
	int side;

	TRY(qr_code_make(text, &code));
	side = qr_code_side(code);
	buf_printf(out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
		   "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path stroke=\"#000\" d=\"",
		   side, side, side, side);
	for (int row = 0; row < side; row++)
		qr_text_put_bars(code, row, out);
	buf_put(out, STR("\"/></svg>\n"));
	return buf_check(out);
}

/* --- terminal ----------------------------------------------------------------------------------------------------- */

err
qr_terminal(str text, bool on_light, struct buf *out)
{
	/* indexed by the drawn halves: none, upper, lower, both */
	static const str blocks[] = { STR_INIT(" "), STR_INIT("▀"), STR_INIT("▄"), STR_INIT("█") };
	CLEANUP(qr_code_free) QRcode *code = NULL;
	int side;

	TRY(qr_code_make(text, &code));
	side = qr_code_side(code);
	for (int row = 0; row < side; row += 2) {
		for (int column = 0; column < side; column++) {
			bool upper = qr_code_is_black(code, row, column) == on_light;
			bool lower = qr_code_is_black(code, row + 1, column) == on_light;
			buf_put(out, blocks[upper + 2 * lower]);
		}
		buf_put_byte(out, '\n');
	}
	return buf_check(out);
}
