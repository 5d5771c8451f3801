#include "keeper/harness.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "doubletour/otp.h"
#include "keeper/core/call.h"
#include "keeper/factor/totp.h"

#include <dirent.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char clock_path[] = "/tmp/keeper-clock-XXXXXX";
static int clock_fd = -1;
static int64_t offset_us;
struct harness_fault harness_fault;

bool
harness_each(void)
{
	return getenv("TORTURE") != NULL || getenv("FAULT_EACH") != NULL;
}

bool
harness_whole(void)
{
	return harness_each() || getenv("TEST_WHOLE") != NULL;
}

long
harness_step(long nth, long whole_step)
{
	return harness_whole() ? whole_step : whole_step + nth / 3;
}

bool
harness_walks(size_t row, enum fault fault, bool lasting)
{
	return harness_whole() || lasting == ((row + (size_t)fault) % 2 == 1);
}

int
harness_last_attempts(int whole_attempts)
{
	return harness_whole() ? whole_attempts : 1;
}

/* --- allocations -------------------------------------------------------------------------------------------------- */

static void *
grow(void *p, size_t n)
{
	void *more = mem_new(n);

	if (more == NULL || p == NULL)
		return more;
	size_t old = malloc_usable_size(p);
	memcpy(more, p, old < n ? old : n);
	mem_drop(p);
	return more;
}

static void *
crypto_new(size_t n, const char *file, int line)
{
	return n == 0 ? NULL : mem_new(n);
}

static void *
crypto_grow(void *p, size_t n, const char *file, int line)
{
	return grow(p, n);
}

static void
crypto_drop(void *p, const char *file, int line)
{
	mem_drop(p);
}

static void *
sqlite_new(int n)
{
	return mem_new((size_t)n);
}

static void *
sqlite_grow(void *p, int n)
{
	return grow(p, (size_t)n);
}

static int
sqlite_size(void *p)
{
	return p == NULL ? 0 : (int)malloc_usable_size(p);
}

static int
sqlite_round(int n)
{
	return (n + 7) & ~7;
}

static int
sqlite_init(void *unused)
{
	return SQLITE_OK;
}

static void
sqlite_end(void *unused)
{
}

static const sqlite3_mem_methods sqlite_memory = { sqlite_new,   mem_drop,    sqlite_grow, sqlite_size,
						   sqlite_round, sqlite_init, sqlite_end,  NULL };

int
harness_setup(void **state)
{
	assert_int_equal(CRYPTO_set_mem_functions(crypto_new, crypto_grow, crypto_drop), 1);
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &sqlite_memory), SQLITE_OK);
	clock_fd = mkstemp(clock_path);
	assert_true(clock_fd >= 0);
	assert_int_equal(ftruncate(clock_fd, sizeof(offset_us)), 0);
	setenv("DOUBLETOUR_TEST_CLOCK", clock_path, 1);
	clock_hook_open();
	log_setup(LOG_FORMAT_TEXT, getenv("KEEPER_TEST_LOG") != NULL ? LOG_DEBUG : (enum log_level)0); /* 0: no log */
	return 0;
}

int
harness_teardown(void **state)
{
	close(clock_fd);
	unlink(clock_path);
	return 0;
}

/* --- the world ---------------------------------------------------------------------------------------------------- */

/*
 * TEST_POSTGRES=postgresql://... (without a database name): each world has its own database in that server, not a file.
 */
static PGconn *
server_connect(const char *name)
{
	char url[CONFIG_TEXT_MAX];

	snprintf(url, sizeof(url), "%s/%s", getenv("TEST_POSTGRES"), name);
	PGconn *connection = PQconnectdb(url);
	if (PQstatus(connection) != CONNECTION_OK)
		fail_msg("%s: %s", url, PQerrorMessage(connection));
	return connection;
}

static const char *
name_in(const struct world *w)
{
	return strrchr(w->config.database_path, '/') + 1;
}

static void
server_do(const char *text, const char *name)
{
	PGconn *connection = server_connect("postgres");
	char statement[256];

	snprintf(statement, sizeof(statement), text, name);
	PGresult *result = PQexec(connection, statement);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", statement, PQerrorMessage(connection));
	PQclear(result);
	PQfinish(connection);
}

static void
use_postgres(struct world *w)
{
	struct config *c = &w->config;

	c->database = DATABASE_POSTGRES;
	snprintf(c->database_path, sizeof(c->database_path), "%s/world_%s", getenv("TEST_POSTGRES"),
		 strrchr(w->dir, '-') + 1);
	for (char *p = strrchr(c->database_path, '/'); *p != '\0'; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p);
	server_do("CREATE DATABASE %s", name_in(w));
}

bool
on_postgres(void)
{
	return getenv("TEST_POSTGRES") != NULL;
}

void
world_make(struct world *w)
{
	static const char key[] = "0123456789-a-key-that-is-only-for-tests-and-long";

	kept_keys_begin();
	memset(w, 0, sizeof(*w));
	scratch_name("keeper-test", w->dir, sizeof(w->dir));
	assert_non_null(mkdtemp(w->dir));
	struct config *c = &w->config;
	c->profile = PROFILE_TESTING;
	c->database = DATABASE_SQLITE;
	snprintf(c->data_dir, sizeof(c->data_dir), "%s", w->dir);
	snprintf(c->database_path, sizeof(c->database_path), "%s/doubletour.sqlite", w->dir);
	if (on_postgres())
		use_postgres(w);
	snprintf(c->database_name, sizeof(c->database_name), "%s", c->database_path);
	snprintf(c->app_name, sizeof(c->app_name), "Doubletour");
	memcpy(c->secret_key, key, sizeof(key) - 1);
	c->secret_key_bytes = sizeof(key) - 1;
	snprintf(c->passkey_rp_id, sizeof(c->passkey_rp_id), TEST_RP_ID);
	snprintf(c->public_origin, sizeof(c->public_origin), TEST_ORIGIN);
	c->registration = REGISTRATION_OPEN;
	c->bcrypt_log_rounds = 4;
	c->argon2_memory_kib = 8;
	c->argon2_passes = 1;
	c->session_idle_us = MINUTES_US(60);
	c->session_lifetime_us = MINUTES_US(24 * 60);
	c->session_remember_us = MINUTES_US(30 * 24 * 60);
}

static void
on_ended(void *context, const struct token *token_hash)
{
	struct world *w = context;
	size_t at = __atomic_fetch_add(&w->ended_count, 1, __ATOMIC_SEQ_CST);

	if (at < ENDED_MAX)
		w->ended[at] = *token_hash;
}

void
world_open(struct world *w)
{
	struct why why = { 0 };

	if (keeper_open(&w->config, KEEPER_CREATE, &why, &w->keeper) != ERR_OK)
		fail_msg("keeper_open: %s", why.text);
	keeper_on_ended(w->keeper, on_ended, w);
	w->thread = world_thread_open(w);
}

/* A busy PostgreSQL may take longer to accept a connection than the keeper waits.  The keeper tries again too. */
struct keeper_thread *
world_thread_open(struct world *w)
{
	int64_t until_us = clock_monotonic_us() + MINUTES_US(5);
	struct keeper_thread *thread = NULL;
	struct why why = { "" };
	err e;

	do
		e = keeper_thread_open(w->keeper, &thread);
	while (e == ERR_AWAY && on_postgres() && clock_monotonic_us() < until_us);
	assert_int_equal(e, ERR_OK);
	if (db_set_statement_timeout(thread->db, 5 * 60 * 1000, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return thread;
}

void
world_close(struct world *w)
{
	keeper_thread_close(&w->thread);
	keeper_close(&w->keeper);
}

void
world_remove(struct world *w)
{
	static const char *const names[] = { "doubletour.sqlite", "doubletour.sqlite-wal", "doubletour.sqlite-shm",
					     "doubletour.key" };
	char path[256];

	if (on_postgres())
		server_do("DROP DATABASE %s WITH (FORCE)", name_in(w));
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", w->dir, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(w->dir), 0); /* fails when another file is left */
}

/* A database file after its migrations.  Later worlds copy it, because the migrations take 20 ms of processor time. */
static struct buf migrated = BUF(4 * 1024 * 1024);

static void
world_migrated_keep(struct world *w)
{
	struct why why = { 0 };

	if (keeper_open(&w->config, KEEPER_CREATE, &why, &w->keeper) != ERR_OK)
		fail_msg("keeper_open: %s", why.text);
	keeper_close(&w->keeper);
	assert_int_equal(file_read(w->config.database_path, FILE_ANY, &migrated, &why), ERR_OK);
}

static void
world_migrated_copy(const struct world *w)
{
	int fd = open(w->config.database_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, migrated.p, migrated.n), migrated.n);
	close(fd);
}

void
world_new(struct world *w)
{
	world_make(w);
	if (!on_postgres() && migrated.n == 0)
		world_migrated_keep(w);
	else if (!on_postgres())
		world_migrated_copy(w);
	world_open(w);
}

void
world_end(struct world *w)
{
	world_close(w);
	world_remove(w);
}

void
folder_empty(const char *path)
{
	DIR *folder = opendir(path);

	assert_non_null(folder);
	for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
}

/* --- time --------------------------------------------------------------------------------------------------------- */

void
clock_forward(int64_t us)
{
	offset_us += us;
	assert_int_equal(pwrite(clock_fd, &offset_us, sizeof(offset_us), 0), sizeof(offset_us));
}

int64_t
clock_us(void)
{
	int64_t now_us = 0;

	assert_int_equal(clock_now_us(&now_us), ERR_OK);
	return now_us;
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

static bool
token_is_zero(const struct token *token)
{
	static const struct token zero;

	return secret_equal(token, &zero, sizeof(zero));
}

static void
text_keep(str text, char *ret_text, size_t size)
{
	if (str_copy_z(text, ret_text, size) != ERR_OK)
		abort();
}

static void
enrolment_keep(struct browser *b, const void *body)
{
	const struct enrolment_body *enrolment = body;

	text_keep(enrolment->secret, b->secret, sizeof(b->secret));
	text_keep(enrolment->uri, b->uri, sizeof(b->uri));
	b->secret_expires_us = enrolment->expires_us;
}

static void
verified_keep(struct browser *b, const void *body)
{
	b->verified = *(const struct verified_body *)body;
	b->left = b->verified.recovery_left;
	if (!token_is_zero(&b->verified.device))
		b->device = b->verified.device;
}

static void
recovery_keep(struct browser *b, const void *body)
{
	const struct recovery_codes_body *recovery = body;
	str rest = recovery->codes;

	b->left = recovery->left;
	b->recovery_made = 0;
	while (rest.n > 0 && b->recovery_made < COUNT(b->recovery))
		text_keep(str_cut(&rest, '\n'), b->recovery[b->recovery_made++], sizeof(b->recovery[0]));
}

static void
account_keep(struct browser *b, const void *body)
{
	str list = ((const struct account_body *)body)->factors;
	struct factor_item item;

	b->factors_count = 0;
	while (list.n > 0 && b->factors_count < COUNT(b->factors)) {
		if (wire_get(&list, &wire_factor_item, &item) != ERR_OK)
			abort();
		item.name = (str){ 0 };
		b->items[b->factors_count] = item;
		b->factors[b->factors_count++] = item.id;
	}
	b->codes_off_allowed = ((const struct account_body *)body)->codes_off_allowed;
}

static void
options_keep(struct browser *b, const void *body)
{
	const struct passkey_options_body *options = body;
	str list = options->excluded;
	struct passkey_item item;

	b->options.display_name = options->display_name;
	b->options.current = options->current;
	b->options.unavailable = options->unavailable;
	for (b->options.excluded = 0; list.n > 0; b->options.excluded++)
		if (wire_get(&list, &wire_passkey_item, &item) != ERR_OK)
			abort();
	text_keep(options->challenge, b->options.challenge, sizeof(b->options.challenge));
	text_keep(options->rp_id, b->options.rp_id, sizeof(b->options.rp_id));
	b->options.handle_n = options->user_handle.n;
	if (options->user_handle.n > 0)
		memcpy(b->options.handle, options->user_handle.p, options->user_handle.n);
}

static void
passkey_keep(struct browser *b, const void *body)
{
	const struct passkey_result_body *result = body;

	b->passkey.fault = result->fault;
	b->passkey.removed = result->removed;
	b->passkey.user_verified = result->user_verified;
	b->passkey.demoted = result->demoted;
	b->passkey.recovery_left = result->recovery_left;
	text_keep(str_upto(result->next, 500), b->passkey.next, sizeof(b->passkey.next));
	if (!token_is_zero(&result->device))
		b->device = result->device;
}

static void
passkeys_keep(struct browser *b, const void *body)
{
	const struct passkeys_body *answer = body;
	str list = answer->passkeys;
	struct passkey_item item;

	for (b->passkeys.n = 0; list.n > 0 && b->passkeys.n < COUNT(b->passkeys.ids); b->passkeys.n++) {
		if (wire_get(&list, &wire_passkey_item, &item) != ERR_OK)
			abort();
		memcpy(b->passkeys.ids[b->passkeys.n], item.credential_id.p, 16);
		text_keep(item.transports, b->passkeys.transports, sizeof(b->passkeys.transports));
	}
	text_keep(answer->challenge, b->passkeys.challenge, sizeof(b->passkeys.challenge));
	b->passkeys.user_verification = answer->user_verification;
	b->passkeys.handle_n = answer->user_handle.n;
}

static void
visitor_keep(struct browser *b, const void *body)
{
	const struct gate_visitor_body *visitor = body;

	b->gate.outcome = visitor->outcome;
	b->gate.level = visitor->level;
	b->gate.phishing_resistant_us = visitor->phishing_resistant_us;
	b->gate.verified_us = visitor->verified_us;
	b->gate.expires_us = visitor->expires_us;
	b->gate.session = visitor->session;
	text_keep(visitor->name, b->gate.name, sizeof(b->gate.name));
	text_keep(visitor->groups, b->gate.groups, sizeof(b->gate.groups));
	text_keep(visitor->email, b->gate.email, sizeof(b->gate.email));
	text_keep(visitor->jwt, b->gate.jwt, sizeof(b->gate.jwt));
}

static void
gate_grant_keep(struct browser *b, const void *body)
{
	const struct gate_grant_body *grant = body;

	b->gate.outcome = grant->outcome;
	b->gate.reason = grant->reason;
	b->gate.remembered_until_us = grant->remembered_until_us;
	text_keep(grant->token, b->gate.token, sizeof(b->gate.token));
	text_keep(grant->ticket, b->gate.ticket, sizeof(b->gate.ticket));
	text_keep(grant->domain, b->gate.domain, sizeof(b->gate.domain));
	text_keep(str_upto(grant->url, 500), b->gate.url, sizeof(b->gate.url));
}

static void
tokens_keep(struct browser *b, const void *body)
{
	const struct oidc_tokens_body *tokens = body;

	b->oidc.error = tokens->error;
	b->oidc.expires_s = tokens->expires_s;
	text_keep(tokens->access_token, b->oidc.access_token, sizeof(b->oidc.access_token));
	text_keep(tokens->refresh_token, b->oidc.refresh_token, sizeof(b->oidc.refresh_token));
	text_keep(tokens->scopes, b->oidc.scopes, sizeof(b->oidc.scopes));
	text_keep(tokens->id_token, b->oidc.id_token, sizeof(b->oidc.id_token));
}

static void
claims_keep(struct browser *b, const void *body)
{
	const struct oidc_claims_body *claims = body;

	b->oidc.error = claims->error;
	text_keep(claims->json, b->oidc.json, sizeof(b->oidc.json));
}

static void
body_keep(struct browser *b, enum question_id id, const void *body)
{
	static void (*const keep[QUESTION_COUNT])(struct browser * b, const void *body) = {
		[QUESTION_ENROL] = enrolment_keep,       [QUESTION_VERIFY] = verified_keep,
		[QUESTION_STEP_UP] = verified_keep,      [QUESTION_FACTOR_CONFIRM] = verified_keep,
		[QUESTION_RECOVERY] = recovery_keep,     [QUESTION_RECOVERY_LEFT] = recovery_keep,
		[QUESTION_ACCOUNT] = account_keep,       [QUESTION_GATE] = visitor_keep,
		[QUESTION_GATE_ENTER] = gate_grant_keep, [QUESTION_GATE_TICKET] = gate_grant_keep,
		[QUESTION_PASSKEY_OFFER] = options_keep, [QUESTION_PASSKEY_BEGIN] = options_keep,
		[QUESTION_PASSKEYS] = passkeys_keep,     [QUESTION_OIDC_TOKEN] = tokens_keep,
		[QUESTION_OIDC_USERINFO] = claims_keep,  [QUESTION_OIDC_INTROSPECT] = claims_keep,
		[QUESTION_OIDC_REVOKE] = claims_keep,
	};

	b->problems = (struct problems_body){ 0 };
	if (wire_questions[id].answer == wire_questions[QUESTION_REGISTER].answer)
		b->problems = *(const struct problems_body *)body;
	if (wire_questions[id].answer == wire_questions[QUESTION_PASSKEY_FIRST].answer)
		passkey_keep(b, body);
	if (keep[id] != NULL)
		keep[id](b, body);
}

static void
answer_keep(struct browser *b, enum question_id id, str answer)
{
	_Alignas(max_align_t) char body[256] = { 0 };

	if (wire_get(&answer, &wire_answer_head, &b->head) != ERR_OK ||
	    wire_get(&answer, wire_questions[id].answer, body) != ERR_OK || answer.n != 0)
		abort();
	text_keep(b->head.name, b->name, sizeof(b->name));
	b->head.name = str_of(b->name);
	text_keep(b->head.display_name, b->display_name, sizeof(b->display_name));
	b->head.display_name = str_of(b->display_name);
	text_keep(b->head.alarm_address, b->alarm_address, sizeof(b->alarm_address));
	b->head.alarm_address = str_of(b->alarm_address);
	b->verdict = (enum verdict)b->head.verdict;
	if (!token_is_zero(&b->head.token))
		b->token = b->head.token;
	body_keep(b, id, body);
}

/* Each registration gets its own address, because registrations are limited by address. */
static str
address_of(const struct browser *b, enum question_id id, char *room, size_t size)
{
	static atomic_uint accounts;
	unsigned n = atomic_load(&accounts);

	if (b->address != NULL)
		return str_of(b->address);
	if (id != QUESTION_REGISTER)
		return STR("192.0.2.7");
	n = atomic_fetch_add(&accounts, 1);
	snprintf(room, size, "10.%u.%u.%u", n >> 16 & 255, n >> 8 & 255, n & 255);
	return str_of(room);
}

enum verdict
ask_on(struct keeper_thread *t, struct browser *b, enum question_id id, const void *body)
{
	static const struct nothing_body nothing;
	char address[32];
	CLEANUP(buf_wipe) struct buf question = BUF(WIRE_MAX_BYTES);
	CLEANUP(buf_wipe) struct buf answer = BUF(WIRE_MAX_BYTES);
	struct question_head head = { .id = id,
				      .number = 1,
				      .token = b->token,
				      .device = b->device,
				      .address = address_of(b, id, address, sizeof(address)),
				      .agent = STR("cmocka"),
				      .request_id = STR("test") };

	wire_put(&question, &wire_question_head, &head);
	wire_put(&question, wire_questions[id].body, body == NULL ? &nothing : body);
	if (buf_check(&question) != ERR_OK)
		abort();
	/* Many threads may ask at the same time, so the global state changes only for a fault. */
	if (harness_fault.nth != 0) {
		fault_set(harness_fault.fault, harness_fault.nth, harness_fault.lasting);
		keeper_answer(t, buf_str(&question), NULL, NULL, &answer);
		fault_set(harness_fault.fault, 0, false);
		harness_fault.failed = fault_failed(harness_fault.fault);
	} else
		keeper_answer(t, buf_str(&question), NULL, NULL, &answer);
	if (b->raw != NULL) {
		buf_clear(b->raw);
		buf_put(b->raw, buf_str(&answer));
	}
	if (answer.n > 0)
		answer_keep(b, id, buf_str(&answer));
	else { /* no memory for an answer: the channel closes, and web answers 503 */
		b->verdict = VERDICT_UNAVAILABLE;
		b->head = (struct answer_head){ .verdict = VERDICT_UNAVAILABLE };
	}
	return b->verdict;
}

enum verdict
ask_again_on(struct keeper_thread *t, struct browser *b, enum question_id id, const void *body)
{
	enum verdict verdict = ask_on(t, b, id, body);

	for (int i = 0; verdict == VERDICT_UNAVAILABLE && i < 20; i++)
		verdict = ask_on(t, b, id, body);
	return verdict;
}

enum verdict
ask(struct world *w, struct browser *b, enum question_id id, const void *body)
{
	return ask_on(w->thread, b, id, body);
}

enum verdict
do_register(struct world *w, struct browser *b, const char *name, const char *password)
{
	const struct register_body body = { str_of(name), str_of(password), str_of(password) };

	return ask(w, b, QUESTION_REGISTER, &body);
}

static str
form_of(const struct browser *b)
{
	return b->form == NULL ? STR("") : str_of(b->form);
}

enum verdict
do_sign_in(struct world *w, struct browser *b, const char *name, const char *password)
{
	const struct sign_in_body body = { str_of(name), str_of(password), .browser = form_of(b),
					   .remember = b->remember };

	return ask(w, b, QUESTION_SIGN_IN, &body);
}

struct code
code_of(const char *secret, int64_t steps)
{
	struct otp_key key = { 0 };
	uint8_t bytes[64];
	char text[OTP_CODE_SIZE];
	struct code code = { 0 };
	size_t n = 0;

	if (otp_base32_decode(secret, strlen(secret), bytes, sizeof(bytes), &n, NULL) != OTP_OK ||
	    otp_key_init(&key, OTP_SHA1, bytes, n, 0) != OTP_OK ||
	    otp_totp_code(&key, &OTP_TOTP_DEFAULT, clock_us(), steps, text) != OTP_OK)
		abort();
	otp_key_wipe(&key);
	memcpy(code.z, text, sizeof(text));
	return code;
}

/* Is this the code of a step that the keeper compares, for the right time or for a wrong clock? */
static bool
is_near(const char *secret, const char *code)
{
	bool near = false;

	for (int64_t steps = -CLOCK_STEPS; steps <= CLOCK_STEPS; steps++)
		near |= strcmp(code_of(secret, steps).z, code) == 0;
	return near;
}

/* A code of six equal digits that is wrong now. */
static const char *
wrong_code_of(const char *secret)
{
	static const char *const codes[] = { WRONG_CODE, "111111", "222222", "333333", "444444", "555555" };

	for (size_t i = 0; i < COUNT(codes); i++)
		if (!is_near(secret, codes[i]))
			return codes[i];
	abort();
}

enum verdict
do_verify(struct world *w, struct browser *b, const char *code)
{
	bool wrong = strcmp(code, WRONG_CODE) == 0 && b->secret[0] != '\0';
	const struct verify_body body = { str_of(wrong ? wrong_code_of(b->secret) : code), form_of(b) };

	return ask(w, b, QUESTION_VERIFY, &body);
}

void
bring_to(struct world *w, struct browser *b, const char *name, enum session_state state)
{
	memset(b, 0, sizeof(*b));
	if (state == STATE_NONE)
		return;
	assert_verdict(do_register(w, b, name, PASSWORD), VERDICT_PASSED);
	assert_verdict(ask(w, b, QUESTION_ENROL, NULL), VERDICT_PASSED);
	if (state == STATE_ENROLLING)
		return;
	assert_verdict(do_verify(w, b, code_of(b->secret, 0).z), VERDICT_PASSED);
	clock_forward(MINUTES_US(2)); /* so that the next code is not spent */
	if (state == STATE_FULL)
		return;
	memset(&b->token, 0, sizeof(b->token));
	assert_verdict(do_sign_in(w, b, name, PASSWORD), VERDICT_PASSED);
	assert_int_equal(b->head.state, STATE_PENDING);
}

/* --- direct SQL --------------------------------------------------------------------------------------------------- */

static int
take_number(void *context, int columns, char **values, char **names)
{
	uint64_t number = 0;

	if (columns > 0 && values[0] != NULL && str_number(str_of(values[0]), INT64_MAX, &number) == ERR_OK)
		*(int64_t *)context = (int64_t)number;
	return 0;
}

static int64_t
server_number(const struct world *w, const char *sql)
{
	PGconn *connection = server_connect(name_in(w));
	PGresult *result = PQexec(connection, sql);
	uint64_t number = 0;

	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(connection));
	bool is = PQntuples(result) > 0 && PQgetisnull(result, 0, 0) == 0 &&
		  str_number(str_of(PQgetvalue(result, 0, 0)), INT64_MAX, &number) == ERR_OK;
	PQclear(result);
	PQfinish(connection);
	return is ? (int64_t)number : -1;
}

int64_t
sql_number(struct world *w, const char *sql)
{
	sqlite3 *db = NULL;
	int64_t number = -1;

	if (on_postgres())
		return server_number(w, sql);

	assert_int_equal(sqlite3_open(w->config.database_path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(db, 10000), SQLITE_OK); /* a keeper may hold the write lock */
	if (sqlite3_exec(db, sql, take_number, &number, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
	return number;
}

void
sql_run(struct world *w, const char *sql)
{
	(void)sql_number(w, sql);
}

void
purge_all(struct world *w)
{
	unsigned at = 0;

	while (keeper_purge(w->thread, &at))
		continue;
}

void
forgive(struct world *w)
{
	sql_run(w, "DELETE FROM throttle");
}
