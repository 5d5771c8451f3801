#!/bin/sh
# Run each fuzz target for so many seconds and say how often it was called.     fuzz/run.sh SECONDS
# A finding ends with status 1; the input that made it is kept in build/fuzz/found.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}

if [ ! -f build/fuzz/build.ninja ]; then
	rm -rf build/fuzz
	mkdir -p build
	CC=clang meson setup build/fuzz -Dfuzz=true -Dtests=disabled -Dtest_hooks=true -Db_lundef=false \
		-Db_sanitize=address,undefined -Dc_args='-fsanitize=fuzzer-no-link -fno-sanitize-recover=all' >build/fuzz.setup 2>&1 || {
		cat build/fuzz.setup >&2
		exit 1
	}
fi
ninja -C build/fuzz >build/fuzz.log 2>&1 || {
	tail -n 30 build/fuzz.log >&2
	exit 1
}
mkdir -p build/fuzz/found
status=0
for corpus in fuzz/corpus/*; do
	name=${corpus##*/}
	grown=build/fuzz/corpus-$name
	mkdir -p "$grown"
	if build/fuzz/fuzz/fuzz_"$name" -max_total_time="$seconds" -timeout=10 -max_len=20000 \
		-artifact_prefix=build/fuzz/found/"$name"- -print_final_stats=1 "$grown" "$corpus" >build/fuzz/"$name".log 2>&1; then
		echo "ok      $name: $(sed -n 's/^stat::number_of_executed_units: *//p' build/fuzz/"$name".log) executions"
	else
		echo "NOT OK  $name: see build/fuzz/$name.log and build/fuzz/found"
		status=1
	fi
done
exit $status
