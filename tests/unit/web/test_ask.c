/* A handler may ask the questions that its route's row names, and no others. */
#include "unit.h"

#include "web/core/ask.h"

/* Questions are refused before the request is read; the end-to-end tests cover allowed questions. */
static err
ask(const struct route *route, enum question_id id)
{
	struct exchange x = { .route = route };
	struct channel channel = { .fd = -1 };
	enum verdict verdict = VERDICT_REFUSED;

	return exchange_ask(&x, &channel, id, NULL, &verdict, NULL);
}

static void
questions_outside_the_row_are_refused(void **state)
{
	static const struct route account = { .asks = ASKS(ACCOUNT) };
	static const struct route shown = { .asks = ASKS(PASSWORD), .step_up = true };

	(void)state;
	assert_int_equal(ask(&account, QUESTION_SESSIONS), ERR_PROTOCOL);
	assert_int_equal(ask(&account, QUESTION_STEP_UP), ERR_PROTOCOL);
	assert_int_equal(ask(&shown, QUESTION_STEP_UP), ERR_PROTOCOL); /* only a POST brings a code */
}

static void
asking_needs_a_worker(void **state)
{
	static const struct route account = { .asks = ASKS(ACCOUNT) };
	struct exchange x = { .route = &account };
	enum verdict verdict = VERDICT_REFUSED;

	(void)state;
	assert_int_equal(exchange_ask(&x, NULL, QUESTION_ACCOUNT, NULL, &verdict, NULL), ERR_PROTOCOL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_outside_the_row_are_refused),
		cmocka_unit_test(asking_needs_a_worker),
	};

	return cmocka_run_group_tests_name("ask", tests, NULL, NULL);
}
