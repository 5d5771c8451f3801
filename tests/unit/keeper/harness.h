/*
 * A keeper on a temporary database, asked as web asks it: by encoded questions.  The clock is the tests' own, and every
 * allocation of ours, of libcrypto and of SQLite goes through mem_new, so that it can be made to fail.
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

struct world {
	char dir[128];
	struct config config;
	struct keeper *keeper;
	struct keeper_thread *thread;
	struct token ended[ENDED_MAX]; /* as the callback was told; the first ENDED_MAX of them */
	size_t ended_count;
};

/* Somebody with a browser: what the last answer said, and the token that is kept. */
struct browser {
	struct token token, device;
	const char *address; /* NULL: one of its own for each form to register, else 192.0.2.7 */
	enum verdict verdict;
	struct answer_head head; /* name borrows from `name` */
	char name[USERNAME_MAX + 1];
	struct problems_body problems;
	char secret[65], uri[2049];
	int64_t secret_expires_us;
	char display_name[DISPLAY_NAME_MAX_BYTES + 1]; /* head.display_name borrows from it */
	char recovery[10][25];                         /* the codes that were made last */
	size_t recovery_made;                          /* how many came with the last answer to RECOVERY */
	uint32_t left;                                 /* recovery codes, by the last answer that told */
	struct verified_body verified;
	int64_t factors[16]; /* ids, by the last answer to ACCOUNT */
	size_t factors_count;
	/* By the last answer to GATE, GATE_ENTER or GATE_TICKET. */
	struct {
		uint32_t outcome, level, reason;
		int64_t verified_us, expires_us;
		struct token session;
		char name[USERNAME_MAX + 1], groups[GROUPS_MAX_BYTES + 1], email[EMAIL_MAX + 1], jwt[GATE_JWT_MAX + 1];
		char token[65], ticket[65], domain[254], url[512];
	} gate;
};

/* For cmocka's group: once per program, before anything allocates. */
int harness_setup(void **state);
int harness_teardown(void **state);

/* Has each world a database in the PostgreSQL that TEST_POSTGRES names?  A test that speaks SQLite's own SQL ends here then. */
bool on_postgres(void);
#define sqlite_only()                                                                                                  \
	do {                                                                                                           \
		if (on_postgres())                                                                                     \
			skip();                                                                                        \
	} while (0)

/* A fresh folder and settings: testing profile, lowest costs, a key given by SECRET_KEY. */
void world_make(struct world *w);
void world_open(struct world *w); /* keeper and one thread */
void world_close(struct world *w);
void world_remove(struct world *w);
void world_new(struct world *w); /* make and open */
void world_end(struct world *w); /* close and remove */

void clock_forward(int64_t us);
int64_t clock_us(void);

/* What shall fail while the keeper answers, and only then. */
struct harness_fault {
	enum fault fault;
	long nth; /* which call; 0: nothing fails */
	bool lasting;
	long failed; /* how many did, in the last question */
};
extern struct harness_fault harness_fault;

/*
 * How much of a walk through the calls that can fail is done.
 *
 *   sample  `make test`: each row (a question, a command) with each kind of call, but in one of the two ways to fail (one
 *           call, or all from one on), and with growing steps between the calls
 *   whole   with TEST_WHOLE set (.ci/run, under AddressSanitizer): both ways, with the steps that the test names
 *   each    with TORTURE set (make torture) or FAULT_EACH (tools/coverage): no call is left out
 */
bool harness_whole(void);
bool harness_each(void);

/* How far it is from the nth call to the next one that fails; whole_step: when the walk is whole. */
long harness_step(long nth, long whole_step);

/* Is this way of failing part of the walk of a row with a kind of call?  In a sample the rows alternate. */
bool harness_walks(size_t row, enum fault fault, bool lasting);

/* So many tries in a row in which nothing was left to fail end the walk; whole_attempts: when the walk is whole. */
int harness_last_attempts(int whole_attempts);

/* Ask, decode, keep the token: as web does.  body NULL: of nothing.  Dies when the answer is not well-formed. */
enum verdict ask_on(struct keeper_thread *t, struct browser *b, enum question_id id, const void *body);
enum verdict ask(struct world *w, struct browser *b, enum question_id id, const void *body);

enum verdict do_register(struct world *w, struct browser *b, const char *name, const char *password);
enum verdict do_sign_in(struct world *w, struct browser *b, const char *name, const char *password);
enum verdict do_verify(struct world *w, struct browser *b, const char *code);

/* The code of the secret that was shown, `steps` away from now; and of the one from then on not spent. */
struct code {
	char z[16];
};
struct code code_of(const char *secret, int64_t steps);

/* No try was ever refused. */
void forgive(struct world *w);

/* All that has expired, as the watcher does it once a minute. */
void purge_all(struct world *w);

/* Bring a new account (name, PASSWORD) and browser to a state; time moves on so that the next code is fresh. */
void bring_to(struct world *w, struct browser *b, const char *name, enum session_state state);

/* SQL behind the keeper's back: the first column of the first row, as a number. */
int64_t sql_number(struct world *w, const char *sql);
void sql_run(struct world *w, const char *sql);

#define assert_verdict(is, wanted) assert_int_equal((int)(is), (int)(wanted))

#endif
