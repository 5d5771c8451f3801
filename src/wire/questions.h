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
	QUESTION_PROVE,    /* a code, to confirm enrolment or to finish  prove           proved */
	QUESTION_SIGN_OUT, /* end this session                           nothing         nothing */

	/* A person's own account, signed in.  Those marked * need a fresh proof, or answer VERDICT_STEP_UP. */
	QUESTION_STEP_UP,        /* a code, to prove the factor anew     prove           proved */
	QUESTION_ACCOUNT,        /* the account at a glance              nothing         account */
	QUESTION_PROFILE,        /* set display name and preferences     profile         problems (display name) */
	QUESTION_PASSWORD,       /* * change the password                password        problems */
	QUESTION_RECOVERY,       /* * recovery codes, made now if there are none, or anew   recovery   recovery_codes */
	QUESTION_FACTOR_BEGIN,   /* * enrol another authenticator        factor_begin    problems */
	QUESTION_FACTOR_CONFIRM, /* a code, which makes it count         prove           proved */
	QUESTION_FACTOR_RENAME,  /*                                      factor          problems (display name) */
	QUESTION_FACTOR_REMOVE,  /* * not the last one                   factor          nothing */
	QUESTION_SESSIONS,       /* all of the account                   nothing         sessions */
	QUESTION_SESSION_END,    /* one, or all others                   session_end     nothing */
	QUESTION_ACTIVITY,       /* own audit events, newest first       activity        events */
	QUESTION_CLOSE,          /* * close the account                  close           problems (current) */

	/* One-time links that the administrator handed out: whoever has one may use it. */
	QUESTION_LINK,     /* what is this link for?                     link            link_purpose */
	QUESTION_LINK_USE, /* set the password with it                   link_use        problems */

	/* Applications behind a reverse proxy (docs/gate.md). */
	QUESTION_GATE,        /* may whoever has this cookie see that?   gate            gate_visitor */
	QUESTION_GATE_ENTER,  /* may this session see that? then a way in   gate_enter   gate_way */
	QUESTION_GATE_TICKET, /* a way in for another domain, once       gate_ticket     gate_way */
	QUESTION_COUNT
};

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
	VERDICT_WAIT,        /* too many failures: nothing was looked at; the head says when to try again */
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
	WAY_BACK_MAX_BYTES = 2000,    /* of the path that somebody is led to when they are through */
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

struct question_head {
	uint32_t id;         /* enum question_id */
	int64_t number;      /* web's own count; the answer has it again.  Never 0 */
	struct token token;  /* the session's; zero: none */
	struct token device; /* of the browser's other cookie: it has signed in before; zero: none */
	str address;         /* of the browser, as web believes it: for audit */
	str agent;           /* User-Agent, cut at 200 bytes: for audit */
	str request_id;
};

/* The session that holds after the question.  With STATE_NONE all else is empty. */
struct answer_head {
	uint32_t verdict;        /* enum verdict */
	int64_t number;          /* of the question; 0: that was none that could be read */
	uint32_t state;          /* enum session_state */
	struct token token;      /* a new token, when the session got one; zero: unchanged */
	int64_t pushed;          /* how many pushes the keeper had sent before this answer (see struct push) */
	int64_t account_id;      /* for the log */
	str name;                /* user name */
	int64_t created_us;      /* the account */
	int64_t last_sign_in_us; /* the one before this session; 0: none */
	int64_t factor_since_us; /* 0: none is active */
	int64_t expires_us;      /* when this session ends if nothing happens */
	int64_t proved_us;       /* FULL: when the factor was last proved; 0: not yet */
	str display_name;        /* "": the user name */
	uint32_t language;       /* enum preferred_language */
	uint32_t time_format;    /* enum time_format */
	uint32_t recovery_left;  /* recovery codes that may still be used */
	uint32_t recovered;      /* 1: this session came in by a recovery code */
	uint32_t refused;        /* tries that were refused between the last sign-in and this one */
	uint32_t codes_disabled; /* 1: all authenticators of the account are disabled */
	uint32_t retry_s;        /* VERDICT_WAIT: seconds until the next try, at least 1 */
};

enum preferred_language { PREFERRED_BROWSER = 0, PREFERRED_FR, PREFERRED_EN, PREFERRED_COUNT };
enum time_format { TIME_LANGUAGE = 0, TIME_24, TIME_12, TIME_ISO, TIME_FORMAT_COUNT };

struct nothing_body {
	uint32_t zero; /* always 0: a struct needs a member */
};

struct register_body {
	str username, password, confirm;
	str invite; /* token of an invitation, as it stood in the link; "": none */
	str next;   /* kept until PROVE has passed: a path of ours; "": none */
};

/* enum problem of each field of whatever form was asked about */
struct problems_body {
	uint32_t username, password, confirm, current, display_name;
};

struct sign_in_body {
	str username, password;
	str next; /* as of register */
};

struct prove_body {
	str code; /* as typed: of an authenticator, or a recovery code */
};

struct proved_body {
	uint32_t recovered;     /* 1: it was a recovery code */
	uint32_t recovery_left; /* after that */
	struct token device;    /* PROVE passed: what the browser's other cookie shall hold */
	str next;               /* PROVE passed: what was kept since the password */
	/*
	 * Refused, but this code and the one before it fit one other time: by how many seconds the clock that made them is
	 * ahead (behind: negative).  0: nothing is known.
	 */
	int64_t drift_s;
};

struct enrolment_body {
	str secret; /* base32, ungrouped, no padding */
	str uri;    /* otpauth:// */
	int64_t expires_us;
};

struct account_body {
	str factors; /* list of factor_item, oldest first: wire_get until it is empty */
	int64_t password_changed_us;
	int64_t recovery_made_us; /* 0: never */
	uint32_t sessions;        /* how many there are, this one among them */
};
struct factor_item {
	int64_t id;
	str name;                         /* "": none given */
	int64_t created_us, last_used_us; /* last_used_us 0: never, as after an import */
	uint32_t disabled, current;       /* current: this session came in by it */
};

struct profile_body {
	str display_name;
	uint32_t language, time_format;
};

struct password_body {
	str current, password, confirm;
};

struct recovery_body {
	uint32_t renew; /* 1: kill the old ones; then as with 0: make ten if there are none at all, else only count */
};
struct recovery_codes_body {
	str codes; /* ten lines of 24 base32 letters, "\n" behind each, when they were made by this question; else "" */
	uint32_t left;
	int64_t made_us;
};

struct factor_begin_body {
	str current; /* the password */
	str name;
	int64_t replaces; /* id of a factor that goes when the new one is confirmed; 0: none */
};
struct factor_body {
	int64_t id;
	str name; /* RENAME only */
};

struct sessions_body {
	str sessions;  /* list of session_item, last seen first */
	uint32_t more; /* 1: there are more than could be listed */
};
struct session_item {
	int64_t id;
	str agent, address;
	int64_t created_us, seen_us;
	uint32_t state, current; /* enum session_state; current: this one */
};
struct session_end_body {
	int64_t id; /* 0: all but this one */
};

struct activity_body {
	int64_t before; /* id of the last one shown; 0: from the newest */
};
struct events_body {
	str events; /* list of event_item, newest first, at most 20 */
	uint32_t more;
};
struct event_item {
	int64_t id, at_us;
	str event, outcome, reason, address, agent;
};

struct close_body {
	str current; /* the password */
};

enum link_kind { LINK_NONE = 0, LINK_SETUP, LINK_PASSWORD, LINK_INVITE, LINK_KIND_COUNT };
struct link_body {
	str link; /* the token, as it stood in the link */
};
struct link_purpose_body {
	uint32_t kind; /* LINK_NONE: it does not exist, was used, or is too old */
	str name;      /* user name; "" for an invitation */
	int64_t expires_us;
};
struct link_use_body {
	str link, password, confirm;
};

struct gate_body {
	str token; /* value of the gate's cookie */
	str url, method;
};
/* What became of it, and what an application is told.  Level 0 (nobody): all else is empty. */
struct gate_visitor_body {
	uint32_t outcome, level; /* enum access_outcome, enum access_level: gate/access.h */
	str name, display_name, email, groups;
	int64_t proved_us, expires_us;
	struct token session; /* SHA-256 of the session's token: pushes of its end name it so */
	str jwt;              /* outcome passes, and not by bypass: signed for the host of url */
};
struct gate_enter_body {
	str url, method;
};
struct gate_way_body {
	uint32_t outcome, reason; /* enum access_outcome, enum access_reason */
	str domain;               /* where the cookie is valid */
	str token;                /* value of the gate's cookie; "": see ticket */
	str ticket;               /* one that opens the way at the url's own host; "": see token */
	str url;                  /* TICKET: where it leads */
};
struct gate_ticket_body {
	str ticket, host; /* host: as the request says, without port */
};

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

struct push {
	uint32_t kind;
	uint32_t value;
	int64_t number;
	struct token token;
	str text;
};

extern const struct wire_def wire_question_head, wire_answer_head, wire_push;
extern const struct wire_def wire_factor_item, wire_session_item, wire_event_item;

enum { WIRE_BODY_MAX_BYTES = 256 }; /* of a body's or an answer's struct: the tests hold them to it */

struct wire_question {
	const char *name; /* "session", "register", ...: for logs */
	const struct wire_def *body, *answer;
};
extern const struct wire_question wire_questions[QUESTION_COUNT]; /* [0] has NULLs */

#endif
