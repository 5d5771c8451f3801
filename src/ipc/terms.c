#include "ipc/questions.h"

const char *
session_state_name(enum session_state state)
{
	static const char *const names[] = { "none", "enrolling", "pending", "full" };

	return (unsigned)state < COUNT(names) ? names[state] : "none";
}
