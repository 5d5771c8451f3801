#!/bin/sh
# Run each fuzz target and print the number of calls.  One target runs on each processor.
#
#   fuzz/run.sh 60                          every target for 60 seconds
#   fuzz/run.sh 600 form wire               only these targets
#   fuzz/run.sh --runs 100000000            every target until it has made this many calls
#   fuzz/run.sh --runs 100000000 challenge  only this target
#
# Status 1 when a target failed.  build/fuzz/found has the input: fix the fault, then add the input to fuzz/corpus.
# build/fuzz/corpus keeps the inputs that a run found useful for the next run.
#
# With --runs, build/fuzz/calls/TARGET has the number of calls and seconds so far.  A run that is interrupted continues
# where it stopped, except for its last minutes.  Delete the file when the code that the target tests has changed.
set -eu
cd "$(dirname "$0")/.."

PART_CALLS=5000000 # libFuzzer writes the number of calls at the end, so a long run has parts
PART_SECONDS=300

# run.sh --one AMOUNT UNIT TARGET: run a target that is built, for "60 seconds" or "100000000 calls".  xargs calls this.
one=no
unit=seconds
if [ "${1:-}" = --one ]; then
	one=yes
	unit=$3
	set -- "$2" "$4"
elif [ "${1:-}" = --runs ]; then
	unit=calls
	shift
fi
amount=${1:-60}
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

# Print the length of the longest input: the limit of the code that is tested, and a few bytes.
longest() {
	case $1 in
	attestation) echo 8200 ;;
	auth_data) echo 4104 ;;
	challenge) echo 301 ;;
	client_data) echo 2056 ;;
	credential_key) echo 1560 ;;
	*) echo 20000 ;;
	esac
}

# One MiB of freed blocks, which AddressSanitizer does not use again, holds those of one execution.  Run the input of a
# fault without this variable: then the report has the whole stack of each allocation.
export ASAN_OPTIONS="quarantine_size_mb=1:malloc_context_size=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"

# libfuzzer TARGET OPTION...: *calls is the number of calls.  Inputs that take long are changed less often than others.
libfuzzer() {
	name=$1
	shift
	mkdir -p "build/fuzz/corpus/$name"
	log=build/fuzz/$name.log
	words "$name" >"build/fuzz/$name.dict"
	[ ! -s "build/fuzz/$name.dict" ] || set -- "$@" "-dict=build/fuzz/$name.dict"
	if "build/fuzz/fuzz/fuzz_$name" "$@" -timeout=10 -max_len="$(longest "$name")" -rss_limit_mb=1024 \
		-entropic_scale_per_exec_time=1 -artifact_prefix="build/fuzz/found/$name-" -print_final_stats=1 \
		"build/fuzz/corpus/$name" "fuzz/corpus/$name" >"$log" 2>&1; then
		calls=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		[ "${calls:-0}" -eq 0 ] || return 0
	fi
	echo "NOT OK  $name: see $log and build/fuzz/found"
	grep -a -m 20 -E "ERROR|promise|runtime error|^ +#[0-9] .* in [a-z_]+ .*/(src|fuzz)/|SUMMARY|Base64|INFO: exiting" "$log" | cut -c 1-400 | sed 's/^/        /'
	return 1
}

run_seconds() {
	libfuzzer "$1" -max_total_time="$amount" || return 1
	printf 'ok      %-14s %12s executions\n' "$1" "$calls"
}

run_calls() {
	kept=build/fuzz/calls/$1
	made=0
	took=0
	[ ! -f "$kept" ] || read -r made took <"$kept"
	while [ "$made" -lt "$amount" ]; do
		part=$((amount - made))
		[ "$part" -le "$PART_CALLS" ] || part=$PART_CALLS
		began=$(date +%s)
		libfuzzer "$1" -runs="$part" -max_total_time="$PART_SECONDS" || return 1
		made=$((made + calls))
		took=$((took + $(date +%s) - began))
		echo "$made $took" >"$kept.new"
		mv "$kept.new" "$kept"
	done
	printf 'ok      %-14s %12s executions %8s s\n' "$1" "$made" "$took"
}

if [ "$one" = yes ]; then
	"run_$unit" "$1"
	exit
fi

mkdir -p build
if [ ! -f build/fuzz/build.ninja ]; then
	rm -rf build/fuzz
	echo "Setting up build/fuzz ..."
	CC=clang quietly meson setup build/fuzz -Dfuzz=true -Dtests=disabled
fi
quietly ninja -C build/fuzz fuzz
mkdir -p build/fuzz/found build/fuzz/calls

printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 "$0" --one "$amount" "$unit" || exit 1
