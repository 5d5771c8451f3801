#include "config/values.h"

#include "base/authority.h"
#include "base/clock.h"
#include "base/dsn.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { TEN_YEARS_SECONDS = 10 * 366 * 86400, V4_PREFIX_BITS = 96 };

err
value_duration(str s, int64_t *ret_us)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	int64_t unit = 1;
	uint64_t count = 0;

	for (size_t i = 0; i < COUNT(units) && s.n > 0; i++)
		if (s.p[s.n - 1] == units[i].letter) {
			unit = units[i].seconds;
			s = str_upto(s, s.n - 1);
			break;
		}
	TRY(str_number(s, (uint64_t)(TEN_YEARS_SECONDS / unit), &count));
	*ret_us = SECONDS_US((int64_t)count * unit);
	return ERR_OK;
}

err
value_flag(str s, bool *ret_flag)
{
	static const struct {
		const char *word;
		bool flag;
	} words[] = { { "1", true },  { "true", true },   { "yes", true }, { "on", true },
		      { "0", false }, { "false", false }, { "no", false }, { "off", false } };

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_equal_nocase(s, str_of(words[i].word))) {
			*ret_flag = words[i].flag;
			return ERR_OK;
		}
	return ERR_INVALID;
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

err
value_address(str s, struct in6_addr *ret_address)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr v4;

	if (str_copy_z(s, text, sizeof(text)) != ERR_OK)
		return ERR_INVALID;
	if (str_has_byte(s, ':')) /* every IPv6 address has a colon, no IPv4 address has one */
		return inet_pton(AF_INET6, text, ret_address) == 1 ? ERR_OK : ERR_INVALID;
	if (inet_pton(AF_INET, text, &v4) != 1)
		return ERR_INVALID;
	*ret_address = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
	memcpy(&ret_address->s6_addr[12], &v4, sizeof(v4));
	return ERR_OK;
}

/* Are the first `bits` of both equal? */
static bool
values_prefix_equal(const struct in6_addr *a, const struct in6_addr *b, unsigned bits)
{
	unsigned whole = bits / 8, mask = 0xff00u >> bits % 8 & 0xff;

	return str_equal(str_bytes(a->s6_addr, whole), str_bytes(b->s6_addr, whole)) &&
	       (mask == 0 || ((a->s6_addr[whole] ^ b->s6_addr[whole]) & mask) == 0);
}

/* Is every bit after the prefix zero? */
static bool
values_rest_is_zero(const struct config_network *network)
{
	for (unsigned bit = network->prefix_bits; bit < 128; bit++)
		if ((network->address.s6_addr[bit / 8] & 0x80 >> bit % 8) != 0)
			return false;
	return true;
}

err
value_network(str s, struct config_network *ret_network)
{
	struct config_network network = { .prefix_bits = 128 };
	str address = str_cut(&s, '/');
	bool v4 = !str_has_byte(address, ':');
	uint64_t bits = v4 ? 32 : 128;

	TRY(value_address(address, &network.address));
	if (s.p != NULL)
		TRY(str_number(s, bits, &bits));
	network.prefix_bits = (unsigned)bits + (v4 ? V4_PREFIX_BITS : 0);
	if (!values_rest_is_zero(&network))
		return ERR_INVALID;
	*ret_network = network;
	return ERR_OK;
}

bool
network_has(const struct config_network *network, const struct in6_addr *address)
{
	return values_prefix_equal(&network->address, address, network->prefix_bits);
}

/* --- hosts and addresses that people type ------------------------------------------------------------------------- */

static str
values_without_brackets(str host)
{
	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		return (str){ host.p + 1, host.n - 2 };
	return host;
}

bool
host_is_loopback(str host)
{
	static const struct config_network v4 = { { .s6_addr = { [10] = 0xff, [11] = 0xff, [12] = 127 } }, 104 };
	struct in6_addr address;

	if (str_equal_nocase(host, STR("localhost")) ||
	    (host.n > 10 && str_equal_nocase(str_from(host, host.n - 10), STR(".localhost"))))
		return true;
	if (value_address(values_without_brackets(host), &address) != ERR_OK)
		return false;
	return network_has(&v4, &address) || IN6_IS_ADDR_LOOPBACK(&address);
}

str
host_without_port(str host_port)
{
	for (size_t i = host_port.n; i > 0; i--) {
		if (host_port.p[i - 1] == ']')
			break;
		if (host_port.p[i - 1] == ':')
			return str_upto(host_port, i - 1);
	}
	return host_port;
}

static bool
values_is_name(str host)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";

	for (size_t i = 0; i < host.n; i++)
		if (!str_has_byte(STR("-."), host.p[i]) ? !str_has_byte(str_of(allowed), host.p[i])
							: i == 0 || host.p[i - 1] == '.')
			return false;
	return host.n > 0 && host.n <= 253 && host.p[host.n - 1] != '-' && host.p[host.n - 1] != '.';
}

/* Digits, or 0x and hexadecimal digits. */
static bool
values_is_number(str label)
{
	bool hex = str_starts(label, STR("0x")) || str_starts(label, STR("0X"));
	str digits = hex ? str_from(label, 2) : label;

	for (size_t i = 0; i < digits.n; i++)
		if (!str_has_byte(hex ? STR("0123456789abcdefABCDEF") : STR("0123456789"), digits.p[i]))
			return false;
	return label.n > 0;
}

bool
host_is_address(str host)
{
	str rest = host, label = str_cut(&rest, '.');

	while (rest.n > 0)
		label = str_cut(&rest, '.');
	return str_has_byte(host, ':') || values_is_number(label);
}

static bool
values_is_host(str host)
{
	struct in6_addr address;

	if (host.n > 0 && host.p[0] == '[')
		return host.p[host.n - 1] == ']' && str_has_byte(host, ':') &&
		       value_address(values_without_brackets(host), &address) == ERR_OK;
	return values_is_name(host);
}

static err
values_lower_copy(str s, char *ret_text, size_t size)
{
	TRY(str_copy_z(s, ret_text, size));
	for (size_t i = 0; i < s.n; i++)
		if (ret_text[i] >= 'A' && ret_text[i] <= 'Z')
			ret_text[i] = (char)(ret_text[i] - 'A' + 'a');
	return ERR_OK;
}

err
value_host_name(str s, char *ret_name, size_t size)
{
	char lower[CONFIG_TEXT_MAX];

	TRY(values_lower_copy(s, lower, sizeof(lower)));
	return values_is_name(str_of(lower)) ? str_copy_z(str_of(lower), ret_name, size) : ERR_INVALID;
}

/* Check host[:port] and write it without a default port. */
static err
values_host_port_copy(str host_port, uint64_t default_port, char *ret_host, size_t size)
{
	str host = host_without_port(host_port);
	str port = str_from(host_port, host.n);
	uint64_t number = default_port;

	if (!values_is_host(host))
		return ERR_INVALID;
	if (port.n > 0)
		TRY(str_number(str_from(port, 1), UINT16_MAX, &number));
	if (number == 0)
		return ERR_INVALID;
	if (number == default_port)
		return str_copy_z(host, ret_host, size);
	int n = snprintf(ret_host, size, "%.*s:%u", STR_ARG(host), (unsigned)number);
	return n < 0 || (size_t)n >= size ? ERR_TOO_LONG : ERR_OK;
}

err
value_public_url(str s, char *ret_url, size_t url_size, char *ret_host, size_t host_size, bool *ret_https)
{
	char lower[CONFIG_TEXT_MAX];

	TRY(values_lower_copy(s, lower, sizeof(lower)));
	str url = str_of(lower);
	bool https = str_starts(url, STR("https://"));
	if (!https && !str_starts(url, STR("http://")))
		return ERR_INVALID;
	str host = str_from(url, https ? 8 : 7);
	if (str_ends(host, STR("/")))
		host = str_upto(host, host.n - 1);
	TRY(values_host_port_copy(host, https ? 443 : 80, ret_host, host_size));
	int n = snprintf(ret_url, url_size, "%s://%s", https ? "https" : "http", ret_host);
	if (n < 0 || (size_t)n >= url_size)
		return ERR_TOO_LONG;
	*ret_https = https;
	return ERR_OK;
}

/* --- the contact -------------------------------------------------------------------------------------------------- */

enum { MAIL_MAX_BYTES = 254 };

bool
contact_is_mail(str contact)
{
	return !str_starts(contact, STR("https://")) && !str_starts(contact, STR("http://"));
}

/* Characters that a mailto: address may hold without encoding (RFC 6068 s2), and that mail servers use. */
static bool
values_is_mailbox(str local)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!$'*+-_~";

	for (size_t i = 0; i < local.n; i++)
		if (!str_has_byte(str_of(allowed), local.p[i]))
			return false;
	return local.n > 0;
}

static err
values_mail_check(str s)
{
	char lower[MAIL_MAX_BYTES + 1];
	str domain = s, local = str_cut(&domain, '@');

	if (s.n > MAIL_MAX_BYTES || values_lower_copy(domain, lower, sizeof(lower)) != ERR_OK)
		return ERR_INVALID;
	return values_is_mailbox(local) && values_is_name(str_of(lower)) ? ERR_OK : ERR_INVALID;
}

/* The authority ends at the first of / ? #. */
static str
values_authority_of(str rest)
{
	size_t n = 0;

	while (n < rest.n && !str_has_byte(STR("/?#"), rest.p[n]))
		n++;
	return str_upto(rest, n);
}

err
value_contact(str s)
{
	struct authority authority;
	str rest = s;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return ERR_INVALID;
	if (contact_is_mail(s))
		return values_mail_check(s);
	(void)str_cut(&rest, ':');
	return authority_read(values_authority_of(str_from(rest, 2)), PORT_HTTPS, &authority);
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

/* Keys published in tutorials and manuals: an attacker knows them. */
static bool
values_is_published(str key)
{
	static const char *const keys[] = {
		"fdkjshfhjsdfdskfdsfdcbsjdkfdsdf",                                  /* the tutorial's .env */
		"guess-me",                                                         /* the tutorial's config.py */
		"192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf", /* Flask's manual */
		"5791628bb0b13ce0c676dfde280ba245",                                 /* a Flask course */
		"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", /* FastAPI's manual */
	};

	for (size_t i = 0; i < COUNT(keys); i++)
		if (str_equal(key, str_of(keys[i])))
			return true;
	return str_starts(key, STR("django-insecure-"));
}

static size_t
values_distinct_bytes(str key)
{
	bool seen[256] = { false };
	size_t count = 0;

	for (size_t i = 0; i < key.n; i++) {
		count += !seen[(unsigned char)key.p[i]];
		seen[(unsigned char)key.p[i]] = true;
	}
	return count;
}

/* The shortest length after which the text repeats; its own length if it does not repeat. */
static size_t
values_period(str key)
{
	for (size_t p = 1; p < key.n; p++)
		if (str_equal(str_from(key, p), str_upto(key, key.n - p)))
			return p;
	return key.n;
}

const char *
key_check(str key)
{
	if (values_is_published(key))
		return "was published in a tutorial or manual";
	if (key.n < 32)
		return "is shorter than 32 bytes";
	if (key.n > CONFIG_KEY_MAX)
		return "is longer than 256 bytes";
	if (values_distinct_bytes(key) < 8 || values_period(key) < 16)
		return "can be guessed: it repeats a short pattern";
	return NULL;
}

bool
value_url_split(str url, str *ret_scheme, str *ret_rest)
{
	str rest = url, scheme = str_cut(&rest, ':');

	if (!str_starts(rest, STR("//")))
		return false;
	*ret_scheme = str_cut(&scheme, '+');
	*ret_rest = str_from(rest, 2);
	return true;
}

err
value_database_url(str value)
{
	str scheme, rest, path;

	if (!value_url_split(value, &scheme, &rest))
		return ERR_INVALID;
	if (str_equal(scheme, STR("postgresql")) || str_equal(scheme, STR("postgres")))
		return rest.n == 0 ? ERR_INVALID : dsn_is_clear(value) ? ERR_OK : ERR_CONFIG;
	path = str_from(rest, 1);
	if (!str_equal(scheme, STR("sqlite")) || !str_starts(rest, STR("/")) || path.n == 0)
		return ERR_INVALID;
	if (str_has_byte(path, '?') || str_equal(path, STR(":memory:")) || str_ends(path, STR("/")))
		return ERR_INVALID;
	return ERR_OK;
}
