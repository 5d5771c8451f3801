/*
 * Measures the password hash alone, at the default cost (docs/reference/settings.md): the minimum for every sign-in.
 *
 * Reads lines "cpu COUNT" or "wall THREADS COUNT" and answers each with nanoseconds: CPU time of COUNT hashes in one
 * thread, or elapsed time of COUNT hashes in each of THREADS threads.
 */
#include <argon2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MEMORY_KIB = 19 * 1024, PASSES = 2, LANES = 1, THREADS_MAX = 64 };

static long long
now_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void *
hash_some(void *context)
{
	static const char password[] = "trombone ivre 1741", salt[16] = "fifteen letters";
	unsigned char tag[32];

	for (long n = *(const long *)context; n > 0; n--)
		if (argon2id_hash_raw(PASSES, MEMORY_KIB, LANES, password, strlen(password), salt, sizeof(salt), tag,
				      sizeof(tag)) != ARGON2_OK)
			exit(1);
	return NULL;
}

static void
hash_at_once(int threads, long n)
{
	pthread_t all[THREADS_MAX];

	for (int i = 0; i < threads; i++)
		if (pthread_create(&all[i], NULL, hash_some, &n) != 0)
			exit(1);
	for (int i = 0; i < threads; i++)
		pthread_join(all[i], NULL);
}

int
main(void)
{
	char line[64];
	int threads = 0;
	long n = 0;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		long long began = now_ns(CLOCK_MONOTONIC), cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
		if (sscanf(line, "cpu %ld", &n) == 1)
			hash_some(&n);
		else if (sscanf(line, "wall %d %ld", &threads, &n) == 2 && threads > 0 && threads <= THREADS_MAX)
			hash_at_once(threads, n);
		else
			return 2;
		printf("%lld\n",
		       line[0] == 'c' ? now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu : now_ns(CLOCK_MONOTONIC) - began);
		fflush(stdout);
	}
	return 0;
}
