/*
 * Error codes: whether a function could do its work, never what it found. A wrong code is a result and has its own
 * type; an unreachable database is an err.
 *
 *	TRY(random_fill(nonce, sizeof(nonce)));      returns the error to the caller
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
	ERR_INVALID,   /* the function does not accept this input */
	ERR_TOO_LONG,  /* the input or the result exceeds its limit */
	ERR_NOT_FOUND, /* does not exist */
	ERR_EXISTS,    /* exists already */
	ERR_DENIED,    /* the system denies it: permission, policy */
	ERR_IO,        /* reading or writing failed */
	ERR_BUSY,      /* retry later: locked, queue full */
	ERR_AWAY,      /* a service that we depend on is unreachable: database, keeper */
	ERR_CORRUPT,   /* stored data is damaged */
	ERR_CRYPTO,    /* libcrypto, libargon2 or the random source failed */
	ERR_PROTOCOL,  /* the peer of a channel violated the protocol */
	ERR_CONFIG,    /* the configuration is invalid */
	ERR_LOCKOUT,   /* too many failures: denied until the lockout ends */
	ERR_GONE,      /* the session that asked has ended */
	ERR_STALE,     /* a proof is too old: the user must verify again */
	ERR_SLOW,      /* the work takes long: a thread of the slow pool must do it */
	ERR_COUNT
} err;

/* A short fixed English name for logs: "memory", "invalid", ... */
const char *err_name(err e);

/* The project's only macro that hides control flow. */
#define TRY(call)                                                                                                      \
	do {                                                                                                           \
		err try_ = (call);                                                                                     \
		if (try_ != ERR_OK)                                                                                    \
			return try_;                                                                                   \
	} while (0)

/*
 * Message for the person who runs the command: what is wrong and what to do. Only code that runs at start or for a
 * command fills it. A function that fills it also returns the err.
 */
struct why {
	char text[600]; /* UTF-8, NUL-terminated; "" without a message */
};

/*
 * Write the message (cut at its size) and return e. why may be NULL.
 *
 *	return why_set(why, ERR_CONFIG, "PORT must be ...");
 *
 * The message may contain untrusted values: it is stored in the form of str_visible_z, on one line.
 */
err why_set(struct why *why, err e, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
