/* Stored hashes, ours and imported ones: which are usable, which passwords match, and which are outdated. */
#include "keeper/harness.h"

#include "base/fault.h"
#include "keeper/password/passwords.h"
#include "keeper/password/strength.h"

#include <stdio.h>
#include <string.h>

#define TYPED "Hello world!"
#define SALT22 "MDEyMzQ1Njc4OWFiY2RlZg" /* 0123456789abcdef */
#define TAG43 "afjx4Jku07r9AX8yJezWB6VlVQ+8zlPQoiuM7oBgavw"
#define ARGON2 "$argon2id$v=19$m=64,t=2,p=1$" SALT22 "$" TAG43
#define CRYPT53 "abcdefghijklmnopqrstuuyeG8laUfZvsCmc.AE6qIDYSPGM2efmK"
#define SHA256_43 "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"     /* of $5$saltstring$ */
#define SHA256_ROUNDS "3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA" /* of $5$rounds=10000$saltstringsaltst$ */
#define SHA512_86 "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"

static struct password
password_of(const char *typed)
{
	struct password password;

	assert_int_equal(password_prepare(str_of(typed), &password), PROBLEM_NONE);
	return password;
}

/* Hashes of TYPED: by libargon2's command, by libxcrypt (bcrypt), and vectors of the SHA-crypt specification. */
static const char *const by_others[] = {
	ARGON2,
	/* a salt of 8 bytes */
	"$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ$XXLb1+HzxLOtjD3JXMeihjlVhl65S6GQcu+5"
	"sQ1L+uo",
	/* a salt of 12 bytes, as in Authelia's manual */
	"$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFi$Ammet4HIZZyaKmKRWtx4fxyTrzizVBb"
	"4JQZAcH3rScg",
	/* a salt of 48 bytes */
	"$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIz"
	"NDU2Nzg5YWJjZGVm$NGZH7pp+riq1mmtEsautEQo5Mr4EkiDTJSMD+ptXuZU",
	"$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$IgUIvokFVwACs77ltHKbOw", /* a tag of 16 bytes */
	/* the longest salt and tag */
	"$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIz"
	"NDU2Nzg5YWJjZGVm$NgyCsbG7Ygl3qUA0OU0nLKLh9wvPCeNEHxa86Kl9mjOexU7fNjR6MWkogoA"
	"NgLUqe3fl3ykKJUiW0XAmSgf62g",
	"$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6sxoi5obWcVr/dvhBqszZcs", /* a tag of 17 bytes */
	"$2b$04$" CRYPT53,
	"$2a$04$" CRYPT53,
	"$2y$04$" CRYPT53,
	/* unused bits are set: at the end of the salt, of the hash, of both */
	"$2b$04$abcdefghijklmnopqrstuvyeG8laUfZvsCmc.AE6qIDYSPGM2efmK",
	"$2b$04$abcdefghijklmnopqrstuuyeG8laUfZvsCmc.AE6qIDYSPGM2efmL",
	"$2y$04$abcdefghijklmnopqrstu9yeG8laUfZvsCmc.AE6qIDYSPGM2efmN",
	"$5$saltstring$" SHA256_43,
	"$5$rounds=10000$saltstringsaltst$" SHA256_ROUNDS,
	"$6$saltstring$" SHA512_86,
};

static void
an_imported_hash_matches_its_password_only(void **state)
{
	struct password right = password_of(TYPED), wrong = password_of("hello world!");

	for (size_t i = 0; i < COUNT(by_others); i++) {
		bool is_right = false;
		unit_note("%.12s", by_others[i]);
		assert_true(password_hash_usable(str_of(by_others[i])));
		assert_int_equal(password_verify(str_of(by_others[i]), &right, &is_right), ERR_OK);
		assert_true(is_right);
		assert_int_equal(password_verify(str_of(by_others[i]), &wrong, &is_right), ERR_OK);
		assert_false(is_right);
		assert_int_equal(password_verify(str_of(by_others[i]), NULL, &is_right), ERR_OK);
		assert_false(is_right);
	}
}

/* Hashes that a damaged row, or one that was tampered with, may have. */
static const struct {
	const char *why, *hash;
} unusable[] = {
	{ "an empty text", "" },
	{ "the password itself", TYPED },
	{ "MD5-crypt", "$1$salt$qJH7.N4xYta3aEG/dfqo/0" },
	{ "Argon2i", "$argon2i$v=19$m=64,t=2,p=1$" SALT22 "$" TAG43 },
	{ "Argon2id alone", "$argon2id$" },
	{ "an older version", "$argon2id$v=16$m=64,t=2,p=1$" SALT22 "$" TAG43 },
	{ "no memory", "$argon2id$v=19$m=0,t=2,p=1$" SALT22 "$" TAG43 },
	{ "memory that is not a number", "$argon2id$v=19$m=x,t=2,p=1$" SALT22 "$" TAG43 },
	{ "2 GiB of memory", "$argon2id$v=19$m=2097152,t=2,p=1$" SALT22 "$" TAG43 },
	{ "less memory than eight blocks per lane", "$argon2id$v=19$m=15,t=2,p=2$" SALT22 "$" TAG43 },
	{ "parameters in another order", "$argon2id$v=19$t=2,m=64,p=1$" SALT22 "$" TAG43 },
	{ "no passes", "$argon2id$v=19$m=64,t=0,p=1$" SALT22 "$" TAG43 },
	{ "65 passes", "$argon2id$v=19$m=64,t=65,p=1$" SALT22 "$" TAG43 },
	{ "passes missing", "$argon2id$v=19$m=64,p=1$" SALT22 "$" TAG43 },
	{ "no lanes", "$argon2id$v=19$m=64,t=2,p=0$" SALT22 "$" TAG43 },
	{ "17 lanes", "$argon2id$v=19$m=1024,t=2,p=17$" SALT22 "$" TAG43 },
	{ "lanes missing", "$argon2id$v=19$m=64,t=2$" SALT22 "$" TAG43 },
	{ "an additional parameter", "$argon2id$v=19$m=64,t=2,p=1,keyid=1$" SALT22 "$" TAG43 },
	{ "more work than memory and passes may have together", "$argon2id$v=19$m=1048576,t=5,p=1$" SALT22 "$" TAG43 },
	{ "a salt of seven bytes", "$argon2id$v=19$m=64,t=2,p=1$eHh4eHh4eA$" TAG43 },
	{ "a salt of 49 bytes",
	  "$argon2id$v=19$m=64,t=2,p=1$eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eA$" TAG43 },
	{ "a salt with an incomplete byte", "$argon2id$v=19$m=64,t=2,p=1$" SALT22 "abc$" TAG43 },
	{ "a tag of 15 bytes", "$argon2id$v=19$m=64,t=2,p=1$" SALT22 "$eHh4eHh4eHh4eHh4eHh4" },
	{ "a tag of 65 bytes",
	  "$argon2id$v=19$m=64,t=2,p=1$" SALT22
	  "$eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg" },
	{ "a SHA-crypt salt of 17 characters", "$5$saltstringsaltstr$" SHA256_43 },
	{ "a salt with a byte outside base64", "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZ*$" TAG43 },
	{ "a salt with unused bits set", "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZh$" TAG43 },
	{ "a salt with the byte before /", "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZ.$" TAG43 },
	{ "a salt with the byte after 9", "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZ:$" TAG43 },
	{ "a salt with the byte after Z", "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZ[$" TAG43 },
	{ "a salt with the byte after z", "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZ{$" TAG43 },
	{ "no hash", "$argon2id$v=19$m=64,t=2,p=1$" SALT22 },
	{ "a truncated hash", "$argon2id$v=19$m=64,t=2,p=1$" SALT22 "$AAAA" },
	{ "truncated bcrypt", "$2b$04$abcdefghijklmnopqrstuu" },
	{ "bcrypt with an additional byte", "$2b$04$" CRYPT53 "a" },
	{ "bcrypt of a faulty implementation", "$2x$04$" CRYPT53 },
	{ "bcrypt of cost 3", "$2b$03$" CRYPT53 },
	{ "bcrypt of cost 19", "$2b$19$" CRYPT53 },
	{ "bcrypt with a cost that is not a number", "$2b$xx$" CRYPT53 },
	{ "bcrypt without its third $", "$2b$04a" CRYPT53 },
	{ "bcrypt with a byte outside crypt's alphabet",
	  "$2b$04$abcdefghijklmnopqrstuuyeG8laUfZvsCmc.AE6qIDYSPGM2efm*" },
	{ "bcrypt with a colon", "$2b$04$abcdefghijklmnopqrstuuyeG8laUfZvsCmc.AE6qIDYSPGM2efm:" },
	{ "bcrypt with the byte after Z", "$2b$04$abcdefghijklmnopqrstuuyeG8laUfZvsCmc.AE6qIDYSPGM2efm[" },
	{ "bcrypt with the byte after z", "$2b$04$abcdefghijklmnopqrstuuyeG8laUfZvsCmc.AE6qIDYSPGM2efm{" },
	{ "bcrypt with the byte before .", "$2b$04$abcdefghijklmnopqrstuuyeG8laUfZvsCmc.AE6qIDYSPGM2efm-" },
	{ "bcrypt with a byte over 0x7f", "$2b$04$abcdefghijklmnopqrstuuyeG8laUfZvsCmc.AE6qIDYSPGM2efm\xff" },
	{ "SHA-crypt alone", "$5$" },
	{ "SHA-crypt with only a salt", "$5$saltstring" },
	{ "SHA-crypt with an invalid byte in the salt", "$5$salt:string$" SHA256_43 },
	{ "SHA-crypt with an invalid byte in the hash", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc*" },
	{ "truncated SHA-crypt", "$6$saltstring$svn8UoSVapNtMuq1ukKS4t" },
	{ "SHA-256's hash under SHA-512's name", "$6$saltstring$" SHA256_43 },
	{ "SHA-512's hash under SHA-256's name", "$5$saltstring$" SHA512_86 },
	{ "999 rounds", "$5$rounds=999$saltstring$" SHA256_43 },
	{ "a million and one rounds", "$5$rounds=1000001$saltstring$" SHA256_43 },
	{ "rounds with a leading zero", "$5$rounds=010000$saltstring$" SHA256_43 },
	{ "rounds that are not a number", "$5$rounds=many$saltstring$" SHA256_43 },
	{ "rounds without a number", "$5$rounds=$saltstring$" SHA256_43 },
	{ "an overlong salt", "$5$"
			      "saltsaltsaltsaltsaltsaltsaltsaltsaltsaltsaltsaltsaltsaltsaltsaltsaltsaltsaltsaltsa"
			      "ltsaltsaltsaltsaltsaltsaltsaltsalt"
			      "$" SHA256_43 },
};

static void
a_malformed_hash_never_matches_and_costs_no_work(void **state)
{
	struct password password = password_of(TYPED);

	for (size_t i = 0; i < COUNT(unusable); i++) {
		bool right = false;
		long before = password_work_done();
		unit_note("%s", unusable[i].why);
		assert_false(password_hash_usable(str_of(unusable[i].hash)));
		assert_int_equal(password_verify(str_of(unusable[i].hash), &password, &right), ERR_CORRUPT);
		assert_false(right);
		assert_int_equal(password_work_done(), before);
	}
}

/* The message names the scheme, so that an administrator can repair the account. */
static void
an_unusable_hash_is_named_by_its_scheme(void **state)
{
	static const struct {
		const char *hash, *word;
	} cases[] = {
		{ "", "no password hash" },
		{ "secret", "unknown format" },
		{ "!", "unknown format" },
		{ "$argon2i$v=19$m=64,t=2,p=1$" SALT22 "$" TAG43, "Argon2i," },
		{ "$argon2d$v=19$m=64,t=2,p=1$" SALT22 "$" TAG43, "Argon2d," },
		{ "$argon2id$v=19$m=64,t=2,p=1$c2FsdA$" TAG43, "Argon2id" },
		{ "$pbkdf2-sha512$310000$c2FsdA$x", "PBKDF2" },
		{ "pbkdf2:sha256:600000$salt$x", "PBKDF2" },
		{ "$scrypt$ln=16,r=8,p=1$c2FsdA$x", "scrypt" },
		{ "$y$j9T$salt$x", "yescrypt" },
		{ "$apr1$salt$x", "Apache's MD5" },
		{ "{SHA}x", "SHA-1" },
		{ "$2x$04$" CRYPT53, "$2x$" },
		{ "$2b$31$" CRYPT53, "bcrypt" },
		{ "$6$salt$x", "SHA-512-crypt" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *wrong = password_hash_wrong(str_of(cases[i].hash));
		if (wrong == NULL || strstr(wrong, cases[i].word) == NULL)
			fail_msg("%s: %s", cases[i].hash, wrong == NULL ? "taken" : wrong);
	}
	for (size_t i = 0; i < COUNT(by_others); i++)
		assert_null(password_hash_wrong(str_of(by_others[i])));
}

static void
a_hash_is_outdated_when_the_settings_differ(void **state)
{
	const struct config argon2 = { .password_scheme = SCHEME_ARGON2ID,
				       .argon2_memory_kib = 64,
				       .argon2_passes = 2 };
	const struct config more_memory = { .password_scheme = SCHEME_ARGON2ID,
					    .argon2_memory_kib = 128,
					    .argon2_passes = 2 };
	const struct config more_passes = { .password_scheme = SCHEME_ARGON2ID,
					    .argon2_memory_kib = 64,
					    .argon2_passes = 3 };
	const struct config bcrypt = { .password_scheme = SCHEME_BCRYPT, .bcrypt_log_rounds = 4 };
	const struct config more_rounds = { .password_scheme = SCHEME_BCRYPT, .bcrypt_log_rounds = 5 };
	const struct {
		const char *hash;
		const struct config *config;
		bool outdated;
	} rows[] = {
		{ ARGON2, &argon2, false },
		{ ARGON2, &more_memory, true },
		{ ARGON2, &more_passes, true },
		{ ARGON2, &bcrypt, true },
		{ "$argon2id$v=19$m=64,t=2,p=2$" SALT22 "$" TAG43, &argon2, true },
		{ "$argon2id$", &argon2, true },
		{ "$2b$04$" CRYPT53, &bcrypt, false },
		{ "$2b$04$" CRYPT53, &more_rounds, true },
		{ "$2b$04$" CRYPT53, &argon2, true },
		{ "$2b$", &bcrypt, true },
		{ "$5$saltstring$" SHA256_43, &argon2, true },
		{ "$6$saltstring$" SHA512_86, &bcrypt, true },
		{ "", &argon2, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		unit_note("%zu: %.12s", i, rows[i].hash);
		assert_int_equal(password_hash_outdated(rows[i].config, str_of(rows[i].hash)), rows[i].outdated);
	}
}

static void
a_new_hash_has_the_scheme_of_the_settings(void **state)
{
	const struct config configs[] = {
		{ .password_scheme = SCHEME_ARGON2ID, .argon2_memory_kib = 64, .argon2_passes = 1 },
		{ .password_scheme = SCHEME_BCRYPT, .bcrypt_log_rounds = 4 },
	};
	struct password password = password_of(TYPED);

	for (size_t i = 0; i < COUNT(configs); i++) {
		struct password_hash first, second;
		bool right = false;
		assert_int_equal(password_hash(&configs[i], &password, &first), ERR_OK);
		assert_int_equal(password_hash(&configs[i], &password, &second), ERR_OK);
		assert_string_not_equal(first.z, second.z); /* each hash has its own salt */
		assert_false(password_hash_outdated(&configs[i], str_of(first.z)));
		assert_true(password_hash_outdated(&configs[1 - i], str_of(first.z)));
		assert_int_equal(password_verify(str_of(first.z), &password, &right), ERR_OK);
		assert_true(right);
	}
}

static void
bcrypt_accepts_72_bytes_at_most(void **state)
{
	const struct config bcrypt = { .password_scheme = SCHEME_BCRYPT, .bcrypt_log_rounds = 4 };
	char text[74];
	struct password_hash hash;
	bool right = false;

	memset(text, 'a', 73);
	text[73] = '\0';
	struct password longer = password_of(text);
	assert_int_equal(password_hash(&bcrypt, &longer, &hash), ERR_TOO_LONG);
	text[72] = '\0';
	struct password longest = password_of(text);
	assert_int_equal(password_hash(&bcrypt, &longest, &hash), ERR_OK);
	assert_int_equal(password_verify(str_of(hash.z), &longest, &right), ERR_OK);
	assert_true(right);
	/* crypt would accept this password, because it ignores bytes after 72 */
	assert_int_equal(password_verify(str_of(hash.z), &longer, &right), ERR_OK);
	assert_false(right);
}

static void
an_unsupported_cost_is_reported(void **state)
{
	const struct config bcrypt = { .password_scheme = SCHEME_BCRYPT, .bcrypt_log_rounds = 99 };
	const struct config argon2 = { .password_scheme = SCHEME_ARGON2ID, .argon2_memory_kib = 1, .argon2_passes = 1 };
	struct password password = password_of(TYPED);
	struct password_hash hash;

	assert_int_equal(password_hash(&bcrypt, &password, &hash), ERR_CRYPTO);
	assert_int_equal(password_hash(&argon2, &password, &hash), ERR_CRYPTO);
}

/* A sign-in with an unknown name must cost the same. */
static void
the_dummy_hash_costs_like_a_real_hash_and_never_matches(void **state)
{
	const struct config configs[] = {
		{ .password_scheme = SCHEME_ARGON2ID, .argon2_memory_kib = 64, .argon2_passes = 2 },
		{ .password_scheme = SCHEME_BCRYPT, .bcrypt_log_rounds = 5 },
	};
	struct password password = password_of(TYPED);

	for (size_t i = 0; i < COUNT(configs); i++) {
		struct password_hash dummy, again, real;
		bool right = true;
		long work = password_work_done();
		assert_int_equal(password_hash_dummy(&configs[i], &dummy), ERR_OK);
		assert_int_equal(password_hash_dummy(&configs[i], &again), ERR_OK);
		assert_int_equal(password_work_done(), work);
		assert_string_not_equal(dummy.z, again.z);
		assert_int_equal(password_hash(&configs[i], &password, &real), ERR_OK);
		assert_int_equal(strlen(dummy.z), strlen(real.z));
		assert_memory_equal(dummy.z, real.z, 7);
		assert_true(password_hash_usable(str_of(dummy.z)));
		assert_false(password_hash_outdated(&configs[i], str_of(dummy.z)));
		work = password_work_done();
		assert_int_equal(password_verify(str_of(dummy.z), &password, &right), ERR_OK);
		assert_false(right);
		assert_int_equal(password_work_done(), work + 1);
	}
}

static void
hash_memory_is_kept_until_released(void **state)
{
	const struct config small = { .password_scheme = SCHEME_ARGON2ID, .argon2_memory_kib = 64, .argon2_passes = 1 };
	const struct config large = { .password_scheme = SCHEME_ARGON2ID,
				      .argon2_memory_kib = 128,
				      .argon2_passes = 1 };
	struct password password = password_of(TYPED);
	struct password_hash of_small, of_large;
	bool right = false;

	assert_int_equal(password_hash_dummy(&small, &of_small), ERR_OK);
	assert_int_equal(password_hash_dummy(&large, &of_large), ERR_OK);
	password_memory_release();
	assert_int_equal(password_verify(str_of(of_small.z), &password, &right), ERR_OK);
	assert_true(password_memory_is_kept());
	fault_set(FAULT_MEMORY, 1, false);
	assert_int_equal(password_verify(str_of(of_small.z), &password, &right), ERR_OK);
	assert_int_equal(password_verify(str_of(of_large.z), &password, &right), ERR_MEMORY);
	fault_set(FAULT_MEMORY, 0, false);
	assert_int_equal(password_verify(str_of(of_large.z), &password, &right), ERR_OK);
	password_memory_release();
	assert_false(password_memory_is_kept());
}

static void
a_hash_that_cannot_be_computed_is_an_error(void **state)
{
	const struct config configs[] = {
		{ .password_scheme = SCHEME_ARGON2ID, .argon2_memory_kib = 64, .argon2_passes = 1 },
		{ .password_scheme = SCHEME_BCRYPT, .bcrypt_log_rounds = 4 },
	};
	struct password password = password_of(TYPED);

	for (size_t i = 0; i < COUNT(configs); i++) {
		struct password_hash hash;
		fault_set(FAULT_RANDOM, 1, false);
		assert_int_not_equal(password_hash(&configs[i], &password, &hash), ERR_OK);
		fault_set(FAULT_RANDOM, 0, false);
		password_memory_release();
		fault_set(FAULT_MEMORY, 1, false);
		assert_int_equal(password_hash(&configs[i], &password, &hash), ERR_MEMORY);
		fault_set(FAULT_MEMORY, 0, false);
	}
	for (size_t i = 0; i < COUNT(by_others); i++) {
		bool right = false;
		password_memory_release();
		fault_set(FAULT_MEMORY, 1, false);
		assert_int_equal(password_verify(str_of(by_others[i]), &password, &right), ERR_MEMORY);
		fault_set(FAULT_MEMORY, 0, false);
		assert_false(right);
	}
}

static void
a_password_is_brought_into_composed_form(void **state)
{
	struct password composed = password_of("caf\xc3\xa9"), decomposed = password_of("cafe\xcc\x81");

	assert_string_equal(composed.b, decomposed.b);
	assert_int_equal(composed.n, 5);
}

static void
a_text_that_cannot_be_a_password_is_refused(void **state)
{
	static char longest[PASSWORD_MAX_BYTES + 1], grows[PASSWORD_MAX_BYTES + 1];
	struct password password;

	memset(longest, 'a', sizeof(longest));
	assert_int_equal(password_prepare(str_bytes(longest, PASSWORD_MAX_BYTES), &password), PROBLEM_NONE);
	assert_int_equal(password_prepare(str_bytes(longest, PASSWORD_MAX_BYTES + 1), &password), PROBLEM_TOO_LONG);
	assert_int_equal(password_prepare(str_bytes("a\0b", 3), &password), PROBLEM_CHARACTERS);
	assert_int_equal(password_prepare(STR("a\xff"), &password), PROBLEM_CHARACTERS);
	assert_int_equal(password_prepare(STR("\xed\xa0\x80"), &password), PROBLEM_CHARACTERS);
	/* U+1D160 is never composed: four bytes become twelve (Unicode, CompositionExclusions) */
	for (size_t i = 0; i + 4 <= PASSWORD_MAX_BYTES; i += 4)
		memcpy(grows + i, "\xf0\x9d\x85\xa0", 4);
	assert_int_equal(password_prepare(str_bytes(grows, PASSWORD_MAX_BYTES / 4 * 4), &password), PROBLEM_TOO_LONG);
}

/* The thresholds are zxcvbn's own: 10^6, 10^8 and 10^10 guesses. */
static void
a_strength_follows_the_estimated_guesses(void **state)
{
	static const struct {
		const char *typed;
		enum problem problem;
		enum strength strength;
		const char *why;
	} cases[] = {
		{ "password1", PROBLEM_COMMON, STRENGTH_WEAK, "a common password" },
		{ "helene-de-troie", PROBLEM_FROM_NAME, STRENGTH_WEAK, "built from the name" },
		{ "xk7qm", PROBLEM_NONE, STRENGTH_FAIR, "25.9 bits" },
		{ "xk7qmz", PROBLEM_NONE, STRENGTH_GOOD, "31.0 bits" },
		{ "xk7qmzv", PROBLEM_NONE, STRENGTH_STRONG, "36.2 bits" },
		{ "trombone ivre 1741 sous la pluie", PROBLEM_NONE, STRENGTH_STRONG, "a sentence" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct password password = password_of(cases[i].typed);
		enum strength strength = 0;
		enum problem problem = strength_check(&password, STR("helene-de-troie"), STR("Doubletour"), &strength);

		if (problem != cases[i].problem || strength != cases[i].strength)
			print_error("%s: problem %d, strength %d\n", cases[i].why, problem, strength);
		assert_int_equal(problem, cases[i].problem);
		assert_int_equal(strength, cases[i].strength);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_imported_hash_matches_its_password_only),
		cmocka_unit_test(a_malformed_hash_never_matches_and_costs_no_work),
		cmocka_unit_test(an_unusable_hash_is_named_by_its_scheme),
		cmocka_unit_test(a_hash_is_outdated_when_the_settings_differ),
		cmocka_unit_test(a_new_hash_has_the_scheme_of_the_settings),
		cmocka_unit_test(bcrypt_accepts_72_bytes_at_most),
		cmocka_unit_test(an_unsupported_cost_is_reported),
		cmocka_unit_test(the_dummy_hash_costs_like_a_real_hash_and_never_matches),
		cmocka_unit_test(hash_memory_is_kept_until_released),
		cmocka_unit_test(a_hash_that_cannot_be_computed_is_an_error),
		cmocka_unit_test(a_password_is_brought_into_composed_form),
		cmocka_unit_test(a_text_that_cannot_be_a_password_is_refused),
		cmocka_unit_test(a_strength_follows_the_estimated_guesses),
	};

	return cmocka_run_group_tests_name("passwords", tests, harness_setup, harness_teardown);
}
