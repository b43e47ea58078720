# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# check.sh - ./dev check: the tests of every commit; ./dev soak: the same with long counts
#
# A case is a command that prints TAP: lint (tests/lint/*.sh), unit (a program of UNIT_TESTS, built
# with sanitizers), fuzz (a target over its corpus, likewise), host (tests/host/*.sh), and vm
# (tests/vm/cases/*.sh, once for each kernel).  The runner counts lines, never trusts a status alone,
# and takes a missing line, a wrong plan or a time-out for a failure.
#
# As many cases run side by side as there are processors; each is a process group of its own, writes
# its log and last its result, build/log/check/NAME.log{,.result}, and is shown when it ends.

check_tier=check check_tree=$build/check

check_usage() {
  cat <<'EOF'
usage: ./dev check [--only PATTERN] [--list] [--all-kernels] [--kernel NAME]... [--jobs N] [--coverage]

Runs the tests; the last line is "N passed, N failed, N skipped".

  --only PATTERN   only the cases whose name matches the shell pattern, for example 'vm/*'
  --list           names the cases and runs none
  --kernel NAME    VM cases on this kernel of tests/vm/kernels.list only; may be repeated.  One that
                   checks itself (see ./dev debug-kernel) runs nothing else, and each report fails
  --all-kernels    VM cases on all stock kernels, not only those of every check
  --jobs N         so many cases at once (one for each processor)
  --coverage       unit, fuzz and host cases only, with gcov; a table of what they reach of each
                   folder, and more under build/coverage/report
EOF
}

soak_usage() {
  cat <<'EOF'
usage: ./dev soak [--only PATTERN] [--list] [--kernel NAME]... [--jobs N]

Runs the cases that tests/vm/counts has long counts for, with those, and each fuzz target for ten
minutes.  This takes hours.  The options are those of ./dev check.
EOF
}

cmd_check() {
  check_tier=check
  check_main "$@"
}

cmd_soak() {
  check_tier=soak
  check_main "$@"
}

check_main() {
  check_only='*' check_kernels=() check_jobs=$(nproc) check_kinds='lint unit fuzz host vm'
  check_tree=$build/check check_coverage=''
  local list=''
  check_parse "$@" || return $?
  [ ${#check_kernels[@]} -gt 0 ] || mapfile -t check_kernels < <(images_kernel_names check)
  setup_system
  run_logged "$build/log/configure-check.log" "configuration of the checked tree" check_configure
  local cases
  cases=$(check_cases)
  [ -n "$cases" ] || { say "$check_tier: no case matches '$check_only'" && return 2; }
  if [ -n "$list" ]; then
    printf '%s\n' "$cases"
  else
    check_prepare "$cases"
    local status=0
    check_run <<<"$cases" || status=$?
    [ -z "$check_coverage" ] || coverage_report
    return "$status"
  fi
}

# Sets check_* and list; 2 after a wrong option, and ends the program after --help.
check_parse() {
  while [ $# -gt 0 ]; do
    case $1 in
      --list) list=1 ;;
      --coverage) check_coverage=1 check_tree=$build/coverage check_kinds='unit fuzz host' ;;
      --all-kernels) mapfile -t check_kernels < <(images_kernel_names check all) ;;
      -h | --help) "${check_tier}_usage" && exit 0 ;;
      --only | --kernel | --jobs)
        [ $# -ge 2 ] || { say "$check_tier: $1 needs a value" && return 2; }
        case $1 in
          --only) check_only=$2 ;;
          --kernel) check_kernel_add "$2" || return 2 ;;
          --jobs) check_jobs=$2 ;;
        esac
        shift
        ;;
      *) say "$check_tier: unknown option '$1'" && "${check_tier}_usage" >&2 && return 2 ;;
    esac
    shift
  done
  case $check_jobs in
    '' | 0* | *[!0-9]*) say "$check_tier: --jobs takes a number above 0, not '$check_jobs'" && return 2 ;;
  esac
}

check_kernel_add() {
  (images_kernel_field "$1" 1) >/dev/null || return 2
  check_kernels+=("$1")
  [ "$(images_kernel_field "$1" 5)" = stock ] || check_kinds=vm
}

check_configure() {
  [ -z "$check_coverage" ] || { coverage_configure && return; }
  ASAN_OPTIONS=detect_leaks=0 build_configure "$build/check" --enable-sanitizers --prefix=/usr --sysconfdir=/etc
}

check_build() {
  ASAN_OPTIONS=detect_leaks=0 make -C "$check_tree" --silent -j "$(nproc)" all
  make -C "$check_tree" --silent -j "$(nproc)" check TESTS=
}

# What the cases need: the checked tree, and for VM cases their programs, kernels and images.
check_prepare() {
  local kernel
  run_logged "$build/log/build-check.log" "build of what is checked" check_build
  [ -z "$check_coverage" ] || coverage_prepare
  [[ $'\n'$1 != *$'\n'fuzz/* || $check_tier != soak ]] || fuzz_prepare
  [[ $'\n'$1 == *$'\n'vm/* ]] || return 0
  build_host
  for kernel in "${check_kernels[@]}"; do images_kernel "$kernel" && build_drivers "$kernel"; done
  build_agent
  images_debian
}

# A variable of the tree's Makefile; make may first say how it makes that Makefile anew.
check_make_var() {
  make -s -C "$check_tree" -f - print <<<"include Makefile
print: ; @echo '=' \$($1)" | sed -n 's/^= //p'
}

# The names of the cases that were asked for, in the order in which they start.
check_cases() {
  local kind name
  for kind in $check_kinds; do check_kind "$kind"; done | while read -r name; do
    # shellcheck disable=SC2254
    case $name in $check_only) check_in_tier "$name" && echo "$name" || true ;; esac
  done
}

check_kind() {
  local file name kernel
  case $1 in
    lint) for file in "$top"/tests/lint/*.sh; do name=${file##*/} && echo "lint/${name%.sh}"; done ;;
    unit) for name in $(check_make_var UNIT_TESTS); do echo "unit/${name##*/}"; done ;;
    fuzz) for name in $(check_make_var FUZZ_TARGETS); do echo "fuzz/${name##*/}"; done ;;
    host)
      for file in "$top"/tests/host/*.sh; do
        [ ! -x "$file" ] || { name=${file##*/} && echo "host/${name%.sh}"; }
      done
      ;;
    vm)
      for file in "$top"/tests/vm/cases/*.sh; do
        name=${file##*/}
        for kernel in "${check_kernels[@]}"; do
          check_can_run "$file" "$kernel" && echo "vm/${name%.sh}@$kernel" || true
        done
      done
      ;;
  esac
}

# A case with a line needs=CONFIG is for kernels of that configuration only.
check_can_run() { # FILE KERNEL
  local needs
  needs=$(sed -n 's/^needs=//p' "$1")
  [ -z "$needs" ] || [ "$needs" = "$(images_kernel_field "$2" 5)" ]
}

# Long counts are for the cases that have one.
check_in_tier() {
  local name=${1#*/}
  [ "$check_tier" != check ] || return 0
  case $1 in
    fuzz/*) ;;
    vm/*) grep -q 'count_[a-z]' "$top/tests/vm/cases/${name%@*}.sh" ;;
    host/*) grep -q 'count_[a-z]' "$top/tests/host/$name.sh" ;;
    *) false ;;
  esac
}

# The counts of the tier as assignments.
check_counts() {
  awk -v tier="$check_tier" '$1 == "#" && $2 == "name" { for (i = 3; i <= NF; i++) if ($i == tier) col = i - 1 }
    !/^#/ && NF { print "count_" $1 "=" $col }' "$top/tests/vm/counts"
}

# check_command NAME: runs one case; its TAP is on standard output.
check_command() {
  local kind=${1%%/*} name=${1#*/} limit='timeout --foreground --kill-after 10'
  export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
  case $kind in
    lint) $limit 1200 bash "$top/tests/lint/$name.sh" "$top" ;;
    unit) $limit 300 "$check_tree/tests/unit/$name" --shuffle "$check_seed" ;;
    fuzz) check_fuzz "$name" ;;
    host)
      eval "$(check_counts | sed 's/^/export /')"
      VMTKIT_BUILD=$check_tree TOP=$top bash "$top/tests/host/$name.sh"
      ;;
    vm) check_vm "${name%@*}" "${name#*@}" ;;
  esac
}

check_fuzz() {
  local seconds
  seconds=$(check_counts | sed -n 's/^count_fuzz_seconds=//p')
  echo 1..1
  if [ "$seconds" = 0 ]; then
    $limit 300 "$check_tree/tests/fuzz/$1" "$top/tests/fuzz/corpus/${1#fuzz-}" &&
      echo "ok - every input of the corpus is survived"
  else
    fuzz_one "$1" "$seconds" && echo "ok - every input of $seconds seconds is survived"
  fi
}

# A VM case is a file with options=(...), plan=N and the functions guest and host (either may be
# missing); see tests/vm/cases/README.md.
check_vm() {
  local file=$top/tests/vm/cases/$1.sh kernel=$2 dir prelude
  dir=$(mktemp -d "$build/run/case.XXXXXX")
  prelude=$(check_counts && echo "time_factor=$(images_kernel_field "$kernel" 6)")
  (
    options=() plan=0 wanted_status=0
    guest() { :; }
    eval "$prelude"
    # shellcheck source=/dev/null
    . "$file"
    echo "1..$plan"
    {
      printf '%s\n' "$prelude"
      cat "$top/tests/vm/tap.sh"
      # bash prints an inner function with a word that sh does not know.
      declare -f guest | sed 's/^\( *\)function \([a-z_]* ()\)/\1\2/'
      echo 'guest; exit $?'
    } >"$dir/guest.sh"
    set -- "${options[@]}"
    [ "$(type -t host)" != function ] || set -- "$@" --host-cmd \
      "set -u; top='$top' build='$build'; ${prelude//$'\n'/; }; . '$top/tests/vm/tap.sh'; . '$file'; host"
    "$top/dev" vm --built --kernel "$kernel" "$@" --copy "$dir/guest.sh:/test/guest.sh" -- sh /test/guest.sh
    status=$?
    [ "$status" = "$wanted_status" ] || { echo "# ./dev vm ended with $status" && exit 1; }
  )
  local status=$?
  rm -rf "$dir"
  return $status
}

check_run() {
  check_seed=$(date +%s) check_total=$(mktemp "$build/check-total.XXXXXX")
  local name pid running=0 start=$SECONDS
  rm -rf "$build/log/check"
  : >"$build/check-times"
  mkdir -p "$build/run"
  say "$check_tier: $check_jobs at once; unit tests in the order of seed $check_seed"
  trap 'check_end' EXIT
  trap 'exit 130' INT TERM
  declare -gA check_pids=()
  while read -r name <&8; do
    [ "$running" -lt "$check_jobs" ] || { check_reap && running=$((running - 1)); }
    # A group of its own: an interrupted check ends all that the case started.
    set -m
    (check_one "$name") 8<&- </dev/null &
    set +m
    check_pids[$!]=$name
    running=$((running + 1))
  done 8<&0
  while [ "$running" -gt 0 ]; do check_reap && running=$((running - 1)); done
  trap - EXIT INT TERM
  printf '\nslowest:\n'
  sort -rn "$build/check-times" | head -n 10 | awk '{ printf "  %4d s  %s\n", $1, $2 }'
  printf '\n%d s in all\n' $((SECONDS - start))
  awk '{ p += $1; f += $2; s += $3 } END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f || !p }' \
    "$check_total" || pid=failed
  rm -f "$check_total"
  [ "${pid-}" != failed ]
}

check_end() {
  local pid
  for pid in "${!check_pids[@]}"; do kill -TERM -- "-$pid" 2>/dev/null || true; done
  wait
  rm -f "$check_total"
}

check_one() {
  local log=$build/log/check/$1.log start=$SECONDS status=0
  mkdir -p "$(dirname "$log")"
  (check_command "$1") >"$log" 2>&1 || status=$?
  printf '%s %s %s\n' "$(check_count "$log" "$status")" "$status" $((SECONDS - start)) >"$log.result"
}

# Waits for one case to end, and shows what it came to.
check_reap() {
  local pid='' name log passed=0 failed=1 skipped=0 status=none seconds=0
  wait -n -p pid "${!check_pids[@]}" || true
  name=${check_pids[$pid]} log=$build/log/check/${check_pids[$pid]}.log
  unset "check_pids[$pid]"
  [ ! -e "$log.result" ] || read -r passed failed skipped status seconds <"$log.result"
  rm -f "$log.result"
  printf '%s %s %s\n' "$passed" "$failed" "$skipped" >>"$check_total"
  printf '%d %s\n' "$seconds" "$name" >>"$build/check-times"
  printf '%-4s %-40s %3d passed %s%s %4d s\n' "$([ "$failed" = 0 ] && echo ok || echo FAIL)" "$name" "$passed" \
    "$([ "$failed" = 0 ] || echo "$failed failed ")" "$([ "$skipped" = 0 ] || echo "$skipped skipped ")" "$seconds"
  [ "$failed" = 0 ] || check_show "$log" "$status"
}

# Prints "passed failed skipped" of a log.  Failures: each `not ok`; lines that the plan promised and
# that are missing; a status other than 0 that no `not ok` explains; no plan.
check_count() {
  awk -v status="$2" '
    /^1\.\.[0-9]+$/ { plan += substr($0, 4); planned = 1 }
    /^ok .*# SKIP ./ { skipped++; next }
    /^ok( |$)/ { passed++ }
    /^not ok( |$)/ { failed++ }
    END {
      missing = plan - passed - failed - skipped
      if (missing < 0) missing = -missing
      bad = failed + missing
      if (!bad && (status != 0 || !planned)) bad = 1
      print passed + 0, bad, skipped + 0
    }' "$1"
}

check_show() {
  echo "     status $2; ${1#"$top"/} says:"
  { grep -A 4 '^not ok' "$1" || tail -n 25 "$1"; } | head -n 60 | sed 's/^/     | /'
}
