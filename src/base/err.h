/*
 * The answer to "could it be done?".  Never the answer to "what was found?": a wrong code is an
 * answer and has its own type; a dead database is an err.
 *
 *	TRY(random_fill(nonce, sizeof(nonce)));      returns upward when it could not be done
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define MUST_USE __attribute__((warn_unused_result))
#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define COUNT(array) (sizeof(array) / sizeof(0 [array]))

typedef enum err {
	ERR_OK = 0,
	ERR_MEMORY,    /* an allocation failed */
	ERR_INVALID,   /* the input is not what the function takes */
	ERR_TOO_LONG,  /* the input, or the result, is over its limit */
	ERR_NOT_FOUND, /* no such thing */
	ERR_EXISTS,    /* there is one already */
	ERR_DENIED,    /* the system says no: permission, policy */
	ERR_IO,        /* reading or writing failed */
	ERR_BUSY,      /* try later: locked, queue full */
	ERR_AWAY,      /* a service we depend on is not there: database, keeper */
	ERR_CORRUPT,   /* stored data is not what we wrote */
	ERR_CRYPTO,    /* libcrypto, libargon2 or the random source failed */
	ERR_PROTOCOL,  /* the other end of a channel broke the rules */
	ERR_CONFIG,    /* the configuration cannot be used */
	ERR_LOCKOUT,   /* not before some time has passed: too many failures */
	ERR_GONE,      /* the session that asked ended meanwhile */
	ERR_STALE,     /* a proof is too old: it must be given anew */
} err;

/* A short fixed English name for logs: "memory", "invalid", ... */
const char *err_name(err e);

/* The only macro of the project that hides control flow. */
#define TRY(call)                                                                                                      \
	do {                                                                                                           \
		err try_ = (call);                                                                                     \
		if (try_ != ERR_OK)                                                                                    \
			return try_;                                                                                   \
	} while (0)

/*
 * A sentence for the person who typed the command: what is wrong and what to do.  For functions that run
 * at start or on the command line; one that fills it returns the err as well.
 */
struct why {
	char text[600]; /* UTF-8, NUL-terminated; "" when nothing was said */
};

/*
 * Write the sentence (cut at its size) and return e:  return why_set(why, ERR_CONFIG, "PORT must be ...").  why may be NULL.
 * Values from outside may stand in it: the sentence is kept in the form of str_visible_z, on one line.
 */
err why_set(struct why *why, err e, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
