/*
 * keeper_answer: questions of any form and in any order.  The keeper has its own database, which is restored after each
 * input.  Promises for every answer:
 *
 * - it is complete; it is MALFORMED if and only if the question does not decode
 * - it is FULL only for a session that was FULL before, or whose question contains a right code
 * - it is STATE for every session that is not FULL, if the question requires FULL
 * - it is STATE without a session, if the question requires one
 * - it shows nothing of any account if the session is invalid
 * - it is UNAVAILABLE only after a failure that the input requested: no question makes the keeper fail
 *
 * Input: lines, executed in order.
 *	=BYTES             the rest of the input is a question in its wire form
 *	+SECONDS           the clock advances
 *	!N                 the Nth allocation of the next question fails; with !!N its Nth request for random bytes
 *	NAME\tSESSION\t..  a question by its name, a letter for the session (see `sessions`), the fields of its body:
 *	                   texts or numbers; a missing field is empty.  A whole field may be:
 *	                   @K  @K+STEPS  the code of secret K (0 to 7), now or STEPS later
 *	                   @rK @lK #K    a recovery code, a link, a number that the keeper has returned
 * The clock stands still otherwise.  Without test hooks the clock runs, and nothing fails.
 */
#include "target.h"

#include "base/fault.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "doubletour/otp.h"
#include "keeper/account/admin.h"
#include "keeper/core/dispatch.h"
#include "keeper/core/keeper.h"
#include "ipc/questions.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	SECRETS = 8,
	SECRETS_MADE = 5,
	LINKS = 3,
	TOKENS = 128,
	NUMBERS = 16,
	CODES = 10,
	LINES = 24,
	BODY_BYTES = WIRE_BODY_MAX_BYTES,
	FIELD_ROOM = 24 * 1024,
	STEPS_AROUND = 3
};

#define PASSWORD "trombone ivre 1741"

/* --- values that the target knows --------------------------------------------------------------------------------- */

struct secret {
	char z[65];
};

struct known {
	struct token token;
	enum session_state state; /* as the last answer says */
};

/* Values of the prepared accounts, and values from the answers since. */
struct knowledge {
	struct secret secrets[SECRETS];
	size_t secrets_shown;
	struct known tokens[TOKENS];
	size_t tokens_count;
	struct token sessions[4]; /* enrolling, pending, full, and the newest one */
	struct link_text links[LINKS];
	int64_t numbers[NUMBERS];
	size_t numbers_count;
	char codes[CODES][25]; /* the newest recovery codes */
	size_t codes_count;
};

enum { SESSION_ENROLLING, SESSION_PENDING, SESSION_FULL, SESSION_LAST };

static struct config config;
static struct keeper *keeper;
static struct keeper_thread *thread;
static sqlite3 *database; /* a second connection, unknown to the keeper */
static struct knowledge prepared, now;

static enum session_state
state_of(const struct token *token)
{
	for (size_t i = now.tokens_count; i > 0; i--)
		if (memcmp(&now.tokens[i - 1].token, token, sizeof(*token)) == 0)
			return now.tokens[i - 1].state;
	return STATE_NONE;
}

static void
token_note(const struct token *token, enum session_state state)
{
	if (now.tokens_count < TOKENS)
		now.tokens[now.tokens_count++] = (struct known){ *token, state };
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static int64_t *clock_offset; /* shared with base/clock.c */
static int64_t clock_us_now;

static void
clock_begin(const char *dir)
{
	char path[300];
	int64_t zero = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/clock", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	PROMISE(fd >= 0 && write(fd, &zero, sizeof(zero)) == sizeof(zero));
	clock_offset = mmap(NULL, sizeof(*clock_offset), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	PROMISE(clock_offset != MAP_FAILED);
	close(fd);
#ifdef DOUBLETOUR_TEST_HOOKS
	setenv("DOUBLETOUR_TEST_CLOCK", path, 1);
	clock_hook_open();
#endif
	unlink(path);
}

static int64_t
clock_us(void)
{
	int64_t us = 0;

	PROMISE(clock_now_us(&us) == ERR_OK);
	return us;
}

/* Set the clock to the time of the prepared database plus later_us. */
static void
clock_set(int64_t later_us)
{
	*clock_offset += clock_us_now + later_us - clock_us();
}

static struct secret
code_of(const struct secret *secret, int64_t steps)
{
	struct otp_key key = { 0 };
	uint8_t bytes[64];
	char text[OTP_CODE_SIZE];
	struct secret code = { "" };
	size_t n = 0;

	if (otp_base32_decode(secret->z, strlen(secret->z), bytes, sizeof(bytes), &n, NULL) != OTP_OK || n == 0 ||
	    otp_key_init(&key, OTP_SHA1, bytes, n, 0) != OTP_OK)
		return code;
	if (otp_totp_code(&key, &OTP_TOTP_DEFAULT, clock_us(), steps, text) == OTP_OK)
		memcpy(code.z, text, sizeof(text));
	otp_key_wipe(&key);
	return code;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

struct failing {
	long allocation, random; /* which call fails, counted from 1; 0: none */
};

static void
failing_arm(const struct failing *fault)
{
#ifdef DOUBLETOUR_TEST_HOOKS
	fault_set(FAULT_MEMORY, fault->allocation, false);
	fault_set(FAULT_RANDOM, fault->random, false);
#endif
}

/* Does this text contain a right code?  Spaces and hyphens are ignored. */
static bool
is_right_code(str typed)
{
	char code[64];
	size_t n = 0;

	for (size_t i = 0; i < typed.n && n + 1 < sizeof(code); i++)
		if (typed.p[i] != ' ' && typed.p[i] != '-' && typed.p[i] != '\t')
			code[n++] = typed.p[i];
	code[n] = '\0';
	for (size_t i = 0; i < now.codes_count; i++)
		if (strcasecmp(code, now.codes[i]) == 0)
			return true;
	for (size_t i = 0; i < now.secrets_shown; i++)
		for (int64_t steps = -STEPS_AROUND; steps <= STEPS_AROUND; steps++)
			if (n > 0 && strstr(code, code_of(&now.secrets[i], steps).z) != NULL)
				return true;
	return false;
}

static bool
decode(str question, struct question_head *ret_head, void *ret_body)
{
	return wire_get(&question, &wire_question_head, ret_head) == ERR_OK && ret_head->id != QUESTION_NONE &&
	       wire_get(&question, wire_questions[ret_head->id].body, ret_body) == ERR_OK && question.n == 0;
}

/*
 * Must the dispatcher refuse a question from a session that had this state after its last answer?  The session may have
 * expired since, so a row that excludes only ENROLLING or PENDING says nothing.
 */
static bool
must_be_refused(uint32_t id, enum session_state state)
{
	unsigned states = question_rows[id].states;

	return (states == ROW_IN(STATE_FULL) && state != STATE_FULL) ||
	       (state == STATE_NONE && (states & ROW_IN(STATE_NONE)) == 0);
}

static void
check_state(const struct question_head *question, const void *body, const struct answer_head *head)
{
	enum session_state before = state_of(&question->token);

	if (head->state == STATE_FULL && before != STATE_FULL)
		PROMISE(question->id == QUESTION_VERIFY && is_right_code(((const struct verify_body *)body)->code));
	if (must_be_refused(question->id, before))
		PROMISE(head->verdict == VERDICT_STATE || head->verdict == VERDICT_UNAVAILABLE);
	if (head->state == STATE_NONE)
		PROMISE(head->account_id == 0 && head->name.n == 0 && head->display_name.n == 0 &&
			head->created_us == 0 && head->expires_us == 0 && head->recovery_left == 0);
	else
		PROMISE(head->account_id != 0 && head->name.n >= USERNAME_MIN);
}

/* --- learning from an answer -------------------------------------------------------------------------------------- */

static void
text_keep(str text, char *ret_text, size_t size)
{
	PROMISE(str_copy_z(text, ret_text, size) == ERR_OK);
}

static void
learn_list(str list, const struct wire_def *def)
{
	now.numbers_count = 0;
	while (list.n > 0) {
		_Alignas(max_align_t) char item[BODY_BYTES];
		PROMISE(wire_get(&list, def, item) == ERR_OK);
		if (now.numbers_count < NUMBERS)
			memcpy(&now.numbers[now.numbers_count++], item, sizeof(int64_t)); /* id is the first member */
	}
}

static void
learn_codes(str lines)
{
	if (lines.n == 0)
		return;
	now.codes_count = 0;
	while (lines.n > 0) {
		PROMISE(now.codes_count < CODES);
		text_keep(str_cut(&lines, '\n'), now.codes[now.codes_count++], sizeof(now.codes[0]));
	}
}

static void
learn_secret(str secret)
{
	size_t at = now.secrets_shown < SECRETS ? now.secrets_shown++ : SECRETS - 1;

	if (secret.n > 0)
		text_keep(secret, now.secrets[at].z, sizeof(now.secrets[at].z));
	else if (at == now.secrets_shown - 1)
		now.secrets_shown--;
}

/* These answers never have a session, although the session of the question may live.  ask_each checks the list. */
static bool
answers_without_session(uint32_t id)
{
	static const uint32_t ids[] = { QUESTION_GATE,          QUESTION_GATE_TICKET,     QUESTION_OIDC_TOKEN,
					QUESTION_OIDC_USERINFO, QUESTION_OIDC_INTROSPECT, QUESTION_OIDC_REVOKE };

	for (size_t i = 0; i < COUNT(ids); i++)
		if (ids[i] == id)
			return true;
	return false;
}

static void
learn(const struct question_head *question, const struct answer_head *head, const void *body)
{
	static const struct token none;

	if (!answers_without_session(question->id))
		token_note(&question->token, (enum session_state)head->state);
	if (memcmp(&head->token, &none, sizeof(none)) != 0) {
		token_note(&head->token, (enum session_state)head->state);
		now.sessions[SESSION_LAST] = head->token;
	}
	if (question->id == QUESTION_ENROL)
		learn_secret(((const struct enrolment_body *)body)->secret);
	if (question->id == QUESTION_RECOVERY)
		learn_codes(((const struct recovery_codes_body *)body)->codes);
	if (question->id == QUESTION_ACCOUNT)
		learn_list(((const struct account_body *)body)->factors, &wire_factor_item);
	if (question->id == QUESTION_SESSIONS)
		learn_list(((const struct sessions_body *)body)->sessions, &wire_session_item);
	if (question->id == QUESTION_ACTIVITY)
		learn_list(((const struct events_body *)body)->events, &wire_event_item);
}

/* Ask, check, learn.  Returns the verdict; an empty answer counts as UNAVAILABLE. */
static enum verdict
ask(str bytes, const struct failing *fault)
{
	static const struct failing none;
	CLEANUP(buf_wipe) struct buf out = BUF(WIRE_MAX_BYTES);
	_Alignas(max_align_t) char asked[BODY_BYTES] = { 0 }, body[BODY_BYTES] = { 0 };
	struct question_head question = { 0 };
	struct answer_head head = { 0 };
	bool failing = fault->allocation != 0 || fault->random != 0;
	bool decodes = decode(bytes, &question, asked);

	failing_arm(fault);
	keeper_answer(thread, bytes, NULL, NULL, &out);
	failing_arm(&none);
	str answer = buf_str(&out);
	PROMISE(failing || answer.n > 0);
	/* After a failure the code may be spent and the session FULL, although no answer says so. */
	if (failing && decodes && question.id == QUESTION_VERIFY &&
	    is_right_code(((const struct verify_body *)asked)->code))
		token_note(&question.token, STATE_FULL);
	if (answer.n == 0)
		return VERDICT_UNAVAILABLE;
	uint32_t id = question.id > QUESTION_NONE && question.id < QUESTION_COUNT ? question.id : QUESTION_SESSION;
	PROMISE(wire_get(&answer, &wire_answer_head, &head) == ERR_OK);
	PROMISE(wire_get(&answer, wire_questions[id].answer, body) == ERR_OK && answer.n == 0);
	PROMISE(decodes == (head.verdict != VERDICT_MALFORMED));
	PROMISE(failing || head.verdict != VERDICT_UNAVAILABLE);
	if (!decodes) {
		PROMISE(head.state == STATE_NONE && head.account_id == 0);
		return VERDICT_MALFORMED;
	}
	check_state(&question, asked, &head);
	if (head.verdict != VERDICT_UNAVAILABLE)
		learn(&question, &head, body);
	return (enum verdict)head.verdict;
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static int64_t
number_of(str text)
{
	bool negative = str_starts(text, STR("-"));
	uint64_t number = 0;

	if (str_number(str_from(text, negative), INT64_MAX, &number) != ERR_OK)
		return 0;
	return negative ? -(int64_t)number : (int64_t)number;
}

static size_t
index_of(str text, size_t count)
{
	return (size_t)(number_of(text) & INT32_MAX) % count;
}

/* Write the value of @K, @K+STEPS, @rK or @lK into room.  Any other text is returned unchanged. */
static str
text_of(str text, struct secret *room)
{
	if (text.n < 2 || text.p[0] != '@')
		return text;
	if (text.p[1] == 'l')
		return str_of(now.links[index_of(str_from(text, 2), LINKS)].z);
	if (text.p[1] == 'r')
		return now.codes_count == 0 ? STR("") : str_of(now.codes[index_of(str_from(text, 2), now.codes_count)]);
	str steps = str_from(text, 1), which = str_cut(&steps, '+');
	*room = code_of(&now.secrets[index_of(which, SECRETS)], number_of(steps));
	return str_of(room->z);
}

static int64_t
value_of(str text)
{
	if (str_starts(text, STR("#")))
		return now.numbers_count == 0 ? 0 : now.numbers[index_of(str_from(text, 1), now.numbers_count)];
	return number_of(text);
}

/*
 * Force values into the bounds of the wire tables.  Web checks these bounds; this target does not test web.
 */
static void
body_fill(const struct wire_def *def, str fields, struct secret *rooms, char *body)
{
	for (size_t i = 0; i < def->count; i++) {
		const struct wire_field *field = &def->fields[i];
		str text = fields.p == NULL ? STR("") : str_cut(&fields, '\t');
		int64_t number = value_of(text);
		uint32_t small = (uint32_t)((uint64_t)number % ((uint64_t)field->max + 1));
		text = str_upto(text_of(text, &rooms[i]), field->max);
		if (field->kind == WIRE_STR)
			memcpy(body + field->offset, &text, sizeof(text));
		else if (field->kind == WIRE_I64)
			memcpy(body + field->offset, &number, sizeof(number));
		else if (field->kind == WIRE_U32)
			memcpy(body + field->offset, &small, sizeof(small));
	}
}

static uint32_t
question_of(str name)
{
	for (uint32_t id = QUESTION_NONE + 1; id < QUESTION_COUNT; id++)
		if (str_equal(name, str_of(wire_questions[id].name)))
			return id;
	return QUESTION_NONE;
}

/* Letters: e enrolling, p pending, f full, l the newest session, x an unknown token; otherwise no token. */
static struct token
session_of(str letter)
{
	static const char letters[] = "epfl";
	static const struct token dummy = { { 7, 7, 7 } }, none;
	const char *at = letter.n != 1 || letter.p[0] == '\0' ? NULL : strchr(letters, letter.p[0]);

	if (at != NULL)
		return now.sessions[at - letters];
	return str_equal(letter, STR("x")) ? dummy : none;
}

static enum verdict
ask_line(str line, const struct failing *fault)
{
	enum { FIELDS_MAX = 24 };
	CLEANUP(buf_wipe) struct buf question = BUF(FIELD_ROOM);
	_Alignas(max_align_t) char body[BODY_BYTES] = { 0 };
	struct secret rooms[FIELDS_MAX];
	struct question_head head = { .address = STR("192.0.2.7"), .agent = STR("fuzz"), .request_id = STR("0123") };

	head.id = question_of(str_cut(&line, '\t'));
	if (head.id == QUESTION_NONE)
		return VERDICT_MALFORMED;
	head.token = session_of(line.p == NULL ? STR("") : str_cut(&line, '\t'));
	PROMISE(wire_questions[head.id].body->count <= FIELDS_MAX);
	body_fill(wire_questions[head.id].body, line, rooms, body);
	wire_put(&question, &wire_question_head, &head);
	wire_put(&question, wire_questions[head.id].body, body);
	PROMISE(buf_check(&question) == ERR_OK);
	return ask(buf_str(&question), fault);
}

static void
run(str rest)
{
	struct failing fault = { 0 };
	int64_t later_us = 0;

	for (size_t lines = 0; rest.p != NULL && lines < LINES; lines++) {
		if (str_starts(rest, STR("="))) {
			ask(str_from(rest, 1), &fault);
			return;
		}
		str line = str_cut(&rest, '\n');
		if (str_starts(line, STR("+"))) {
			later_us += SECONDS_US((number_of(str_from(line, 1)) & INT32_MAX));
			clock_set(later_us);
		} else if (str_starts(line, STR("!!"))) {
			fault.random = (long)index_of(str_from(line, 2), 1000);
		} else if (str_starts(line, STR("!"))) {
			fault.allocation = (long)index_of(str_from(line, 1), 1000);
		} else {
			ask_line(line, &fault);
			fault = (struct failing){ 0 };
		}
	}
}

/* --- the database ------------------------------------------------------------------------------------------------- */

static void
sql(const char *text)
{
	char *why = NULL;

	if (sqlite3_exec(database, text, NULL, NULL, &why) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", text, why);
		abort();
	}
}

static char put_back[16 * 1024];

static int
put_back_table(void *context, int columns, char **values, char **names)
{
	size_t n = strlen(put_back);

	snprintf(put_back + n, sizeof(put_back) - n,
		 "DELETE FROM main.\"%s\"; INSERT INTO main.\"%s\" SELECT * FROM kept.\"%s\"; ", values[0], values[0],
		 values[0]);
	return 0;
}

/* Copy the content into memory, and write the statements that restore it. */
static void
database_keep(void)
{
	char *why = NULL;

	PROMISE(sqlite3_open(config.database_path, &database) == SQLITE_OK);
	sql("PRAGMA synchronous=OFF; ATTACH ':memory:' AS kept");
	snprintf(put_back, sizeof(put_back), "BEGIN IMMEDIATE; ");
	static const char tables[] =
	    "SELECT name FROM main.sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'";
	PROMISE(sqlite3_exec(database, tables, put_back_table, NULL, &why) == SQLITE_OK);
	strncat(put_back, "COMMIT", sizeof(put_back) - strlen(put_back) - 1);
	sqlite3_stmt *rows = NULL;
	PROMISE(sqlite3_prepare_v2(database, tables, -1, &rows, NULL) == SQLITE_OK);
	char copies[8192] = "";
	while (sqlite3_step(rows) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(rows, 0);
		size_t n = strlen(copies);
		snprintf(copies + n, sizeof(copies) - n, "CREATE TABLE kept.\"%s\" AS SELECT * FROM main.\"%s\"; ",
			 name, name);
	}
	sqlite3_finalize(rows);
	sql(copies);
}

/* --- preparing ---------------------------------------------------------------------------------------------------- */

static char folder[128];

static void
folder_remove(void)
{
	static const char *const names[] = { "doubletour.sqlite", "doubletour.sqlite-wal", "doubletour.sqlite-shm" };
	char path[300];

	sqlite3_close(database);
	keeper_thread_close(&thread);
	keeper_close(&keeper);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

/* Use a folder in memory if the system has one: on a disk every commit would wait for a write. */
static void
folder_make(void)
{
	snprintf(folder, sizeof(folder), "%s/doubletour-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	PROMISE(mkdtemp(folder) != NULL);
	atexit(folder_remove);
}

static void
config_make(void)
{
	static const char key[] = "0123456789-a-key-that-is-only-for-tests-and-long";

	config = (struct config){ .profile = PROFILE_TESTING,
				  .database = DATABASE_SQLITE,
				  .app_name = "Doubletour",
				  .secret_key_bytes = sizeof(key) - 1,
				  .registration = REGISTRATION_OPEN,
				  .bcrypt_log_rounds = 4,
				  .argon2_memory_kib = 8,
				  .argon2_passes = 1,
				  .session_idle_us = MINUTES_US(60),
				  .session_lifetime_us = MINUTES_US(24 * 60) };
	memcpy(config.secret_key, key, sizeof(key) - 1);
	snprintf(config.data_dir, sizeof(config.data_dir), "%s", folder);
	snprintf(config.database_path, sizeof(config.database_path), "%s/doubletour.sqlite", folder);
}

static void
must(const char *line)
{
	static const struct failing none;

	PROMISE(ask_line(str_of(line), &none) == VERDICT_PASSED);
}

/* Register an account and stop at the given state. */
static void
account_make(const char *name, enum session_state state)
{
	char line[200];

	snprintf(line, sizeof(line), "register\t-\t%s\t" PASSWORD "\t" PASSWORD, name);
	must(line);
	must("enrol\tl");
	if (state == STATE_ENROLLING)
		return;
	snprintf(line, sizeof(line), "verify\tl\t@%zu", now.secrets_shown - 1);
	must(line);
	if (state == STATE_FULL)
		return;
	snprintf(line, sizeof(line), "sign-in\t-\t%s\t" PASSWORD, name);
	must(line);
}

static void
prepare(void)
{
	static const struct {
		const char *name;
		enum session_state state;
	} accounts[SECRETS_MADE] = { { "elodie", STATE_ENROLLING },
				     { "pierre", STATE_PENDING },
				     { "fatima", STATE_FULL },
				     { "alice", STATE_FULL },
				     { "robert", STATE_FULL } };
	struct why why = { "" };

	for (size_t i = 0; i < SECRETS_MADE; i++) {
		account_make(accounts[i].name, accounts[i].state);
		if (i < SESSION_LAST)
			now.sessions[i] = now.sessions[SESSION_LAST];
	}
	PROMISE(now.secrets_shown == SECRETS_MADE);
	PROMISE(admin_add(thread, STR("sophie"), &(struct admin_new){ .groups = STR("staff") }, &why, &now.links[0]) ==
		ERR_OK);
	PROMISE(admin_reset_password(thread, STR("robert"), &why, &now.links[1]) == ERR_OK);
	PROMISE(admin_invite(thread, &why, &now.links[2]) == ERR_OK);
}

/*
 * Ask each question from each kind of session with an empty body, so that every run covers every row of the table.
 * Then ask for the session: if it lives, the target must not believe that it has ended.
 */
static void
ask_each(void)
{
	static const struct failing none;
	static const char sessions[] = "-xepfl";
	char line[80];

	for (uint32_t id = QUESTION_NONE + 1; id < QUESTION_COUNT; id++)
		for (const char *letter = sessions; *letter != '\0'; letter++) {
			snprintf(line, sizeof(line), "%s\t%c", wire_questions[id].name, *letter);
			now = prepared;
			clock_set(0);
			ask_line(str_of(line), &none);
			snprintf(line, sizeof(line), "session\t%c", *letter);
			ask_line(str_of(line), &none);
			sql(put_back);
		}
}

static void
begin(void)
{
	struct why why = { "" };

	log_setup(LOG_FORMAT_TEXT, (enum log_level)0);
	folder_make();
	config_make();
	clock_begin(folder);
	if (keeper_open(&config, KEEPER_CREATE, &why, &keeper) != ERR_OK) {
		fprintf(stderr, "%s\n", why.text);
		abort();
	}
	PROMISE(keeper_thread_open(keeper, &thread) == ERR_OK);
	prepare();
	prepared = now;
	clock_us_now = clock_us() + MINUTES_US(2); /* so that the next codes are unused */
	database_keep();
	ask_each();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (keeper == NULL)
		begin();
	now = prepared;
	clock_set(0);
	run(str_bytes(bytes, n));
	sql(put_back);
	return 0;
}
