/*
 * The program that tools/prove_parser gives to Frama-C.  It calls src/http/parser.c with any bytes in any pieces.
 *
 * Three functions of the parser compute a length as a difference of two offsets.  Eva knows an interval of each number
 * but no relation between two numbers, so it cannot analyse these functions.  They have contracts instead.  Eva assumes
 * the contracts and shows that each call meets its "requires".  WP proves that each body meets its contract, for every
 * size.  Eva analyses the rest without help: parser.c has no annotations.
 */
#include "http/parser.h"

#include "base/authority.h"

#include "__fc_builtin.h"

/* --- functions outside parser.c that it calls: the assumptions about them ----------------------------------------- */

/*@ requires there: \valid_read(text.p + (0 .. text.n - 1));
  @ requires result: \valid(ret_authority);
  @ assigns \result \from indirect:text, indirect:text.p[0 .. text.n - 1];
  @ assigns *ret_authority \from text, default_port, indirect:text.p[0 .. text.n - 1];
  @ ensures \result == ERR_OK || \result == ERR_INVALID;
  @ ensures \result == ERR_OK ==> \initialized(ret_authority);
  */
err authority_read(str text, unsigned default_port, struct authority *ret_authority);

/*@ requires there: \initialized(a) && \initialized(b);
  @ assigns \result \from indirect:*a, indirect:*b;
  @ ensures \result == 0 || \result == 1;
  */
bool authority_equal(const struct authority *a, const struct authority *b);

/*@ requires there: \valid_read(s.p + (0 .. s.n - 1));
  @ assigns \result \from indirect:s, indirect:s.p[0 .. s.n - 1];
  @ ensures \result == 0 || \result == 1;
  */
bool str_has_control(str s);

/* C17 7.24.5.1 */
/*@ requires there: \valid_read(bytes + (0 .. n - 1));
  @ assigns \result \from bytes, indirect:bytes[0 .. n - 1], indirect:c, indirect:n;
  @ ensures \result == \null || (\exists integer i; 0 <= i < n && \result == bytes + i);
  */
char *prove_memchr(const char *bytes, int c, size_t n);
#define memchr(bytes, c, n) prove_memchr((bytes), (c), (n))

/* --- functions of parser.c: proved by WP, used by Eva ------------------------------------------------------------- */

/*@ requires there: \valid_read(bytes + (0 .. end - 1));
  @ assigns \result \from indirect:bytes[0 .. end - 1], at, end;
  @ ensures \result <= end;
  */
static size_t parser_find_lf(const char *bytes, size_t at, size_t end);

/*@ requires there: \valid_read(bytes + (0 .. end - 1));
  @ assigns \result \from indirect:bytes[0 .. end - 1], indirect:at, indirect:end;
  @ ensures \result == 0 || \result == 1;
  */
static bool parser_has_control(const char *bytes, size_t at, size_t end);

/*@ requires there: \valid_read(bytes + (0 .. end - 1));
  @ requires result: \valid(ret_authority);
  @ assigns \result \from indirect:at, indirect:n, indirect:end, indirect:bytes[0 .. end - 1];
  @ assigns *ret_authority \from bytes, at, n, end, default_port, indirect:bytes[0 .. end - 1];
  @ ensures \result == ERR_OK || \result == ERR_INVALID;
  @ ensures \result == ERR_OK ==> \initialized(ret_authority);
  */
static err parser_authority(const char *bytes, size_t at, size_t n, size_t end, unsigned default_port,
			    struct authority *ret_authority);

#include "http/parser.c"

/* --- all ways to call the parser ---------------------------------------------------------------------------------- */

static char prove_buffer[PROVE_BYTES];

int
main(void)
{
	static struct parser p;
	size_t n = 0;

	Frama_C_make_unknown(prove_buffer, sizeof(prove_buffer));
	parser_begin(&p);
	while (Frama_C_interval(0, 1)) { /* any number of pieces, also after an outcome */
		size_t more = Frama_C_unsigned_long_interval(0, PROVE_BYTES);
		if (more >= n)
			n = more;
		(void)parser_read(&p, prove_buffer, n, PROVE_BYTES);
	}
	(void)parser_value_good(str_bytes(prove_buffer, n));
	(void)parser_token_good(str_bytes(prove_buffer, n));
	return 0;
}
