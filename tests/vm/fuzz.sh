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
      --seconds) seconds=${2?"--seconds needs a number"} && shift ;;
      --list) list=1 ;;
      -h | --help) fuzz_usage && return 0 ;;
      -*) say "fuzz: unknown option '$1'" && fuzz_usage >&2 && return 2 ;;
      *) targets+=("fuzz-${1#fuzz-}") ;;
    esac
    shift
  done
  setup_system
  setup_packages clang libclang-rt-14-dev
  run_logged "$build/log/build-fuzz.log" "build of the fuzz targets" fuzz_build
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
  local seconds=$1 target passed=0 failed=0 corpus
  shift
  for target in "$@"; do
    [ -x "$build/fuzz/tests/fuzz/$target" ] || die "no fuzz target '$target'; see ./dev fuzz --list"
    corpus=$build/fuzz/corpus/$target
    mkdir -p "$corpus"
    if "$build/fuzz/tests/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
      -artifact_prefix="$corpus-" "$corpus" "$top/tests/fuzz/corpus/${target#fuzz-}" \
      >"$build/log/$target.log" 2>&1; then
      passed=$((passed + 1))
      echo "ok   $target: $(sed -n 's/^Done \(.*\) in .*/\1/p' "$build/log/$target.log")"
    else
      failed=$((failed + 1))
      echo "FAIL $target: log in build/log/$target.log; replay with"
      sed -n "s|.*Test unit written to \(.*\)|     build/fuzz/tests/fuzz/$target \1|p" "$build/log/$target.log"
    fi
  done
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" = 0 ]
}
