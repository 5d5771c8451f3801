/*
 * The terms of questions and answers: states, verdicts, problems, limits.  The messages themselves: ipc/questions.h.
 */
#ifndef IPC_TERMS_H
#define IPC_TERMS_H

#include "ipc/audit_events.h"

#include <stdint.h>

/* How far a session has come.  0 is the locked end: none. */
enum session_state { STATE_NONE = 0, STATE_ENROLLING, STATE_PENDING, STATE_FULL, STATE_COUNT };

/* "none", "enrolling", "pending", "full": for logs and the command line. */
const char *session_state_name(enum session_state state);

/* What was the answer?  0 is refused. */
enum verdict {
	VERDICT_REFUSED = 0, /* wrong name, password or code; no such session: one word for all */
	VERDICT_PASSED,      /* done; the head's session and token say what holds now */
	VERDICT_STATE,       /* the session does not open this question */
	VERDICT_PROBLEMS,    /* the form can be mended: see the body; of a code: it can be none, and was not counted */
	VERDICT_CLOSED,      /* registration is not open */
	VERDICT_UNAVAILABLE, /* could not be done now: database, memory, random */
	VERDICT_MALFORMED,   /* that was no question */
	VERDICT_STEP_UP,     /* the factor must be proved anew first: the proof is older than STEP_UP_US */
	VERDICT_LOCKOUT,     /* too many failures: nothing was looked at; the head says when to try again */
	VERDICT_COUNT
};

/* What is wrong with one field of a form. */
enum problem {
	PROBLEM_NONE = 0,
	PROBLEM_MISSING,
	PROBLEM_TOO_SHORT,
	PROBLEM_TOO_LONG,
	PROBLEM_CHARACTERS, /* name: a byte outside a-z 0-9 . _ @ + -;  password: cannot be used with this scheme */
	PROBLEM_EDGES,      /* name: does not begin and end with a letter or digit */
	PROBLEM_TAKEN,
	PROBLEM_DIFFERS,   /* confirmation */
	PROBLEM_BLANK,     /* only spaces */
	PROBLEM_COMMON,    /* easily guessed */
	PROBLEM_FROM_NAME, /* built from the name */
	PROBLEM_OVER_72,   /* bcrypt: over 72 bytes */
	PROBLEM_WRONG,     /* current password */
	PROBLEM_SAME,      /* new password: it is the current one */
	PROBLEM_COUNT
};

enum {
	USERNAME_MIN = 3, /* characters of a user name; NAME_MAX would be the one of limits.h */
	USERNAME_MAX = 40,
	PASSWORD_MIN = 8,          /* code points, after NFC */
	PASSWORD_MAX_BYTES = 1024, /* bytes, as sent and after NFC */
	/* what a form may hold, so that an over-long value reaches the check that words it */
	FIELD_MAX_BYTES = 4096,
	DISPLAY_NAME_MAX_BYTES = 160, /* of a display name, and of an authenticator's: 40 code points */
	RETURN_TO_MAX_BYTES = 2000,   /* of the path that somebody is led to when they are through */
	LINK_TOKEN_MAX = 64,          /* characters of a link's token as it may come; 43 of base64url in one of ours */
	LIST_MAX_BYTES = 12 * 1024,   /* of the list in one answer */
	EMAIL_MAX = 254,
	GROUPS_MAX_BYTES = 1000,    /* of the groups of one account, commas between them */
	GATE_URL_MAX = 8 * 1024,    /* of an address of a protected application */
	GATE_TOKEN_CHARACTERS = 54, /* of the gate's cookie */
	GATE_JWT_MAX = 4 * 1024,
	RULES_PART_MAX = 8 * 1024, /* bytes of the rules in one push */
};

/* How old a proof of the second factor may be for what changes credentials. */
#define STEP_UP_US (INT64_C(5) * 60 * 1000000)

enum preferred_language { PREFERRED_BROWSER = 0, PREFERRED_FR, PREFERRED_EN, PREFERRED_COUNT };
enum time_format { TIME_LANGUAGE = 0, TIME_24, TIME_12, TIME_ISO, TIME_FORMAT_COUNT };
enum link_kind { LINK_NONE = 0, LINK_SETUP, LINK_PASSWORD, LINK_INVITE, LINK_KIND_COUNT };

/*
 * Keeper to web, on a channel of its own that web never writes to.  Each push has a number, one more than the last;
 * an answer's head tells how many there had been, so that web can wait until it has applied them.
 */
enum push_kind {
	PUSH_HELLO = 1, /* first of all: token holds the key for form tokens */
	PUSH_ENDED,     /* a session ended or changed: token holds the SHA-256 of its token */
	PUSH_HEALTH,    /* value 1: the database could be written at the last look; 0: not */
	PUSH_SIGNER,    /* token holds the public key that identities are signed with: Ed25519, RFC 8032 */
	PUSH_RULES,     /* text is the next part of the rules of access; value 1: the last one, and all hold */
	PUSH_COUNT
};

#endif
