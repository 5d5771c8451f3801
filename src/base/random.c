#include "base/random.h"

#include "base/fault.h"
#include "base/secret.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

err
random_fill(void *ret_bytes, size_t n)
{
	size_t got = 0;

	if (fault_due(FAULT_RANDOM))
		return ERR_CRYPTO;
	while (got < n) {
		ssize_t more = getrandom((char *)ret_bytes + got, n - got, 0);
		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0) {
			secret_wipe(ret_bytes, n);
			return ERR_CRYPTO;
		}
		got += (size_t)more;
	}
	return ERR_OK;
}

err
random_id(int64_t *ret_id)
{
	uint64_t bits = 0;

	do
		TRY(random_fill(&bits, sizeof(bits)));
	while ((bits >> 2) == 0);
	*ret_id = (int64_t)(bits >> 2);
	return ERR_OK;
}
