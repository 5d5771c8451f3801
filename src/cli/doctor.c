/*
 * `doubletour doctor URL`: tests whether the proxy in front of a protected application lets any request past the gate.
 * Sends requests to the real proxy from outside, without a cookie: every one must be denied.
 */
#include "cli/cli.h"
#include "cli/curl.h"
#include "cli/json.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "access/access_file.h"

#include <getopt.h>
#include <stdio.h>

static const char doctor_help[] =
    "Usage: doubletour doctor URL [URL ...] [--ca FILE] [--connect HOST:PORT] [--echo PATH] [--json]\n"
    "\n"
    "Test whether the proxy lets requests past the gate.  The command sends requests to a protected application\n"
    "through its proxy, without signing in: forged headers, unusual methods and paths.  The proxy must deny all of\n"
    "them.  On each host, other spellings of Doubletour's own paths must not reach Doubletour.  On the host of\n"
    "PUBLIC_URL, the proxy must not forbid passkeys with a header Permissions-Policy.\n"
    "\n"
    "  URL                  https://wiki.example.org/, a page that requires a sign-in; or PUBLIC_URL\n"
    "  --ca FILE            certificates to trust, if the system's are not enough\n"
    "  --connect HOST:PORT  connect to this address instead of the host's\n"
    "  --echo PATH          a public page of the application that shows the headers it received; forged identity\n"
    "                       headers must not appear there\n"
    "  --json               print one JSON object per line\n"
    "  --help               show this help\n"
    "\n"
    "Requires the program curl (Debian package curl).\n"
    "Exit status: 0 no request gets through, 1 a request does, passkeys are forbidden, or failure, 2 wrong usage, 78\n"
    "invalid configuration.\n";

#define FORGED "doubletour-doctor-forged"
enum { URLS_MAX = 100 };
#define UNKNOWN_UPGRADE "doubletour-doctor-upgrade"

struct probe {
	const char *what;   /* for messages */
	const char *method; /* NULL: GET */
	const char *path;   /* NULL: the path of the url */
	const char *headers[CURL_HEADERS_MAX];
	bool http10;
};

static const struct probe identities[] = {
	{ "Remote-User", .headers = { "Remote-User: " FORGED } },
	{ "remote-user", .headers = { "remote-user: " FORGED } },
	{ "REMOTE-USER", .headers = { "REMOTE-USER: " FORGED } },
	{ "Remote_User", .headers = { "Remote_User: " FORGED } },
	{ "REMOTE_USER", .headers = { "REMOTE_USER: " FORGED } },
	{ "Remote-User twice", .headers = { "Remote-User: " FORGED, "Remote-User: " FORGED } },
	{ "Remote-Groups", .headers = { "Remote-Groups: " FORGED } },
	{ "Remote_Groups", .headers = { "Remote_Groups: " FORGED } },
	{ "Remote-Name", .headers = { "Remote-Name: " FORGED } },
	{ "Remote_Name", .headers = { "Remote_Name: " FORGED } },
	{ "Remote-Email", .headers = { "Remote-Email: " FORGED } },
	{ "Remote_Email", .headers = { "Remote_Email: " FORGED } },
	{ "Remote-Jwt", .headers = { "Remote-Jwt: " FORGED } },
	{ "Remote_Jwt", .headers = { "Remote_Jwt: " FORGED } },
	{ "Remote-User named in Connection", .headers = { "Remote-User: " FORGED, "Connection: close, Remote-User" } },
};

static const struct probe forwards[] = {
	{ "X-Original-URL", .headers = { "X-Original-URL: /favicon.ico" } },
	{ "X-Original-URL of another host", .headers = { "X-Original-URL: https://localhost/" } },
	{ "X-Original-Method", .headers = { "X-Original-Method: OPTIONS" } },
	{ "X-Rewrite-URL", .headers = { "X-Rewrite-URL: /favicon.ico" } },
	{ "X-Forwarded-Uri", .headers = { "X-Forwarded-Uri: /favicon.ico" } },
	{ "X-Forwarded-Host", .headers = { "X-Forwarded-Host: localhost" } },
	{ "X-Forwarded-Method", .headers = { "X-Forwarded-Method: OPTIONS" } },
	{ "X-Forwarded-Proto", .headers = { "X-Forwarded-Proto: http" } },
	{ "X-Forwarded-For of this machine", .headers = { "X-Forwarded-For: 127.0.0.1" } },
	{ "X-Forwarded-For of a private network", .headers = { "X-Forwarded-For: 192.168.1.2" } },
	{ "X-Forwarded-Prefix", .headers = { "X-Forwarded-Prefix: /favicon.ico" } },
	{ "Forwarded", .headers = { "Forwarded: for=127.0.0.1;host=localhost;proto=http" } },
	{ "X-HTTP-Method-Override", .headers = { "X-HTTP-Method-Override: OPTIONS" } },
	{ "Connection that names headers",
	  .headers = { "Connection: close, X-Original-URL, X-Forwarded-Host, X-Forwarded-Uri" } },
	{ "Connection that names Cookie", .headers = { "Connection: close, Cookie" } },
};

static const struct probe methods[] = {
	{ "HEAD", .method = "HEAD" },
	{ "POST", .method = "POST" },
	{ "PUT", .method = "PUT" },
	{ "DELETE", .method = "DELETE" },
	{ "OPTIONS", .method = "OPTIONS" },
	{ "TRACE", .method = "TRACE" },
	{ "PROPFIND", .method = "PROPFIND" },
	{ "an unknown method", .method = "DOUBLETOUR" },
	{ "get, in small letters", .method = "get" },
};

static const struct probe paths[] = {
	{ "//", .path = "//" },
	{ "/./", .path = "/./" },
	{ "/../", .path = "/../" },
	{ "/%2e%2e/", .path = "/%2e%2e/" },
	{ "/%2f", .path = "/%2f" },
	{ "/..%2f", .path = "/..%2f" },
	{ "/..;/", .path = "/..;/" },
	{ "/%5c", .path = "/%5c" },
	{ "/.doubletour/../", .path = "/.doubletour/../" },
	{ "/.doubletour-gate", .path = "/.doubletour-gate" },
	{ "/.doubletour/enter with a made-up ticket", .path = "/.doubletour/enter?ticket=" FORGED },
	{ "?", .path = "/?" },
};

static const struct probe others[] = {
	{ "HTTP/1.0", .http10 = true },
	{ "no Accept", .headers = { "Accept:" } },
	{ "a background request", .headers = { "X-Requested-With: XMLHttpRequest" } },
	{ "a websocket", .headers = { "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
				      "Sec-WebSocket-Key: ZG91YmxldG91cmRvY3Rvcg==" } },
	{ "an upgrade to h2c", .headers = { "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
					    "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA" } },
	{ "an upgrade to h2c, unnamed", .headers = { "Connection: Upgrade", "Upgrade: h2c" } },
	{ "a made-up cookie",
	  .headers = { "Cookie: __Secure-gate=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } },
	{ "two cookies of one name", .headers = { "Cookie: __Secure-gate=a; __Secure-gate=b" } },
	{ "Authorization", .headers = { "Authorization: Basic YWRtaW46YWRtaW4=" } },
};

static const struct group {
	const char *name;
	const struct probe *probes;
	size_t n;
} groups[] = {
	{ "forged identity headers", identities, COUNT(identities) },
	{ "forged addresses and methods", forwards, COUNT(forwards) },
	{ "methods", methods, COUNT(methods) },
	{ "paths", paths, COUNT(paths) },
	{ "other oddities", others, COUNT(others) },
};

/*
 * Paths that a proxy may normalise into one of Doubletour's paths and forward raw (base/uri_path.h), and the gate's own
 * paths, which no browser may reach.  They are sent with headers that make the gate believe that a proxy asks.
 */
static const char *const respelled[] = {
	"/api/verify",
	"/api/authz/auth-request",
	"/api/authz/forward-auth",
	"/api/authz/ext-authz",
	"/api/verify/",
	"/api/verify/../x",
	"/api/verify/..%2f..%2f.doubletour/enter",
	"/api/verify/../../.doubletour/enter",
	"/api/verify/%2e%2e/%2e%2e/.doubletour/enter",
	"/api/verify/..%5c..%5c.doubletour/enter",
	"/api/verify/..;/..;/.doubletour/enter",
	"/api/verify/%252e%252e/%252e%252e/.doubletour/enter",
	"/api/authz/ext-authz/..%2f..%2f..%2f.doubletour/enter",
	"/api/authz/forward-auth/..%2f..%2f..%2f.doubletour/enter",
	"/api/authz/auth-request/../../../.doubletour/enter",
	"/.doubletour/..%2fapi%2fverify",
	"/.doubletour/enter/..%2f..%2fapi/verify",
	"//.doubletour/enter",
	"/./.doubletour/enter",
	"/%2edoubletour/enter",
	"/.doubletour%2fenter",
	"/.doubletour//enter",
	"/.doubletour/enter;x",
	"/.doubletour/enter%2f",
	"/.doubletour/%65nter",
	"/x/..%2f.doubletour/enter",
	"//api/verify",
	"/x/..%2fapi%2fverify",
	"/api%2fverify",
	"/api/verify;x",
	"/api/verify%20",
};

/* The state of one examination. */
struct visit {
	const char *url, *ca, *connect, *echo;
	bool json, login; /* login: the host is that of PUBLIC_URL */
	char origin[TARGET_HOST_MAX + 32];
	struct arena arena;
	struct target target;
	struct access_rules rules;
	size_t sent, leaks, troubles;
	bool forbids_passkeys; /* the proxy does, on the host of PUBLIC_URL */
	struct why why;
};

static void
doctor_visit_end(struct visit *v)
{
	access_rules_wipe(&v->rules);
	arena_wipe(&v->arena);
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

static err
doctor_print(struct visit *v, const char *group, const char *what, const char *finding, int status)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	CLEANUP(buf_wipe) struct buf out = BUF(8 * 1024);

	if (v->json) {
		cli_json_text(&line, "url", str_of(v->url));
		cli_json_text(&line, "group", str_of(group));
		cli_json_text(&line, "what", str_of(what));
		cli_json_text(&line, "finding", str_of(finding));
		cli_json_number(&line, "status", status);
		TRY(cli_json_put(&line, &out));
	} else {
		cli_line(&out, "    %s: %s (status %d)", what, finding, status);
		TRY(buf_check(&out));
	}
	return cli_print(buf_str(&out)) == CLI_DONE ? ERR_OK : ERR_IO;
}

static err
doctor_say(struct visit *v, const char *format, const char *a, size_t n)
{
	CLEANUP(buf_wipe) struct buf out = BUF(8 * 1024);

	if (v->json)
		return ERR_OK;
	cli_line(&out, "%s: %zu %s", a, n, format);
	TRY(buf_check(&out));
	return cli_print(buf_str(&out)) == CLI_DONE ? ERR_OK : ERR_IO;
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static err
doctor_ask_proxy(struct visit *v, const struct probe *probe, const char *path, struct curl_reply *ret_reply)
{
	CLEANUP(buf_wipe) struct buf url = BUF(16 * 1024);
	struct curl_request request = { .method = probe->method == NULL ? "GET" : probe->method,
					.http10 = probe->http10,
					.ca = v->ca,
					.connect = v->connect };
	str copy = { 0 };
	err e;

	memcpy(request.headers, probe->headers, sizeof(request.headers));
	buf_put(&url, str_of(path == NULL ? v->url : v->origin));
	buf_put(&url, str_of(path));
	TRY(buf_check(&url));
	TRY(arena_copy(&v->arena, buf_str(&url), &copy));
	request.url = copy.p; /* NUL-terminated */
	v->sent++;
	e = curl_run(&request, ret_reply);
	if (e == ERR_NOT_FOUND)
		return why_set(&v->why, e, "The program curl is missing.  Install it: apt install curl.");
	return e == ERR_OK ? e : why_set(&v->why, e, "The program curl could not be run.");
}

/* Do this machine's access rules open the page to all visitors? */
static bool
doctor_open_by_rule(struct visit *v, const struct probe *probe)
{
	const struct access_visitor anonymous = { .level = ACCESS_NOBODY };
	const char *method = probe->method == NULL ? "GET" : probe->method;
	const struct access_request request = { &v->target, str_of(method), STR("") };

	return probe->path == NULL && access_decide(&v->rules, &request, &anonymous, 0).outcome == ACCESS_PASSES;
}

static bool
doctor_lets_in(int status)
{
	return status == 101 || (status >= 200 && status < 300);
}

static const char doctor_unreachable[] = "the proxy could not reach Doubletour, or the application failed";

static err
doctor_judge(struct visit *v, const char *group, const struct probe *probe, const struct curl_reply *reply)
{
	if (reply->status == 0) { /* closed without a reply: access was denied */
		if (reply->trouble[0] == '\0' || strstr(reply->trouble, "(52)") != NULL ||
		    strstr(reply->trouble, "(56)") != NULL)
			return ERR_OK;
		v->troubles++;
		return doctor_print(v, group, probe->what, reply->trouble, 0);
	}
	if (doctor_lets_in(reply->status) && !doctor_open_by_rule(v, probe)) {
		v->leaks++;
		return doctor_print(v, group, probe->what, "GETS THROUGH without signing in", reply->status);
	}
	if (reply->status >= 500 && reply->status != 501 && reply->status != 505) {
		v->troubles++;
		return doctor_print(v, group, probe->what, doctor_unreachable, reply->status);
	}
	return ERR_OK;
}

static err
doctor_probe_one(struct visit *v, const char *group, const struct probe *probe)
{
	CLEANUP(curl_reply_wipe) struct curl_reply reply = { .status = 0 };

	TRY(doctor_ask_proxy(v, probe, probe->path, &reply));
	return doctor_judge(v, group, probe, &reply);
}

static err
doctor_probe_group(struct visit *v, const struct group *group)
{
	size_t leaks = v->leaks;

	for (size_t i = 0; i < group->n; i++)
		TRY(doctor_probe_one(v, group->name, &group->probes[i]));
	return doctor_say(v, v->leaks == leaks ? "requests: none gets through." : "requests: SOME GET THROUGH.",
			  group->name, group->n);
}

/* --- other spellings of Doubletour's paths ------------------------------------------------------------------------ */

static bool
doctor_contains(str text, str part)
{
	for (; text.n >= part.n; text = str_from(text, 1))
		if (str_starts(text, part))
			return true;
	return false;
}

/*
 * Doubletour marks a reply to a refused path, and to a check of the sign-in host; a gate that answers otherwise
 * redirects to the page of the forged headers.
 */
static bool
doctor_reaches_doubletour(const struct curl_reply *reply)
{
	return curl_header(reply, STR("Doubletour-Refused")).n > 0 ||
	       doctor_contains(curl_header(reply, STR("Location")), STR(FORGED));
}

static err
doctor_respelled_one(struct visit *v, const char *path)
{
	static const char finding[] =
	    "REACHES DOUBLETOUR: configure the proxy to refuse other spellings of its paths in the raw request "
	    "target, and to forward /.doubletour/enter as a fixed path, as `doubletour proxy-config` does";
	static const char uri[] = "X-Forwarded-Uri: /" FORGED;
	CLEANUP(curl_reply_wipe) struct curl_reply reply = { .status = 0 };
	char url[TARGET_HOST_MAX + 100], host[TARGET_HOST_MAX + 40];
	const struct probe probe = { path, .path = path,
				     .headers = { url, "X-Original-Method: GET", host, uri, "X-Forwarded-Method: GET",
						  "X-Forwarded-Proto: https" } };

	snprintf(url, sizeof(url), "X-Original-URL: %s/" FORGED, v->origin);
	snprintf(host, sizeof(host), "X-Forwarded-Host: %s", v->origin + strlen("https://"));
	TRY(doctor_ask_proxy(v, &probe, path, &reply));
	if (!doctor_reaches_doubletour(&reply))
		return doctor_judge(v, "respelled", &probe, &reply);
	v->leaks++;
	/* in text, the line below the group says once what to do */
	return doctor_print(v, "respelled", path, v->json ? finding : "REACHES DOUBLETOUR", reply.status);
}

static err
doctor_respelled_group(struct visit *v)
{
	size_t leaks = v->leaks;

	for (size_t i = 0; i < COUNT(respelled); i++)
		TRY(doctor_respelled_one(v, respelled[i]));
	return doctor_say(
	    v,
	    v->leaks == leaks
		? "requests: none reaches Doubletour."
		: "requests: SOME REACH DOUBLETOUR.  Let the proxy refuse other spellings of its paths in the raw "
		  "request target, and forward /.doubletour/enter as a fixed path.  `doubletour proxy-config` prints "
		  "such a configuration.",
	    "spellings of Doubletour's paths", COUNT(respelled));
}

/* --- headers that reach the application --------------------------------------------------------------------------- */

static err
doctor_echo_one(struct visit *v, const struct probe *probe)
{
	CLEANUP(curl_reply_wipe) struct curl_reply reply = { .status = 0 };

	TRY(doctor_ask_proxy(v, probe, v->echo, &reply));
	if (!doctor_lets_in(reply.status)) {
		v->troubles++;
		return doctor_print(v, "echo", probe->what, "the page of --echo did not answer", reply.status);
	}
	if (!doctor_contains(buf_str(&reply.text), STR(FORGED)))
		return ERR_OK;
	v->leaks++;
	return doctor_print(
	    v, "echo", probe->what,
	    "REACHES THE APPLICATION: have the proxy delete it before it asks, as `doubletour proxy-config` does",
	    reply.status);
}

/* An application that accepts the upgrade gets a tunnel, whose content is not checked. */
static err
doctor_echo_upgrade(struct visit *v)
{
	static const struct probe h2c = { "Upgrade: " UNKNOWN_UPGRADE,
					  .headers = { "Connection: Upgrade", "Upgrade: " UNKNOWN_UPGRADE } };
	CLEANUP(curl_reply_wipe) struct curl_reply reply = { .status = 0 };

	TRY(doctor_ask_proxy(v, &h2c, v->echo, &reply));
	if (reply.status != 101 && !doctor_contains(buf_str(&reply.text), STR(UNKNOWN_UPGRADE)))
		return ERR_OK;
	v->leaks++;
	return doctor_print(
	    v, "echo", h2c.what,
	    "REACHES THE APPLICATION, which may make a tunnel of it: let websocket through and nothing else, as "
	    "`doubletour proxy-config` does",
	    reply.status);
}

static err
doctor_echo_group(struct visit *v)
{
	size_t leaks = v->leaks;

	if (v->echo == NULL || v->login)
		return ERR_OK;
	TRY(doctor_echo_upgrade(v));
	for (size_t i = 0; i < COUNT(identities); i++)
		TRY(doctor_echo_one(v, &identities[i]));
	return doctor_say(v,
			  v->leaks == leaks ? "spellings: none reaches the application."
					    : "spellings: SOME REACH THE APPLICATION.",
			  "identity headers", COUNT(identities));
}

/* --- passkeys ----------------------------------------------------------------------------------------------------- */

/* The allowlist of a feature in Permissions-Policy.  The last one counts (RFC 8941 s3.2); empty: the default, self. */
static str
doctor_policy_of(str policy, str feature)
{
	str found = { 0 };

	for (size_t i = 0; i + feature.n < policy.n; i++) {
		str rest = str_from(policy, i);
		bool begins = i == 0 || str_has_byte(STR(", \t"), policy.p[i - 1]);
		if (!begins || !str_starts(rest, feature) || rest.p[feature.n] != '=')
			continue;
		found = str_from(rest, feature.n + 1);
		found = str_has_byte(str_upto(found, 1), '(') ? str_cut(&found, ')') : str_cut(&found, ',');
	}
	return found;
}

static bool
doctor_policy_forbids(str policy, str feature)
{
	str allowed = doctor_policy_of(policy, feature);

	return allowed.n > 0 && !doctor_contains(allowed, STR("self")) && !str_has_byte(allowed, '*');
}

/* Without the header, browsers allow passkeys on the page's own origin (Web Authentication s5.9). */
static err
doctor_passkeys(struct visit *v, const struct curl_reply *reply)
{
	CLEANUP(buf_wipe) struct buf policy = BUF(CURL_REPLY_MAX_BYTES);

	curl_headers_put(reply, STR("Permissions-Policy"), &policy);
	TRY(buf_check(&policy));
	v->forbids_passkeys = doctor_policy_forbids(buf_str(&policy), STR("publickey-credentials-get")) ||
			      doctor_policy_forbids(buf_str(&policy), STR("publickey-credentials-create"));
	if (!v->forbids_passkeys)
		return ERR_OK;
	return doctor_print(v, "passkeys", "Permissions-Policy",
			    "FORBIDS PASSKEYS: have the proxy leave publickey-credentials-get and "
			    "publickey-credentials-create out of this header, or allow (self)",
			    reply->status);
}

/* --- the examination ---------------------------------------------------------------------------------------------- */

/* The fault behind the status of a plain request; NULL: it is redirected or refused. */
static const char *
doctor_fault_of(int status, bool login)
{
	if (status == 400 && !login)
		return "THE GATE DOES NOT WORK: is the host under GATE_DOMAINS, and was the server restarted since?  "
		       "gate.malformed in its log names the host";
	if (status == 421)
		return "THE PROXY DOES NOT KNOW THIS HOST: add it to the arguments of `doubletour proxy-config`";
	if (status >= 500)
		return doctor_unreachable;
	if (status >= 300 && status != 404)
		return NULL;
	return "the answer is neither the sign-in page nor a refusal: check the proxy's configuration";
}

/* Start with a plain request: an open page cannot be examined. */
static err
doctor_plain_request(struct visit *v, const struct config *config, bool *ret_closed)
{
	static const struct probe plain = { .what = "a plain request", .headers = { "Accept: text/html" } };
	CLEANUP(curl_reply_wipe) struct curl_reply reply = { .status = 0 };

	TRY(doctor_ask_proxy(v, &plain, NULL, &reply));
	if (reply.status == 0)
		return why_set(&v->why, ERR_AWAY,
			       "%s cannot be reached: %s.  Check that the proxy runs, and that the name points to it.",
			       cli_url_of(v->url).z, reply.trouble);
	if (v->login)
		TRY(doctor_passkeys(v, &reply));
	*ret_closed = !doctor_lets_in(reply.status);
	if (!*ret_closed) {
		v->leaks++;
		return doctor_print(
		    v, "plain", plain.what,
		    doctor_open_by_rule(v, &plain)
			? "is answered: a rule leaves this page open to everybody; name one that is closed"
			: "GETS THROUGH: the proxy does not ask Doubletour about this page",
		    reply.status);
	}
	if (reply.status >= 300 && reply.status < 400 && config->public_url[0] != '\0' && !v->login &&
	    !str_starts(curl_header(&reply, STR("Location")), str_of(config->public_url))) {
		v->troubles++;
		return doctor_print(v, "plain", plain.what, "redirects to another address than PUBLIC_URL",
				    reply.status);
	}
	if (doctor_fault_of(reply.status, v->login) != NULL) {
		v->troubles++;
		return doctor_print(v, "plain", plain.what, doctor_fault_of(reply.status, v->login), reply.status);
	}
	return doctor_say(v, "request, which is led to sign in or refused.", plain.what, 1);
}

static err
doctor_prepare(struct visit *v, const struct config *config)
{
	str text = { 0 };

	if (target_read(str_of(v->url), &v->arena, &v->target) != ERR_OK)
		return why_set(&v->why, ERR_INVALID, "%s is not a URL such as https://wiki.example.org/.",
			       cli_url_of(v->url).z);
	if (v->ca != NULL)
		TRY(file_check(v->ca, &v->why)); /* curl would wait for a FIFO */
	if (v->echo != NULL && v->echo[0] != '/')
		return why_set(&v->why, ERR_INVALID, "--echo takes a path, such as /headers.");
	snprintf(v->origin, sizeof(v->origin), "https://%.*s", STR_ARG(v->target.authority));
	v->login = str_equal_nocase(v->target.authority, str_of(config->public_host));
	if (config->gate_domains_count == 0) /* on another machine than the server's: its rules are unknown */
		return ERR_OK;
	TRY(digest_setup()); /* icons are named by their digest */
	return access_load(config, &v->arena, &text, &v->rules, &v->why);
}

static err
doctor_examine(struct visit *v, const struct config *config)
{
	bool closed = false;

	TRY(doctor_prepare(v, config));
	TRY(doctor_plain_request(v, config, &closed));
	for (size_t i = 0; closed && i < COUNT(groups); i++)
		TRY(doctor_probe_group(v, &groups[i]));
	TRY(doctor_respelled_group(v));
	return closed ? doctor_echo_group(v) : ERR_OK;
}

static int
doctor_summary(struct visit *v)
{
	CLEANUP(buf_wipe) struct buf out = BUF(1024);

	if (!v->json && v->leaks == 0)
		cli_line(&out, "%zu request%s: nothing gets through.", v->sent, v->sent == 1 ? "" : "s");
	if (!v->json && v->leaks > 0)
		cli_line(&out, "%zu request%s: %zu GET%s THROUGH.", v->sent, v->sent == 1 ? "" : "s", v->leaks,
			 v->leaks == 1 ? "S" : "");
	if (!v->json && v->troubles > 0)
		cli_line(&out, "%zu of them failed; the lines above say which.", v->troubles);
	if (cli_print(buf_str(&out)) != CLI_DONE)
		return CLI_FAILED;
	return v->leaks > 0 || v->forbids_passkeys ? CLI_FAILED : CLI_DONE;
}

/* Examine one host; returns its exit status. */
static int
doctor_visit_host(const struct visit *asked, const char *url, bool several, const struct config *config)
{
	CLEANUP(doctor_visit_end) struct visit v = *asked;
	CLEANUP(buf_wipe) struct buf title = BUF(16 * 1024);
	err e;

	v.url = url;
	v.arena = (struct arena)ARENA(4 * 1024 * 1024);
	if (several && !v.json)
		cli_line(&title, "%s", url);
	if (cli_print(buf_str(&title)) != CLI_DONE)
		return CLI_FAILED;
	e = doctor_examine(&v, config);
	return e == ERR_OK ? doctor_summary(&v) : cli_fail(e, &v.why);
}

int
cli_doctor(struct cli *cli, int argc, char **argv)
{
	struct visit v = { .json = false };
	const struct cli_option options[] = {
		{ .name = "ca", .value = &v.ca },
		{ .name = "connect", .value = &v.connect },
		{ .name = "echo", .value = &v.echo },
		{ .name = "json", .flag = &v.json },
	};
	int status = cli_options(argc, argv, doctor_help, options, COUNT(options), URLS_MAX);
	int worst = CLI_DONE;

	if (status != CLI_GO_ON)
		return status;
	if (optind == argc)
		return cli_print_usage(doctor_help);
	status = cli_config(cli);
	if (status != CLI_GO_ON)
		return status;
	for (int i = optind; i < argc; i++) {
		status = doctor_visit_host(&v, argv[i], argc - optind > 1, &cli->config);
		worst = status > worst ? status : worst;
	}
	return worst;
}
