#!/bin/sh
# Run each fuzz target for a number of seconds and print the number of calls.  One target runs on each processor.
#
#   fuzz/run.sh 60              every target
#   fuzz/run.sh 600 form wire   only these targets
#
# Status 1 when a target failed.  build/fuzz/found has the input: fix the fault, then add the input to fuzz/corpus.
# build/fuzz/corpus keeps the inputs that a run found useful for the next run.
set -eu
cd "$(dirname "$0")/.."

# run.sh --one SECONDS TARGET: run a target that is built.  xargs calls this.
one=no
if [ "${1:-}" = --one ]; then
	one=yes
	shift
fi
seconds=${1:-60}
[ $# -eq 0 ] || shift
if [ $# -eq 0 ]; then
	for folder in fuzz/corpus/*/; do
		set -- "$@" "$(basename "$folder")"
	done
fi

# Run a command and show its output only when it fails.
quietly() {
	if ! "$@" >build/fuzz.log 2>&1; then
		cat build/fuzz.log >&2
		exit 1
	fi
}

# Print the words of a target: its dictionary, and words made from a definition.
words() {
	if [ -f "fuzz/dict/$1.dict" ]; then
		cat "fuzz/dict/$1.dict"
	fi
	if [ "$1" = question ]; then
		tools/compile_questions.py words src/ipc/questions.def
	fi
}

run_one() {
	name=$1
	mkdir -p "build/fuzz/corpus/$name"
	log=build/fuzz/$name.log
	words "$name" >"build/fuzz/$name.dict"
	with_words=
	[ ! -s "build/fuzz/$name.dict" ] || with_words=-dict=build/fuzz/$name.dict
	if "build/fuzz/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -max_len=20000 -rss_limit_mb=1024 \
		-artifact_prefix="build/fuzz/found/$name-" -print_final_stats=1 ${with_words:+"$with_words"} \
		"build/fuzz/corpus/$name" "fuzz/corpus/$name" >"$log" 2>&1; then
		printf 'ok      %-14s %12s executions\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
		return 0
	fi
	echo "NOT OK  $name: see $log and build/fuzz/found"
	grep -a -m 20 -E "ERROR|promise|runtime error|^ +#[0-9] .* in [a-z_]+ .*/(src|fuzz)/|SUMMARY|Base64|INFO: exiting" "$log" | cut -c 1-400 | sed 's/^/        /'
	return 1
}

if [ "$one" = yes ]; then
	run_one "$1"
	exit
fi

mkdir -p build
if [ ! -f build/fuzz/build.ninja ]; then
	rm -rf build/fuzz
	echo "Setting up build/fuzz ..."
	CC=clang quietly meson setup build/fuzz -Dfuzz=true -Dtests=disabled
fi
quietly ninja -C build/fuzz fuzz
mkdir -p build/fuzz/found

printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 "$0" --one "$seconds" || exit 1
