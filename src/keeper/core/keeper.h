/*
 * The keeper: the only part that holds keys, knows the database and decides who is signed in and how far.  A library;
 * the server in front of it (keeper/ops/serve.c) puts one keeper_thread behind each channel of the web process, and the
 * command line calls the same functions.  It is not an HTTP program and includes nothing of http or web.
 */
#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "ipc/questions.h"

struct keeper;        /* one per process: keys, settings, dummy hash; const after open but for counters */
struct keeper_thread; /* one per thread: its own database connection and buffers */

/* Called, from any thread, when a session has ended or changed: its cached answers must be forgotten. */
typedef void (*keeper_ended)(void *context, const struct token *token_hash);

/*
 * Open database and keys as the settings say, and check that they belong together.  config must outlive the keeper.
 * why holds the sentence on: a database that is missing or older (production), newer than the program, or broken; a
 * missing, short, world-readable or wrong key.  ERR_CONFIG → exit 78, else → exit 1.  Nothing is written on failure.
 * In development and testing a missing or older database is made and upgraded.
 */
MUST_USE err keeper_open(const struct config *config, struct why *why, struct keeper **ret_keeper);

/* Who is told of ended sessions; call before the first thread is opened. */
void keeper_on_ended(struct keeper *k, keeper_ended ended, void *context);

/* The key for form tokens, derived from the master key: the only key that web ever gets. */
MUST_USE err keeper_form_key(const struct keeper *k, struct token *ret_key);

/* The key that identities are signed with, for web to publish. */
struct token keeper_public_key(const struct keeper *k);

/*
 * Read the file of rules (ACCESS_RULES), for a server before it begins to answer, and again when it is asked to: on failure
 * the rules are what they were, at first none, by which nobody passes.  ERR_CONFIG with the sentence and the line.
 * keeper_rules_copy: the text that holds, for web; empty: there is no file.
 */
MUST_USE err keeper_rules_read(struct keeper *k, struct why *why);
MUST_USE err keeper_rules_copy(struct keeper *k, struct buf *ret_text);

void keeper_close(struct keeper **k);

MUST_USE err keeper_thread_open(struct keeper *k, struct keeper_thread **ret_thread);

/* From now on this thread answers no question that may hash a password: it is for those that must not wait. */
void keeper_thread_quick(struct keeper_thread *t);
void keeper_thread_close(struct keeper_thread **t);

/*
 * Answer one question.  `question` is what came through the channel, any bytes at all; ret_answer gets a whole answer
 * (empty before; at most WIRE_MAX_BYTES), whatever happens, except that it may stay empty when there is no memory.
 * pushed is written into the answer's head by the caller's function below, at the end, so that it counts the pushes
 * that this very question caused.
 */
typedef int64_t (*keeper_pushed)(void *context);
void keeper_answer(struct keeper_thread *t, str question, keeper_pushed pushed, void *context, struct buf *ret_answer);

/* Does the database answer, and could a write be done now?  For the health push.  why: a sentence for the administrator. */
MUST_USE err keeper_probe(struct keeper_thread *t, struct why *why);

/*
 * For the one thread of a server that looks after the database: for as long as it runs, no command may have the database for
 * itself (ERR_BUSY: one has), and what other nodes tell is heard.  Poll the fd for POLLIN, -1: there is nothing to wait for;
 * then keeper_read_notifications calls keeper_ended for every session that has ended elsewhere.
 */
MUST_USE err keeper_join(struct keeper_thread *t);
int keeper_notification_fd(struct keeper_thread *t);
MUST_USE err keeper_read_notifications(struct keeper_thread *t);

/*
 * Delete what has expired, one small batch of it, each a transaction of its own: nobody waits long for a lock.  What fails is
 * logged.  Begin with *at 0; false: that was all.
 */
MUST_USE bool keeper_purge(struct keeper_thread *t, unsigned *at);

#endif
