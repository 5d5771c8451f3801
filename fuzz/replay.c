/* Runs the target on every file of the command line, for compilers without libFuzzer. */
#include "target.h"

#include <stdio.h>

enum { FILE_MAX_BYTES = 1 << 20 };

/* The memory has the exact size of the file, so that a sanitizer sees a read past its end. */
static int
replay(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n == 0 ? 1 : n);

	if (copy == NULL)
		return 1;
	for (size_t i = 0; i < n; i++)
		copy[i] = bytes[i];
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	return 0;
}

int
main(int argc, char **argv)
{
	static uint8_t bytes[FILE_MAX_BYTES];
	int failed = argc < 2;

	for (int i = 1; i < argc && !failed; i++) {
		FILE *file = fopen(argv[i], "rb");
		if (file == NULL) {
			perror(argv[i]);
			return 1;
		}
		failed = replay(bytes, fread(bytes, 1, sizeof(bytes), file));
		fclose(file);
	}
	return failed;
}
