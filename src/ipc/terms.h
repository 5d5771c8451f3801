/*
 * The terms of questions and answers: states, verdicts, problems, limits.  ipc/questions.h has the messages.
 */
#ifndef IPC_TERMS_H
#define IPC_TERMS_H

#include "ipc/audit_events.h"

#include <stdint.h>

/* The state of a session.  0 (none) has the fewest rights. */
enum session_state { STATE_NONE = 0, STATE_ENROLLING, STATE_PENDING, STATE_FULL, STATE_COUNT };

/* "none", "enrolling", "pending", "full": for logs and the command line. */
const char *session_state_name(enum session_state state);

/* The result of a question.  0 is refused. */
enum verdict {
	VERDICT_REFUSED = 0, /* wrong name, password or code, or no such session; the answer does not say which */
	VERDICT_PASSED,      /* done; the head has the current session and its token */
	VERDICT_STATE,       /* the session's state does not allow this question */
	/* the user can correct the form: see the body; a code with this verdict is malformed and not counted */
	VERDICT_PROBLEMS,
	VERDICT_CLOSED,      /* registration is closed */
	VERDICT_UNAVAILABLE, /* temporarily impossible: database, memory, random source */
	VERDICT_MALFORMED,   /* not a valid question */
	VERDICT_STEP_UP,     /* the factor must be verified again: the proof is older than STEP_UP_US */
	VERDICT_LOCKOUT,     /* too many failures: nothing was checked; the head says when to try again */
	VERDICT_SLOW, /* nothing was done: the same question takes long, so ask it on a channel of the slow pool */
	VERDICT_COUNT
};

/* A problem with one field of a form. */
enum problem {
	PROBLEM_NONE = 0,
	PROBLEM_MISSING,
	PROBLEM_TOO_SHORT,
	PROBLEM_TOO_LONG,
	PROBLEM_CHARACTERS, /* name: a byte outside a-z 0-9 . _ @ + -; password: not usable with this hash scheme */
	PROBLEM_EDGES,      /* name: the first or last character is not a letter or digit */
	PROBLEM_TAKEN,
	PROBLEM_DIFFERS,   /* the confirmation differs */
	PROBLEM_BLANK,     /* only spaces */
	PROBLEM_COMMON,    /* easily guessed */
	PROBLEM_FROM_NAME, /* derived from the user name */
	PROBLEM_OVER_72,   /* bcrypt: over 72 bytes */
	PROBLEM_WRONG,     /* the current password is wrong */
	PROBLEM_SAME,      /* the new password equals the current one */
	PROBLEM_COUNT
};

enum {
	USERNAME_MIN = 3, /* characters of a user name; NAME_MAX is a macro of limits.h */
	USERNAME_MAX = 40,
	PASSWORD_MIN = 8,          /* code points, after NFC */
	PASSWORD_MAX_BYTES = 1024, /* bytes, as sent and after NFC */
	/* maximum of a form field; larger than the real limits, so that the keeper can report an over-long value */
	FIELD_MAX_BYTES = 4096,
	CODE_DIGITS_MIN = 6, /* of an authenticator's code */
	CODE_DIGITS_MAX = 8,
	DISPLAY_NAME_MAX_BYTES = 160, /* of a display name, and of an authenticator's name: 40 code points */
	RETURN_TO_MAX_BYTES = 8400,   /* of the return path after sign-in */
	BROWSER_MAX = 64,             /* of the form cookie */
	LINK_TOKEN_MAX = 64,          /* characters of a received link token; valid ones have 43 of base64url */
	LIST_MAX_BYTES = 12 * 1024,   /* of the list in one answer */
	EMAIL_MAX = 254,
	GROUPS_MAX_BYTES = 1000,    /* of the groups of one account, separated by commas */
	GATE_URL_MAX = 8 * 1024,    /* of a URL of a protected application */
	GATE_TOKEN_CHARACTERS = 54, /* of the gate's cookie */
	GATE_JWT_MAX = 4 * 1024,
	RULES_PART_MAX = 8 * 1024, /* bytes of the rules in one push */
	/* of passkeys, in bytes; webauthn/webauthn.h has the same limits */
	PASSKEY_ID_MAX = 1023,
	PASSKEY_CLIENT_DATA_MAX = 2048,
	PASSKEY_AUTH_DATA_MAX = 4096,
	PASSKEY_SIGNATURE_MAX = 1024,
	PASSKEY_HANDLE_MAX = 64,
	PASSKEY_CHALLENGE_MAX = 128,
	PASSKEY_TRANSPORTS_MAX = 64,
	/* of OpenID Connect, in bytes */
	OIDC_PARAMETERS_MAX = 8 * 1024, /* of an authorization request, form-encoded */
	OIDC_RESPONSE_MAX = 8 * 1024,   /* of an authorization response, form-encoded */
	OIDC_URI_MAX = 2048,            /* of a redirect URI */
	OIDC_ASKED_URI_MAX = 2052,      /* of a refused one, cut between characters: one too long stays too long */
	OIDC_STATE_MAX = 2048,
	OIDC_NONCE_MAX = 512,
	OIDC_SEAL_MAX = 128,
	OIDC_CLIENT_ID_MAX = 128,
	OIDC_SECRET_MAX = 512,
	OIDC_SCOPES_MAX = 512,
	OIDC_CLAIMS_MAX = 8 * 1024, /* text for users: the claims of a client's rules */
	APP_CLAIMS_MAX = 300,       /* of the same text in a list of applications, which leaves out the rest */
	CLAIM_RULES_MAX = 32,       /* rules of one client */
	OIDC_VERIFIER_MAX = 128,    /* RFC 7636 s4.1 */
	OIDC_TOKEN_MAX = 256,       /* of a code, an access token or a refresh token */
	OIDC_JWT_MAX = 24 * 1024,
};

/* Maximum age of a proof of the second factor for changes of credentials. */
#define STEP_UP_US (INT64_C(5) * 60 * 1000000)

/* Why a passkey was refused, as far as the user is told.  The audit trail has the exact reason. */
enum passkey_fault {
	PASSKEY_FAULT_NONE = 0,
	PASSKEY_FAULT_REFUSED,    /* not known, or not proved; enrolment: any other cause */
	PASSKEY_FAULT_OLD,        /* the challenge was too old, or a newer one was used: try again on this page */
	PASSKEY_FAULT_UNVERIFIED, /* correct, but without user verification, or demoted: only beside the password */
	PASSKEY_FAULT_LIMIT,      /* enrolment: the account has too many factors */
	PASSKEY_FAULT_COUNT
};

/* The next step of an authorization request in web.  0 is a page without a way to the application. */
enum oidc_outcome {
	OIDC_PAGE = 0, /* client or redirect URI is not known good: show the problem, never redirect */
	OIDC_REDIRECT, /* redirect to the application with the response: a code or an error */
	OIDC_READY,    /* oidc-check: nothing more is needed: ask oidc-grant */
	OIDC_SIGN_IN,  /* show the sign-in page at this address */
	OIDC_ENTER,    /* the sign-in of this session is not complete: continue it, then return here */
	OIDC_LOGIN,    /* prompt=login: ask for password and second factor again */
	OIDC_FACTOR,   /* max_age, or a rule: ask for the second factor again */
	OIDC_SELECT,   /* prompt=select_account: this account, or another one */
	OIDC_CONSENT,  /* ask whether the application may know these scopes */
	OIDC_REFUSED,  /* the access rules refuse: show why; the button sends the response */
	OIDC_OUTCOME_COUNT
};

/* Why an authorization request, or a request to end a session, is answered with a page. */
enum oidc_problem {
	OIDC_PROBLEM_NONE = 0,
	OIDC_PROBLEM_MALFORMED,   /* not form-encoded, or too long */
	OIDC_PROBLEM_TWICE,       /* a parameter was sent twice */
	OIDC_PROBLEM_NO_CLIENT,   /* client_id is missing */
	OIDC_PROBLEM_CLIENT,      /* no such client */
	OIDC_PROBLEM_DISABLED,    /* the administrator disabled the client */
	OIDC_PROBLEM_NO_REDIRECT, /* redirect_uri is missing */
	OIDC_PROBLEM_REDIRECT,    /* redirect_uri is not registered */
	OIDC_PROBLEM_HINT,        /* id_token_hint is not a token of this server, or of another client */
	OIDC_PROBLEM_COUNT
};

/* Response modes: OAuth 2.0 Multiple Response Type Encoding Practices s2.1, OAuth 2.0 Form Post Response Mode. */
enum oidc_mode { OIDC_MODE_QUERY = 0, OIDC_MODE_FRAGMENT, OIDC_MODE_FORM_POST, OIDC_MODE_COUNT };

/* The user's decision on a page about an authorization request. */
enum oidc_decision {
	OIDC_DECISION_NONE = 0, /* no page was shown */
	OIDC_DECISION_APPROVE,  /* consent to the scopes shown */
	OIDC_DECISION_CANCEL,
	OIDC_DECISION_SELECT, /* continue with this account */
	OIDC_DECISION_COUNT
};

/* How a client proved itself: OpenID Connect Core 1.0 s9. */
enum oidc_auth { OIDC_AUTH_NONE = 0, OIDC_AUTH_BASIC, OIDC_AUTH_POST, OIDC_AUTH_COUNT };

enum oidc_grant { OIDC_GRANT_OTHER = 0, OIDC_GRANT_CODE, OIDC_GRANT_REFRESH, OIDC_GRANT_COUNT };

/* The result of a request to end a session: OpenID Connect RP-Initiated Logout 1.0. */
enum oidc_end {
	OIDC_END_PAGE = 0, /* nothing ended: show the problem */
	OIDC_END_ASK,      /* ask the user */
	OIDC_END_DONE,     /* the session has ended, or there was none */
	OIDC_END_COUNT
};

/* Errors of OAuth 2.0 and OpenID Connect: oidc/errors.h has their names. */
enum oidc_error {
	OIDC_OK = 0,
	OIDC_INVALID_REQUEST,
	OIDC_INVALID_CLIENT,
	OIDC_INVALID_GRANT,
	OIDC_UNAUTHORIZED_CLIENT,
	OIDC_UNSUPPORTED_GRANT_TYPE,
	OIDC_INVALID_SCOPE,
	OIDC_INVALID_TOKEN,
	OIDC_INSUFFICIENT_SCOPE,
	OIDC_ACCESS_DENIED,
	OIDC_UNSUPPORTED_RESPONSE_TYPE,
	OIDC_TEMPORARILY_UNAVAILABLE,
	OIDC_LOGIN_REQUIRED,
	OIDC_CONSENT_REQUIRED,
	OIDC_INTERACTION_REQUIRED,
	OIDC_REQUEST_NOT_SUPPORTED,
	OIDC_REQUEST_URI_NOT_SUPPORTED,
	OIDC_REGISTRATION_NOT_SUPPORTED,
	OIDC_UNMET_AUTHENTICATION_REQUIREMENTS,
	OIDC_ERROR_COUNT
};

enum preferred_language { PREFERRED_BROWSER = 0, PREFERRED_FR, PREFERRED_EN, PREFERRED_COUNT };
enum time_format { TIME_LANGUAGE = 0, TIME_24, TIME_12, TIME_ISO, TIME_FORMAT_COUNT };
enum link_kind { LINK_NONE = 0, LINK_SETUP, LINK_PASSWORD, LINK_INVITE, LINK_KIND_COUNT };

/*
 * Pushes from the keeper to web, on a separate channel to which web never writes.  When web answers requests, it shuts
 * down its direction, so the keeper knows that web is ready.  Pushes are numbered consecutively.  The head of an answer
 * has the number of the last push before it, so that web can wait until it has applied them.
 */
enum push_kind {
	PUSH_HELLO = 1, /* the first push: token is the key for form tokens */
	PUSH_ENDED,     /* a session ended or changed: token is the SHA-256 of its token */
	PUSH_HEALTH,    /* value 1: the last check could write to the database; 0: it could not; at each check */
	PUSH_SIGNER,    /* token is the public key of identities: Ed25519, RFC 8032 */
	PUSH_RULES,     /* text is the next part of the access rules; value 1: the last part, all rules take effect */
	PUSH_ICONS,     /* text is the next part of the icons that belong to the access rules, before the rules */
	PUSH_SETTINGS,  /* text is the live settings of web (config/live.h), before the rules that they belong to */
	PUSH_CHALLENGE, /* token is the key for challenges of sign-ins by passkey in the minute `value` (since 1970) */
	PUSH_METRICS,   /* text is a struct metric_values (ipc/metrics.h); only if METRICS is set */
	PUSH_TILES,     /* value 1: an OpenID client may have a tile, so the home page asks for them */
	PUSH_COUNT
};

#endif
