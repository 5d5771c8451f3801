/*
 * target_read: an accepted URL is an https URL whose host a browser reads identically.  Reading the result again gives
 * the same result.
 */
#include "target.h"

#include "access/target.h"

static bool
host_is_plain(str host)
{
	for (size_t i = 0; i < host.n; i++)
		if (!str_has_byte(STR("abcdefghijklmnopqrstuvwxyz0123456789.-_"), host.p[i]))
			return false;
	return host.n > 0 && host.n <= TARGET_HOST_MAX;
}

/* The host as a browser reads it: from after the slashes to the next / \ ? or #, without the part before an @. */
static str
browser_host(str url)
{
	size_t begin = 0, end;

	while (begin < url.n && url.p[begin] != ':')
		begin++;
	for (begin++; begin < url.n && (url.p[begin] == '/' || url.p[begin] == '\\');)
		begin++;
	for (end = begin; end < url.n && !str_has_byte(STR("/\\?#"), url.p[end]);)
		end++;
	for (size_t i = begin; i < end; i++)
		if (url.p[i] == '@')
			begin = i + 1;
	return str_bytes(url.p + begin, end - begin);
}

static bool
host_ends_in_dot(str url)
{
	str authority = browser_host(url);

	return str_ends(str_cut(&authority, ':'), STR("."));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
	struct target target, again;
	str url = str_bytes(bytes, n);

	if (target_read(url, &arena, &target) != ERR_OK)
		return 0;
	PROMISE(host_is_plain(target.host));
	PROMISE(str_equal_nocase(browser_host(target.url), target.authority));
	PROMISE(str_starts(target.authority, target.host));
	PROMISE(target.path.n > 0 && target.path.p[0] == '/' && target.path.n <= url.n + 1);
	/* The URL is unchanged, except that a dot at the end of the host is dropped. */
	PROMISE(str_equal(target.url, url) || (target.url.n + 1 == url.n && host_ends_in_dot(url)));
	for (size_t i = 0; i < url.n; i++)
		PROMISE((unsigned char)url.p[i] > ' ' && url.p[i] != 0x7f);
	PROMISE(target_read(target.url, &arena, &again) == ERR_OK && str_equal(again.path, target.path) &&
		again.unclear == target.unclear && again.dots == target.dots && again.certain == target.certain);
	PROMISE(target.certain <= target.path.n && (target.unclear || target.certain == target.path.n) &&
		(target.unclear || !target.dots));
	/* All programs read a clear path in the same way: no segment changes the folder. */
	for (str rest = str_from(target.path, 1); !target.unclear && rest.p != NULL;) {
		str segment = str_cut(&rest, '/');
		PROMISE(!str_equal(segment, STR("..")) && !str_equal(segment, STR(".")) &&
			!str_has_byte(segment, '\\') && !str_has_byte(segment, '%') && !str_has_byte(segment, ';'));
	}
	return 0;
}
