/* wire_get, wire_put: every message of ipc/questions.h, both ways.  A decoded message is encoded to the same bytes. */
#include "target.h"

#include "ipc/questions.h"

static void
try_message(const struct wire_def *def, str bytes)
{
	CLEANUP(buf_wipe) struct buf again = BUF(1024 * 1024);
	_Alignas(max_align_t) char message[512] = { 0 };
	str rest = bytes;

	PROMISE(def->size <= sizeof(message));
	if (wire_get(&rest, def, message) != ERR_OK)
		return;
	wire_put(&again, def, message);
	PROMISE(buf_check(&again) == ERR_OK);
	PROMISE(str_equal(buf_str(&again), str_upto(bytes, bytes.n - rest.n)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str text = str_bytes(bytes, n);

	try_message(&wire_question_head, text);
	try_message(&wire_answer_head, text);
	try_message(&wire_push, text);
	for (size_t i = QUESTION_NONE + 1; i < QUESTION_COUNT; i++) {
		try_message(wire_questions[i].body, text);
		try_message(wire_questions[i].answer, text);
	}
	return 0;
}
