/*
 * Parsers of single values of settings.  They are pure functions of text and know no names of settings.
 */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "config/config.h"

/* "1h", "24h", "30m", "90s", "2d" or plain seconds.  ERR_INVALID: malformed, or over 10 years. */
MUST_USE err value_duration(str s, int64_t *ret_us);

/* 1, true, yes, on; 0, false, no, off; letters in any case. */
MUST_USE err value_flag(str s, bool *ret_flag);

/* "10.0.0.0/8", "::1", "2001:db8::/32".  ERR_INVALID: bad address, prefix too long, or bits set after the prefix. */
MUST_USE err value_network(str s, struct config_network *ret_network);
bool network_has(const struct config_network *network, const struct in6_addr *address);
/* Numeric IPv4 or IPv6 text, without brackets; IPv4 becomes v4-mapped. */
MUST_USE err value_address(str s, struct in6_addr *ret_address);

/* localhost, a name below .localhost, 127.0.0.0/8 or ::1; brackets around an IPv6 address are allowed. */
bool host_is_loopback(str host);

/* Is a host an IP address?  Browsers read a host as IPv4 if its last label is a number (URL Standard s3.5). */
bool host_is_address(str host);

/* A host name without a port; ret_name gets it in lower case.  ERR_INVALID: no name.  ERR_TOO_LONG. */
MUST_USE err value_host_name(str s, char *ret_name, size_t size);

/*
 * A URL as people type it: http or https, a host, an optional port, no path.  ret_url gets it in lower case and without
 * a default port, ret_host its host[:port].  ERR_INVALID; ERR_TOO_LONG.
 */
MUST_USE err value_public_url(str s, char *ret_url, size_t url_size, char *ret_host, size_t host_size, bool *ret_https);

/*
 * A contact that pages link to: a mail address, or an http or https address with a host, without a user name.  All
 * bytes are visible ASCII.  ERR_INVALID: neither.
 */
MUST_USE err value_contact(str s);
/* Is this contact a mail address? */
bool contact_is_mail(str contact);

/* The host of host[:port], with its brackets when it is IPv6. */
str host_without_port(str host_port);

/*
 * The reason why a key must not be used: the predicate of a sentence ("was published ..."); NULL for a usable key.
 * This does not measure entropy: it refuses known, short and plainly repeated keys.
 */
const char *key_check(str key);

/*
 * The scheme of a URL without SQLAlchemy's driver (postgresql+psycopg2://), and the text after "://".  False without
 * "://".
 */
bool value_url_split(str url, str *ret_scheme, str *ret_rest);

/*
 * Accepts sqlite:///file and PostgreSQL's own schemes.  ERR_INVALID: a database in memory, which would lose every
 * account.  ERR_CONFIG: an ambiguous PostgreSQL URL (base/dsn.h).
 */
MUST_USE err value_database_url(str value);

#endif
