/*
 * The keeper: the only part that holds keys, uses the database, and decides the state of each session. It is a library.
 * The server (keeper/ops/serve.c) runs one keeper_thread per channel of the web process, and the command line calls the
 * same functions. It contains no HTTP code and includes nothing from http or web.
 */
#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "ipc/questions.h"

struct keeper;        /* one per process: keys, settings, access rules, dummy hash */
struct keeper_thread; /* one per thread: database connection and buffers */

/* Called from any thread when a session has ended or changed: caches must evict it. */
typedef void (*keeper_ended)(void *context, const struct token *token_hash);

/* May keeper_open create and upgrade the database, and create the key? */
enum keeper_mode {
	KEEPER_EXISTING = 0, /* never: for commands */
	KEEPER_CREATE,       /* in development and testing: for the server */
};

/*
 * Open the configured database and keys, and check that they belong together. config must outlive the keeper. `why`
 * explains a database that is missing, older or newer than the program, or damaged, and a key that is missing, short,
 * world-readable or wrong. ERR_CONFIG: exit status 78; other errors: 1. Nothing is written on failure.
 */
MUST_USE err keeper_open(const struct config *config, enum keeper_mode mode, struct why *why,
			 struct keeper **ret_keeper);

/* Subscribe to ended sessions. Call before opening the first thread. */
void keeper_on_ended(struct keeper *k, keeper_ended ended, void *context);

/* The key for form tokens, derived from the master key.  Web receives no other secret key but those of minutes. */
MUST_USE err keeper_form_key(const struct keeper *k, struct token *ret_key);

/* The key for challenges of sign-ins by passkey in this minute (webauthn/challenge.h).  ERR_CRYPTO. */
MUST_USE err keeper_challenge_key(const struct keeper *k, int64_t minute, struct token *ret_key);

/* The public key for signed identities, which web publishes. */
struct token keeper_public_key(const struct keeper *k);

/*
 * Read the file of access rules (ACCESS_RULES), before the server answers and on each reload. On failure the previous
 * rules stay; initially there are none, and access is denied. ERR_CONFIG with a message that names the line.
 * keeper_rules_copy: append the current text and its icons, for web; empty without a file.
 */
MUST_USE err keeper_rules_read(struct keeper *k, struct why *why);

/*
 * Continue with a new version of the settings (config/live.h), which must outlive the keeper: read its access rules,
 * then use both. On failure nothing changes. Other threads may answer questions meanwhile.
 */
MUST_USE err keeper_reload(struct keeper *k, const struct config *config, struct why *why);

/* Append the live settings of web, for PUSH_SETTINGS. */
void keeper_settings_put(const struct keeper *k, struct buf *out);

MUST_USE err keeper_rules_copy(struct keeper *k, struct buf *text, struct buf *icons);

void keeper_close(struct keeper **k);

MUST_USE err keeper_thread_open(struct keeper *k, struct keeper_thread **ret_thread);

/* From now on, this thread refuses questions that may hash a password, so that other questions need not wait. */
void keeper_thread_quick(struct keeper_thread *t);
void keeper_thread_close(struct keeper_thread **t);

/*
 * Answer one question. `question` is the message from the channel and may be any bytes. ret_answer, initially empty,
 * receives a complete answer of at most WIRE_MAX_BYTES. It stays empty only if memory is exhausted. `pushed` is called
 * at the end, so that the number in the answer includes the pushes caused by this question.
 */
typedef int64_t (*keeper_pushed)(void *context);
void keeper_answer(struct keeper_thread *t, str question, keeper_pushed pushed, void *context, struct buf *ret_answer);

/* Health check: does the database answer, and can it be written now? why: a message for the administrator. */
MUST_USE err keeper_probe(struct keeper_thread *t, struct why *why);

/* Does any OpenID client have a tile?  On an error, *ret_tiles is untouched. */
void keeper_find_tiles(struct keeper_thread *t, bool *ret_tiles);

/*
 * For the server's thread that watches the database. While it runs, no command can claim the database alone (ERR_BUSY:
 * a command has it), and notifications of other nodes are received. Poll the descriptor for POLLIN (-1: nothing to
 * poll). Then keeper_read_notifications calls keeper_ended for every session that ended on another node.
 */
MUST_USE err keeper_join(struct keeper_thread *t);
int keeper_notification_fd(struct keeper_thread *t);
MUST_USE err keeper_read_notifications(struct keeper_thread *t);

/*
 * Delete one small batch of expired rows, in its own transaction, so that it never holds a lock for long. Errors are
 * logged. Start with *at = 0. Returns false when nothing is left.
 */
MUST_USE bool keeper_purge(struct keeper_thread *t, unsigned *at);

/* Make the keys of ID tokens that are due (keeper/oidc/signing_schedule.h). Errors are logged. */
void keeper_make_signing_keys(struct keeper_thread *t);

#endif
