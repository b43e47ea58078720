# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# fuzz.sh - ./dev fuzz: libFuzzer over every parser of bytes that another party controls
#
# What a run finds new is kept in build/fuzz/corpus/NAME; a crash leaves its input beside it, and the
# command that replays it is printed.

fuzz_usage() {
  cat <<'EOF'
usage: ./dev fuzz [--list] [--seconds N] [TARGET]...

Runs the fuzz targets (all of them), each for N seconds (30).
EOF
}

cmd_fuzz() {
  local seconds=30 targets=() list=''
  while [ $# -gt 0 ]; do
    case $1 in
      --seconds)
        case ${2-} in '' | *[!0-9]*) say "fuzz: --seconds takes a number" && return 2 ;; esac
        seconds=$2 && shift
        ;;
      --list) list=1 ;;
      -h | --help) fuzz_usage && return 0 ;;
      -*) say "fuzz: unknown option '$1'" && fuzz_usage >&2 && return 2 ;;
      *) targets+=("fuzz-${1#fuzz-}") ;;
    esac
    shift
  done
  setup_system
  fuzz_prepare
  local all
  all=$(make -s -C "$build/fuzz" -f - print <<<"include Makefile
print: ; @echo \$(notdir \$(FUZZ_TARGETS))")
  if [ -n "$list" ]; then
    printf '%s\n' "$all" | tr ' ' '\n'
    return 0
  fi
  # shellcheck disable=SC2206
  [ ${#targets[@]} -gt 0 ] || targets=($all)
  fuzz_run "$seconds" "${targets[@]}"
}

fuzz_prepare() {
  setup_packages clang libclang-rt-14-dev
  run_logged "$build/log/build-fuzz.log" "build of the fuzz targets" fuzz_build
}

# The parsers of the tests' own guest are targets, too, so the tests are not left out.
fuzz_build() {
  local tree=$build/fuzz
  # A tree that an older checkout configured without them is configured again.
  if "$tree/config.status" --config 2>/dev/null | grep -q -e --disable-tests; then
    rm "$tree/config.status"
  fi
  build_configure "$tree" CC=clang --enable-fuzz --enable-sanitizers
  make -C "$tree" --silent -j "$(nproc)" fuzz-targets
}

fuzz_run() {
  local seconds=$1 target passed=0 failed=0
  shift
  for target in "$@"; do
    [ -x "$build/fuzz/tests/fuzz/$target" ] || { say "fuzz: no target '$target'; see ./dev fuzz --list" && return 2; }
    if fuzz_one "$target" "$seconds"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  done
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" = 0 ]
}

# Runs one target, and says in a line what it did, or how to replay what it found.
fuzz_one() { # TARGET SECONDS
  local target=$1 corpus=$build/fuzz/corpus/$1 log=$build/log/$1.log
  mkdir -p "$corpus" "$build/log"
  if "$build/fuzz/tests/fuzz/$target" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$corpus-" "$corpus" "$top/tests/fuzz/corpus/${target#fuzz-}" >"$log" 2>&1; then
    echo "# $target: $(sed -n 's/^Done \(.*\) in .*/\1/p' "$log")"
  else
    echo "# FAIL $target: log in ${log#"$top"/}; replay with"
    sed -n "s|.*Test unit written to \(.*\)|#     build/fuzz/tests/fuzz/$target \1|p" "$log"
    return 1
  fi
}
