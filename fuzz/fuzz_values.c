/*
 * value_duration, value_flag, value_network, value_address, value_public_url, host_is_loopback, host_without_port,
 * key_check
 */
#include "target.h"

#include "config/values.h"

static void
try_public_url(str text)
{
	char url[300], host[300], url_again[300], host_again[300];
	bool https = false, https_again = false;

	if (value_public_url(text, url, sizeof(url), host, sizeof(host), &https) != ERR_OK)
		return;
	PROMISE(str_starts(str_of(url), https ? STR("https://") : STR("http://")) &&
		str_ends(str_of(url), str_of(host)));
	PROMISE(host[0] != '\0' && strpbrk(host, "/?#@\\ \t\r\n") == NULL);
	PROMISE(value_public_url(str_of(url), url_again, sizeof(url_again), host_again, sizeof(host_again),
				 &https_again) == ERR_OK);
	PROMISE(https == https_again && str_equal(str_of(url), str_of(url_again)) &&
		str_equal(str_of(host), str_of(host_again)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str text = str_bytes(bytes, n);
	struct config_network network = { 0 };
	struct in6_addr address;
	int64_t us = 0;
	bool flag;

	if (value_duration(text, &us) == ERR_OK)
		PROMISE(us >= 0 && us % 1000000 == 0);
	if (value_flag(text, &flag) == ERR_OK)
		PROMISE(n <= 5);
	if (value_address(text, &address) == ERR_OK)
		PROMISE(value_network(text, &network) == ERR_OK && network_has(&network, &address));
	else if (value_network(text, &network) == ERR_OK)
		PROMISE(str_has_byte(text, '/'));
	PROMISE(host_without_port(text).n <= n);
	(void)host_is_loopback(text);
	PROMISE(n >= 32 || key_check(text) != NULL);
	try_public_url(text);
	return 0;
}
