#include "web/core/health.h"

#include "base/clock.h"
#include "base/log.h"

void
health_checked(struct web *web, bool writable)
{
	atomic_store(&web->checked_us, clock_monotonic_us());
	atomic_store(&web->database_writable, writable);
}

static void
health_log(bool late)
{
	if (late)
		log_event(LOG_ERROR, "keeper.late", LOG_TEXT("why", "the keeper no longer checks the database"));
	else
		log_event(LOG_NOTICE, "keeper.back");
}

bool
health_writable(struct web *web)
{
	int64_t age_us = clock_monotonic_us() - atomic_load(&web->checked_us);
	bool late = age_us > WEB_CHECKED_MS * INT64_C(1000);

	if (atomic_load_explicit(&web->late, memory_order_relaxed) != late && atomic_exchange(&web->late, late) != late)
		health_log(late);
	return !late && atomic_load(&web->database_writable);
}
