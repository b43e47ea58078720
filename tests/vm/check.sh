# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# check.sh - ./dev check: the tests of every commit
#
# A case is a command that prints TAP: lint (tests/lint/*.sh), unit (a program of UNIT_TESTS, built
# with sanitizers), fuzz (a target over its corpus, likewise), host (tests/host/*.sh), and vm
# (tests/vm/cases/*.sh, once for each kernel).  The runner counts lines, never trusts a status alone,
# and takes a missing line, a wrong plan or a time-out for a failure.

check_usage() {
  cat <<'EOF'
usage: ./dev check [--only PATTERN] [--list] [--all-kernels] [--kernel NAME]

Runs the tests; the last line is "N passed, N failed, N skipped".

  --only PATTERN   only the cases whose name matches the shell pattern, for example 'vm/*'
  --list           names the cases and runs none
  --kernel NAME    VM cases on this kernel of tests/vm/kernels.list
  --all-kernels    VM cases on all of them
EOF
}

cmd_check() {
  check_only='*' check_kernels=("$images_default_kernel")
  local list=''
  while [ $# -gt 0 ]; do
    case $1 in
      --only) check_only=${2?"--only needs a pattern"} && shift ;;
      --kernel) check_kernels=("${2?"--kernel needs a name"}") && shift ;;
      --all-kernels) mapfile -t check_kernels < <(images_kernel_names) ;;
      --list) list=1 ;;
      -h | --help) check_usage && return 0 ;;
      *) say "check: unknown option '$1'" && check_usage >&2 && return 2 ;;
    esac
    shift
  done
  setup_system
  run_logged "$build/log/build-check.log" "build with sanitizers" check_build
  local kernel cases
  cases=$(check_cases)
  if [[ $'\n'$cases == *$'\n'vm/* ]]; then
    build_host
    for kernel in "${check_kernels[@]}"; do images_kernel "$kernel" && build_drivers "$kernel"; done
    build_agent
    images_debian
  fi
  if [ -n "$list" ]; then printf '%s\n' "$cases"; else check_run <<<"$cases"; fi
}

check_build() {
  ASAN_OPTIONS=detect_leaks=0 build_tree "$build/check" --enable-sanitizers --prefix=/usr --sysconfdir=/etc
  make -C "$build/check" --silent -j "$(nproc)" check TESTS=
}

check_make_var() { make -s -C "$build/check" -f - print <<<"include Makefile
print: ; @echo \$($1)"; }

# The names of the cases that were asked for, in the order in which they run.
check_cases() {
  local file name kernel
  {
    for file in "$top"/tests/lint/*.sh; do name=${file##*/} && echo "lint/${name%.sh}"; done
    for name in $(check_make_var UNIT_TESTS); do echo "unit/${name##*/}"; done
    for name in $(check_make_var FUZZ_TARGETS); do echo "fuzz/${name##*/}"; done
    for file in "$top"/tests/host/*.sh; do
      [ ! -x "$file" ] || { name=${file##*/} && echo "host/${name%.sh}"; }
    done
    for file in "$top"/tests/vm/cases/*.sh; do
      name=${file##*/}
      for kernel in "${check_kernels[@]}"; do echo "vm/${name%.sh}@$kernel"; done
    done
  } | while read -r name; do
    # shellcheck disable=SC2254
    case $name in $check_only) echo "$name" ;; esac
  done
}

# check_command NAME: runs one case; its TAP is on standard output.
check_command() {
  local kind=${1%%/*} name=${1#*/}
  export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
  case $kind in
    lint) bash "$top/tests/lint/$name.sh" "$top" ;;
    unit) "$build/check/tests/unit/$name" --shuffle "$check_seed" ;;
    fuzz)
      echo 1..1
      "$build/check/tests/fuzz/$name" "$top/tests/fuzz/corpus/${name#fuzz-}" &&
        echo "ok - every input of the corpus is survived"
      ;;
    host) VMTKIT_BUILD=$build/check TOP=$top bash "$top/tests/host/$name.sh" ;;
    vm) check_vm "${name%@*}" "${name#*@}" ;;
  esac
}

# A VM case is a file with options=(...), plan=N and the functions guest and host (either may be
# missing); see tests/vm/cases/README.md.
check_vm() {
  local file=$top/tests/vm/cases/$1.sh kernel=$2 dir
  dir=$(mktemp -d "$build/run/case.XXXXXX")
  (
    options=() plan=0 wanted_status=0
    guest() { :; }
    # shellcheck source=/dev/null
    . "$file"
    echo "1..$plan"
    {
      cat "$top/tests/vm/tap.sh"
      # bash prints an inner function with a word that sh does not know.
      declare -f guest | sed 's/^\( *\)function \([a-z_]* ()\)/\1\2/'
      echo 'guest; exit $?'
    } >"$dir/guest.sh"
    set -- "${options[@]}"
    [ "$(type -t host)" != function ] ||
      set -- "$@" --host-cmd "set -u; top='$top' build='$build'; . '$top/tests/vm/tap.sh'; . '$file'; host"
    "$top/dev" vm --built --kernel "$kernel" "$@" --copy "$dir/guest.sh:/test/guest.sh" -- sh /test/guest.sh
    status=$?
    [ "$status" = "$wanted_status" ] || { echo "# ./dev vm ended with $status" && exit 1; }
  )
  local status=$?
  rm -rf "$dir"
  return $status
}

check_run() {
  local name log start status passed=0 failed=0 skipped=0 count
  check_seed=$(date +%s)
  rm -rf "$build/log/check"
  : >"$build/check-times"
  mkdir -p "$build/run"
  say "check: unit tests in the order of seed $check_seed"
  while read -r name <&8; do
    log=$build/log/check/$name.log
    mkdir -p "$(dirname "$log")"
    start=$SECONDS status=0
    (check_command "$name") >"$log" 2>&1 </dev/null || status=$?
    count=$(check_count "$log" "$status")
    # shellcheck disable=SC2086
    set -- $count
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
    printf '%-4s %-40s %3d passed %s%s %4d s\n' "$([ "$2" = 0 ] && echo ok || echo FAIL)" "$name" "$1" \
      "$([ "$2" = 0 ] || echo "$2 failed ")" "$([ "$3" = 0 ] || echo "$3 skipped ")" $((SECONDS - start))
    [ "$2" = 0 ] || check_show "$log" "$status"
    printf '%d %s\n' $((SECONDS - start)) "$name" >>"$build/check-times"
  done 8<&0
  printf '\nslowest:\n'
  sort -rn "$build/check-times" | head -n 10 | awk '{ printf "  %4d s  %s\n", $1, $2 }'
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
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
