/*
 * A keeper on a temporary database.  Tests ask as web does, by encoded questions, and set the clock.  Allocations of
 * Doubletour, libcrypto and SQLite go through mem_new, so that tests can make them fail.
 */
#ifndef TEST_KEEPER_HARNESS_H
#define TEST_KEEPER_HARNESS_H

#include "unit.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "config/config.h"
#include "keeper/core/accounts.h"
#include "keeper/core/keeper.h"
#include "ipc/questions.h"

#include <sqlite3.h>

enum { ENDED_MAX = 64 };

#define PASSWORD "trombone ivre 1741"

/* The host and the origin of passkeys. */
#define TEST_RP_ID "login.example.org"
#define TEST_ORIGIN "https://login.example.org"

struct world {
	char dir[128];
	struct config config;
	struct keeper *keeper;
	struct keeper_thread *thread;
	struct token ended[ENDED_MAX]; /* the sessions that the callback got; at most ENDED_MAX */
	size_t ended_count;
};

/* A user's browser: its tokens, and the contents of the last answers. */
struct browser {
	struct token token, device;
	const char *form;    /* its form cookie; NULL: none */
	bool remember;       /* do_sign_in chooses to stay signed in */
	const char *address; /* NULL: a different one for each registration, else 192.0.2.7 */
	enum verdict verdict;
	struct answer_head head; /* name borrows from `name` */
	char name[USERNAME_MAX + 1];
	struct problems_body problems;
	char secret[65], uri[2049];
	int64_t secret_expires_us;
	char display_name[DISPLAY_NAME_MAX_BYTES + 1]; /* head.display_name borrows from it */
	char recovery[10][25];                         /* the newest codes */
	size_t recovery_made;                          /* the number of codes in the last answer to RECOVERY */
	uint32_t left;                                 /* unused recovery codes, by the last answer with that number */
	struct verified_body verified;
	char alarm_address[65]; /* head.alarm_address borrows from it */
	int64_t factors[16];    /* ids in the last answer to ACCOUNT */
	size_t factors_count;
	struct factor_item items[16]; /* the same, without their names */
	uint32_t codes_off_allowed;
	/* The last answer to PASSKEY_OFFER or PASSKEY_BEGIN. */
	struct {
		uint32_t display_name, current, unavailable;
		size_t excluded; /* the number of passkeys */
		char challenge[PASSKEY_CHALLENGE_MAX + 1], rp_id[254];
		uint8_t handle[PASSKEY_HANDLE_MAX];
		size_t handle_n;
	} options;
	/* The last result of a passkey. */
	struct {
		uint32_t fault, removed, user_verified, demoted, recovery_left;
		char next[512];
	} passkey;
	/* The last answer to PASSKEYS. */
	struct {
		size_t n;
		uint8_t ids[16][16]; /* of credentials */
		char challenge[PASSKEY_CHALLENGE_MAX + 1], transports[PASSKEY_TRANSPORTS_MAX + 1];
		uint32_t user_verification;
		size_t handle_n;
	} passkeys;
	struct buf *raw; /* NULL, or the bytes of the last answer */
	/* The last answer to GATE, GATE_ENTER or GATE_TICKET. */
	struct {
		uint32_t outcome, level, reason;
		int64_t phishing_resistant_us;
		int64_t verified_us, expires_us, remembered_until_us;
		struct token session;
		char name[USERNAME_MAX + 1], groups[GROUPS_MAX_BYTES + 1], email[EMAIL_MAX + 1], jwt[GATE_JWT_MAX + 1];
		char token[65], ticket[65], domain[254], url[512];
	} gate;
	/* The last answer to OIDC_TOKEN, OIDC_USERINFO, OIDC_INTROSPECT or OIDC_REVOKE. */
	struct {
		uint32_t error;
		int64_t expires_s;
		char access_token[OIDC_TOKEN_MAX + 1], refresh_token[OIDC_TOKEN_MAX + 1], scopes[OIDC_SCOPES_MAX + 1];
		char id_token[OIDC_JWT_MAX + 1], json[OIDC_JWT_MAX + 1];
	} oidc;
};

/* Set up and tear down cmocka's group, once per program.  Setup comes before the first allocation. */
int harness_setup(void **state);
int harness_teardown(void **state);

/* Do worlds use the PostgreSQL that TEST_POSTGRES names?  sqlite_only() skips a test with SQL for SQLite then. */
bool on_postgres(void);
#define sqlite_only()                                                                                                  \
	do {                                                                                                           \
		if (on_postgres())                                                                                     \
			skip();                                                                                        \
	} while (0)

/* A fresh folder and settings: testing profile, lowest costs, a key given by SECRET_KEY. */
void world_make(struct world *w);
void world_open(struct world *w); /* keeper and one thread */

/* Open one more thread of the keeper.  Its statements may take minutes, so that tests pass on a busy machine too. */
struct keeper_thread *world_thread_open(struct world *w);

void world_close(struct world *w);
void world_remove(struct world *w);
void world_new(struct world *w); /* make and open */
void world_end(struct world *w); /* close and remove */

/* Delete all files in a folder: commands leave some. */
void folder_empty(const char *path);

void clock_forward(int64_t us);

/* Call this when a new world begins: see kept_keys.c. */
void kept_keys_begin(void);
int64_t clock_us(void);

/* The call that fails while the keeper answers, and only then. */
struct harness_fault {
	enum fault fault;
	long nth; /* number of the failing call; 0: no call fails */
	bool lasting;
	long failed; /* number of failed calls in the last question */
};
extern struct harness_fault harness_fault;

/*
 * The part of a series of failing calls that a test runs.
 *
 *   sample  `make test`: each row (a question, a command) with each kind of call and with growing steps.  It uses one
 *           of two ways: one call fails, or all calls from one on fail.
 *   whole   with TEST_WHOLE set (tools/torture asan): both ways, with the steps given in the tests
 *   each    with TORTURE set (make torture) or FAULT_EACH (tools/coverage): each call
 */
bool harness_whole(void);
bool harness_each(void);

/* The step from the nth call to the next call that fails; whole_step: the step of a whole series. */
long harness_step(long nth, long whole_step);

/* Does the series of this row and fault include this way of failing?  In a sample the rows alternate. */
bool harness_walks(size_t row, enum fault fault, bool lasting);

/* The number of successive attempts without a failed call that end a series; whole_attempts: of a whole series. */
int harness_last_attempts(int whole_attempts);

/* Ask, decode and keep the token, as web does.  body NULL: an empty body.  A malformed answer fails the test. */
enum verdict ask_on(struct keeper_thread *t, struct browser *b, enum question_id id, const void *body);
enum verdict ask(struct world *w, struct browser *b, enum question_id id, const void *body);

/*
 * Do as ask_on, for one of many questions at the same time.  On a busy machine their conflicts may last longer than the
 * keeper tries, so this asks again while the answer is UNAVAILABLE, at most 20 times.
 */
enum verdict ask_again_on(struct keeper_thread *t, struct browser *b, enum question_id id, const void *body);

enum verdict do_register(struct world *w, struct browser *b, const char *name, const char *password);
enum verdict do_sign_in(struct world *w, struct browser *b, const char *name, const char *password);

/* do_verify sends another wrong code if this one is right by chance, which happens once in 300,000 attempts. */
#define WRONG_CODE "000000"
enum verdict do_verify(struct world *w, struct browser *b, const char *code);

/* The code of a secret as shown, `steps` away from the current step. */
struct code {
	char z[16];
};
struct code code_of(const char *secret, int64_t steps);

/* Delete all counters of refused attempts. */
void forgive(struct world *w);

/* Delete all expired rows, as the keeper does once a minute. */
void purge_all(struct world *w);

/* Bring a new account (name, PASSWORD) and browser to a state; advances the clock, so that the next code is unspent. */
void bring_to(struct world *w, struct browser *b, const char *name, enum session_state state);

/* Run SQL without the keeper; sql_number() returns the first column of the first row as a number. */
int64_t sql_number(struct world *w, const char *sql);
void sql_run(struct world *w, const char *sql);

#define assert_verdict(is, wanted) assert_int_equal((int)(is), (int)(wanted))

#endif
