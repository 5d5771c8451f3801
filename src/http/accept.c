#include "http/accept.h"

int
accept_weight(str parameter)
{
	str q = str_trim(parameter);
	int value = 0, unit = ACCEPT_WEIGHT_FULL;

	if (q.n == 0)
		return ACCEPT_WEIGHT_FULL;
	if (!str_starts(q, STR("q=")) && !str_starts(q, STR("Q=")))
		return 0;
	for (size_t i = 2; i < q.n && unit > 0; i++) {
		if (q.p[i] == '.')
			continue;
		if (q.p[i] < '0' || q.p[i] > '9')
			return 0;
		value += (q.p[i] - '0') * unit;
		unit /= 10;
	}
	return value;
}
