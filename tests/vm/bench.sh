# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# bench.sh - ./dev bench: ours against its peers, measured in one run
#
# A bench is a file of tests/bench/cases, which prints samples: JSON objects, one a line.  It runs in one
# VM, or on this machine, and alternates ours and the peer, so that both meet the same host.  What a
# plot shows is in tests/bench/plots.jq; medians, spread and ratios are made by tests/bench/report.jq
# and drawn by gnuplot.

bench_dir=$build/bench

bench_usage() {
  cat <<'EOF'
usage: ./dev bench [--quick] [--only PATTERN] [--kernel NAME] [--list] [--json] [--keep-samples]

Measures ours against its peers; prints a table with the ratios first.  The table, the same as JSON and a
plot of each figure as SVG are left in build/bench.

  --quick          fewer rounds and sizes; 5 minutes in all
  --only PATTERN   only the benches whose name matches the shell pattern
  --kernel NAME    kernel of the guests, of tests/vm/kernels.list (6.1)
  --list           names the benches and runs none
  --json           prints the JSON instead of the table
  --keep-samples   adds to the samples of earlier runs instead of starting anew
EOF
}

cmd_bench() {
  bench_only='*' bench_quick='' bench_kernel=$images_default_kernel
  local list='' json='' keep='' names status=0
  while [ $# -gt 0 ]; do
    case $1 in
      --quick) bench_quick=1 ;;
      --only) bench_only=${2?"--only needs a pattern"} && shift ;;
      --kernel) bench_kernel=${2?"--kernel needs a name"} && shift ;;
      --list) list=1 ;;
      --json) json=1 ;;
      --keep-samples) keep=1 ;;
      -h | --help) bench_usage && return 0 ;;
      *) say "bench: unknown option '$1'" && bench_usage >&2 && return 2 ;;
    esac
    shift
  done
  names=$(bench_names)
  [ -n "$names" ] || { say "bench: nothing matches '$bench_only'" && return 2; }
  if [ -n "$list" ]; then printf '%s\n' "$names" && return 0; fi
  images_kernel_field "$bench_kernel" 1 >/dev/null
  bench_prepare
  [ -n "$keep" ] || rm -rf "$bench_dir"
  mkdir -p "$bench_dir/samples"
  bench_run <<<"$names" || status=$?
  bench_report "$json"
  return "$status"
}

bench_names() {
  local file name
  for file in "$top"/tests/bench/cases/*.sh; do
    name=${file##*/} name=${name%.sh}
    # shellcheck disable=SC2254
    case $name in $bench_only) echo "$name" ;; esac
  done
}

bench_prepare() {
  setup_system
  setup_packages jq gnuplot-nox
  build_host
  images_kernel "$bench_kernel"
  build_drivers "$bench_kernel"
  build_agent
  images_debian
}

# Runs the benches that are named on standard input, one after the other: they share the processors.
bench_run() {
  local name start count failed=0
  while read -r name <&8; do
    start=$SECONDS
    if ! bench_case "$name" >"$bench_dir/samples/$name.out" 2>"$bench_dir/samples/$name.log"; then
      say "bench: $name failed; ${bench_dir#"$top"/}/samples/$name.log says:"
      tail -n 5 "$bench_dir/samples/$name.log" >&2
      failed=1
    fi
    # What is no sample is shown, and not taken for one.
    grep -v '^{' "$bench_dir/samples/$name.out" >&2 || true
    count=$(grep '^{' "$bench_dir/samples/$name.out" | tee -a "$bench_dir/samples/all.jsonl" | wc -l)
    say "bench: $name: $count samples in $((SECONDS - start)) s"
    [ "$count" -gt 0 ] || failed=1
  done 8<&0
  return $failed
}

# One bench: like a VM case (see tests/vm/cases/README.md), but it prints samples.  Both halves have
# tests/bench/sample.sh, $rounds and $quick; one without guest() needs no VM.  prepare(), if it is there,
# comes first; what it adds to vars, as NAME=WORD, both halves have as well.
bench_case() {
  local file=$top/tests/bench/cases/$1.sh dir status=0 rounds=5
  [ -z "$bench_quick" ] || rounds=3
  mkdir -p "$build/run"
  dir=$(mktemp -d "$build/run/bench.XXXXXX")
  (
    options=() vars=("rounds=$rounds" "quick=$bench_quick")
    # shellcheck source=/dev/null
    . "$file"
    [ "$(type -t prepare)" != function ] || prepare || exit
    bench_host_script "$file" "${vars[@]}" >"$dir/host.sh"
    if [ "$(type -t guest)" != function ]; then
      PATH=$build/host:$PATH bash "$dir/host.sh"
      exit
    fi
    {
      printf '%s\n' "${vars[@]}"
      cat "$top"/tests/{vm/tap,bench/sample,bench/stacks}.sh
      declare -f guest | sed 's/^\( *\)function \([a-z_]* ()\)/\1\2/'
      echo 'guest; exit $?'
    } >"$dir/guest.sh"
    set -- "${options[@]}"
    [ "$(type -t host)" != function ] || set -- "$@" --host-cmd ". '$dir/host.sh'"
    "$top/dev" vm --built --kernel "$bench_kernel" "$@" --copy "$dir/guest.sh:/test/guest.sh" -- sh /test/guest.sh
  ) || status=$?
  rm -rf "$dir"
  return $status
}

bench_host_script() { # FILE NAME=WORD...
  local file=$1
  shift
  printf "set -u; top='%s' build='%s' kernel='%s'\n" "$top" "$build" "$bench_kernel"
  printf '%s\n' "$@"
  printf ". '%s'\n" "$top/tests/vm/tap.sh" "$top/tests/bench/sample.sh" "$file"
  echo host
}

# The table, the JSON and the plots of all samples.
bench_report() { # JSON?
  local plot
  [ -s "$bench_dir/samples/all.jsonl" ] || return 0
  jq -n -L "$top/tests/bench" -f "$top/tests/bench/report.jq" "$bench_dir/samples/all.jsonl" \
    >"$bench_dir/report.json"
  jq -r -f "$top/tests/bench/table.jq" "$bench_dir/report.json" >"$bench_dir/report.txt"
  for plot in $(jq -r '.[].name' "$bench_dir/report.json"); do bench_plot "$plot"; done
  if [ -n "$1" ]; then cat "$bench_dir/report.json"; else cat "$bench_dir/report.txt"; fi
  say "bench: report.txt, report.json and the plots are in ${bench_dir#"$top"/}"
}

bench_plot() { # NAME
  jq -r --arg plot "$1" -f "$top/tests/bench/gnuplot.jq" "$bench_dir/report.json" |
    gnuplot -e "set output '$bench_dir/$1.svg'" - 2>>"$bench_dir/samples/gnuplot.log" ||
    say "bench: no plot of $1; see ${bench_dir#"$top"/}/samples/gnuplot.log"
}
