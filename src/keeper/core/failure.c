#include "keeper/core/failure.h"

const char *
failure_sentence(err e)
{
	switch (e) {
	case ERR_MEMORY:
		return "There is not enough memory.  Try again.";
	case ERR_BUSY:
		return "Another program is writing to the database.  Try again.";
	case ERR_AWAY:
	case ERR_IO:
	case ERR_SLOW:
		return "Reading or writing failed.  Check that the database answers and that its disk is not full, "
		       "then try again.";
	case ERR_DENIED:
		return "A file or the database does not allow this user to write.  Check the owner of DATA_DIR.";
	case ERR_CRYPTO:
		return "libcrypto or the system's random number generator failed.  Try again.";
	case ERR_CORRUPT:
		return "The database contains data that this program did not write.  Run `doubletour check` for "
		       "details.";
	default:
		return "This is a fault of the program.  Run `doubletour check`, and report what it prints.";
	}
}

static bool
failure_is_of_database(err e)
{
	return e == ERR_AWAY || e == ERR_IO || e == ERR_BUSY || e == ERR_SLOW;
}

err
failure_explain(struct db *db, err e, const char *begin, struct why *why)
{
	struct why cause = { "" };

	if (e == ERR_OK || why->text[0] != '\0')
		return e;
	if (db != NULL && failure_is_of_database(e) && db_probe(db, &cause) != ERR_OK && cause.text[0] != '\0')
		return why_set(why, e, "%s  %.300s  Remove the cause, then try again.", begin, cause.text);
	return why_set(why, e, "%s  %s", begin, failure_sentence(e));
}
