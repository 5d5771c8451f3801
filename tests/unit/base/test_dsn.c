/* URLs of databases: ambiguous ones, and the text that messages show of a URL or of an error of libpq. */
#include "unit.h"

#include "base/dsn.h"

static const struct {
	const char *url, *shown; /* shown NULL: ambiguous */
	bool secret;
	const char *why;
} cases[] = {
	{ "postgresql://h/d", "postgresql://h/d", false, "no user and no password" },
	{ "postgres://me@h/d", "postgres://me@h/d", false, "no password, the short scheme" },
	{ "postgresql+psycopg2://me:pw@h/d", "postgresql+psycopg2://me:***@h/d", true, "SQLAlchemy's scheme" },
	{ "postgresql://me:pw@h:5432/d?sslmode=require", "postgresql://me:***@h:5432/d?sslmode=require", true,
	  "all parts" },
	{ "postgresql://:pw@h/d", "postgresql://:***@h/d", true, "an empty user" },
	{ "postgresql://me:@h/d", "postgresql://me:***@h/d", true, "an empty password" },
	{ "postgresql://me:p:w@h/d", "postgresql://me:***@h/d", true, "a colon in the password" },
	{ "postgresql://me:p%40w%2F%3F%25@h/d", "postgresql://me:***@h/d", true, "all special bytes encoded" },
	{ "postgresql://me:pw@a:1,b:2/d", "postgresql://me:***@a:1,b:2/d", true, "two hosts" },
	{ "postgresql://me:pw@[::1]:5432/d", "postgresql://me:***@[::1]:5432/d", true, "IPv6" },
	{ "postgresql://me:pw@%2Frun%2Fpostgresql/d", "postgresql://me:***@%2Frun%2Fpostgresql/d", true,
	  "a socket's folder" },
	{ "postgresql://me:pw@ss", "postgresql://***", true,
	  "no database name: the host may be the end of the password" },
	{ "postgresql:///d", "postgresql:///d", false, "a database name only" },
	{ "postgresql://h/d?user=me&password=pw", "postgresql://h/d?user=***&password=***", true,
	  "libpq's query parameter" },
	{ "postgresql://h/d?sslpassword=pw", "postgresql://h/d?sslpassword=***", true, "the password of the key file" },
	{ "postgresql://h/d?options=-csearch_path%3Dx", "postgresql://h/d?options=***", false,
	  "a parameter whose value is hidden" },
	{ "postgresql://me:p@w@h/d", NULL, true, "an @ inside" },
	{ "postgresql://me:p/w@h/d", NULL, true, "a slash inside" },
	{ "postgresql://me:p?w@h/d", NULL, true, "a question mark inside" },
	{ "postgresql://me:p w@h/d", NULL, true, "a space inside" },
	{ "postgresql://me:p%w@h/d", NULL, true, "a percent sign inside" },
	{ "postgresql://me:p%00w@h/d", NULL, true, "NUL" },
	{ "postgresql://me:p\nw@h/d", NULL, true, "a line end" },
	{ "postgresql://me:secret", NULL, false, "no @, and a port that is not a number" },
	{ "postgresql://me:123456", NULL, false, "a port that is too long" },
	{ "postgresql://me:pw@h:port/d", NULL, true, "a host and a port that is not a number" },
	{ "postgresql://me:pw@h/d?p%61ssword=pw", NULL, true, "an encoded key" },
	{ "postgresql://me:pw@h/d?secret", NULL, true, "a key without value" },
	{ "postgresql://me:pw@h!/d", NULL, true, "an invalid host" },
	{ "postgresql://me:pw@[::1/d", NULL, true, "a bracket without its end" },
};

static void
dsn_is_clear_with_one_reading_only(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s", cases[i].why);
		assert_true(dsn_is_clear(str_of(cases[i].url)) == (cases[i].shown != NULL));
	}
	assert_false(dsn_is_clear(STR("sqlite:///x")));
	assert_false(dsn_is_clear(STR("")));
	assert_false(dsn_is_clear(STR("postgresql:")));
	assert_false(dsn_is_clear(STR("host=h password=pw")));
}

static void
dsn_put_shows_no_secret(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf out = BUF(1024);
		unit_note("%s", cases[i].why);
		dsn_put(str_of(cases[i].url), &out);
		buf_put_byte(&out, '\0');
		assert_int_equal(buf_check(&out), ERR_OK);
		assert_string_equal(out.p, cases[i].shown != NULL ? cases[i].shown : "postgresql://***");
	}
}

static void
dsn_has_secret_finds_passwords(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s", cases[i].why);
		if (cases[i].shown != NULL)
			assert_true(dsn_has_secret(str_of(cases[i].url)) == cases[i].secret);
	}
	assert_false(dsn_has_secret(STR("sqlite:////var/lib/a:b@c/x")));
}

static void
dsn_put_shows_urls_of_sqlite_unchanged(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(1024);

	dsn_put(STR("sqlite:////var/lib/a@b/x:y.sqlite"), &out);
	assert_true(str_equal(buf_str(&out), STR("sqlite:////var/lib/a@b/x:y.sqlite")));
}

static void
dsn_put_trouble_hides_quoted_values(void **state)
{
	static const struct {
		const char *said, *shown, *why;
	} troubles[] = {
		{ "could not translate host name \"et@127.0.0.1\" to address: Name or service not known\n",
		  "could not translate host name \"***\" to address: Name or service not known",
		  "a piece of the password" },
		{ "connection to server at \"h\", port 5432 failed: FATAL:  role \"me\" does not exist\nmore",
		  "connection to server at \"***\", port *** failed: FATAL:  role \"***\" does not exist",
		  "three values, one line" },
		{ "invalid port number: \"Secr", "invalid port number: \"***\"", "quotes that were cut" },
		{ "r\xc3\xb4le \xc2\xab me \xc2\xbb absent", "r\xc3\xb4le \"***\" absent",
		  "a server that speaks French" },
		{ "timeout expired", "timeout expired", "nothing quoted" },
		{ "", "", "nothing said" },
	};

	for (size_t i = 0; i < COUNT(troubles); i++) {
		CLEANUP(buf_wipe) struct buf out = BUF(1024);
		unit_note("%s", troubles[i].why);
		dsn_put_trouble(str_of(troubles[i].said), &out);
		buf_put_byte(&out, '\0');
		assert_string_equal(out.p, troubles[i].shown);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dsn_is_clear_with_one_reading_only),
		cmocka_unit_test(dsn_put_shows_no_secret),
		cmocka_unit_test(dsn_has_secret_finds_passwords),
		cmocka_unit_test(dsn_put_shows_urls_of_sqlite_unchanged),
		cmocka_unit_test(dsn_put_trouble_hides_quoted_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
