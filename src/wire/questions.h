/*
 * What web may ask, and what the keeper answers.  A question is a head, then the body its id calls for; an answer
 * is a head, then the body of that question.  The state that a question needs is not here: that is the keeper's
 * own table (keeper/questions.c), because web is not to be trusted with it.
 */
#ifndef WIRE_QUESTIONS_H
#define WIRE_QUESTIONS_H

#include "wire/wire.h"

/* How far a session has come.  0 is the locked end: none. */
enum session_state { STATE_NONE = 0, STATE_ENROLLING, STATE_PENDING, STATE_FULL, STATE_COUNT };

/* "none", "enrolling", "pending", "full": for logs and the command line. */
const char *session_state_name(enum session_state state);

enum question_id {
	QUESTION_NONE = 0,
	QUESTION_SESSION,  /* who is this token, and how far?            body: nothing   answer: nothing */
	QUESTION_REGISTER, /* make an account                            register        problems */
	QUESTION_SIGN_IN,  /* password                                   sign_in         nothing */
	QUESTION_ENROL,    /* the secret to enrol, made now if need be   nothing         enrolment */
	QUESTION_PROVE,    /* a code, to confirm enrolment or to finish  prove           nothing */
	QUESTION_SIGN_OUT, /* end this session                           nothing         nothing */
	QUESTION_COUNT
};

/* What was the answer?  0 is refused. */
enum verdict {
	VERDICT_REFUSED = 0, /* wrong name, password or code; no such session: one word for all */
	VERDICT_PASSED,      /* done; the head's session and token say what holds now */
	VERDICT_STATE,       /* the session does not open this question */
	VERDICT_PROBLEMS,    /* the form can be mended: see the body */
	VERDICT_CLOSED,      /* registration is not open */
	VERDICT_UNAVAILABLE, /* could not be done now: database, memory, random */
	VERDICT_MALFORMED,   /* that was no question */
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
	PROBLEM_COUNT
};

enum {
	USERNAME_MIN = 3, /* characters of a user name; NAME_MAX would be the one of limits.h */
	USERNAME_MAX = 40,
	PASSWORD_MIN = 8,          /* code points, after NFC */
	PASSWORD_MAX_BYTES = 1024, /* bytes, as sent and after NFC */
	/* what a form may hold, so that an over-long value reaches the check that words it */
	FIELD_MAX_BYTES = 4096,
};

struct question_head {
	uint32_t id;        /* enum question_id */
	struct token token; /* the session's; zero: none */
	str address;        /* of the browser, as web believes it: for audit */
	str agent;          /* User-Agent, cut at 200 bytes: for audit */
	str request_id;
};

/* The session that holds after the question.  With STATE_NONE all else is empty. */
struct answer_head {
	uint32_t verdict;        /* enum verdict */
	uint32_t state;          /* enum session_state */
	struct token token;      /* a new token, when the session got one; zero: unchanged */
	int64_t pushed;          /* how many pushes the keeper had sent before this answer (see struct push) */
	int64_t account_id;      /* for the log */
	str name;                /* user name */
	int64_t created_us;      /* the account */
	int64_t last_sign_in_us; /* the one before this session; 0: none */
	int64_t factor_since_us; /* 0: none is active */
	int64_t expires_us;      /* when this session ends if nothing happens */
};

struct nothing_body {
	uint32_t zero; /* always 0: a struct needs a member */
};

struct register_body {
	str username, password, confirm;
};

struct problems_body {
	uint32_t username, password, confirm; /* enum problem */
};

struct sign_in_body {
	str username, password;
};

struct prove_body {
	str code; /* as typed */
};

struct enrolment_body {
	str secret; /* base32, ungrouped, no padding */
	str uri;    /* otpauth:// */
	int64_t expires_us;
};

/*
 * Keeper to web, on a channel of its own that web never writes to.  Each push has a number, one more than the last;
 * an answer's head tells how many there had been, so that web can wait until it has applied them.
 */
enum push_kind {
	PUSH_HELLO = 1, /* first of all: token holds the key for form tokens */
	PUSH_ENDED,     /* a session ended or changed: token holds the SHA-256 of its token */
	PUSH_HEALTH,    /* value 1: the database answers; 0: it does not */
	PUSH_COUNT
};

struct push {
	uint32_t kind;
	uint32_t value;
	int64_t number;
	struct token token;
};

extern const struct wire_def wire_question_head, wire_answer_head, wire_push;

struct wire_question {
	const char *name; /* "session", "register", ...: for logs */
	const struct wire_def *body, *answer;
};
extern const struct wire_question wire_questions[QUESTION_COUNT]; /* [0] has NULLs */

#endif
