# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# coverage.sh - ./dev check --coverage: what unit tests, corpora and host tests reach
#
# The cases run from build/coverage, a tree of its own with gcov's counters: user space, and the pure
# files of the modules that unit tests link.  build/coverage/report then has
#
#   folders.txt, folders.json   lines and functions of each folder, and how many were reached
#   unreached.txt               FILE:LINE FUNCTION of every function that nothing reached
#   lines.txt                   FILE: ranges of lines that nothing reached
#
# VM cases take no part: a kernel's counters, and those of a process without rights, come to no file.

coverage_configure() {
  build_configure "$build/coverage" --prefix=/usr --sysconfdir=/etc \
    CFLAGS="-g -O0 --coverage -fprofile-update=atomic" LDFLAGS=--coverage
}

coverage_prepare() {
  setup_packages gcovr jq
  find "$build/coverage" -name '*.gcda' -delete
}

coverage_report() {
  local dir=$build/coverage/report
  mkdir -p "$dir"
  run_logged "$build/log/coverage.log" "reading of gcov's counters" coverage_read "$dir"
  coverage_folders "$dir/lines.json" >"$dir/folders.json"
  jq -r '(["folder", "lines", "reached", "%", "functions", "reached", "%"] | @tsv),
    (.[] | [.folder, .lines, .lines_reached, .lines_percent, .functions, .functions_reached, .functions_percent] | @tsv)' \
    "$dir/folders.json" | column -t -s $'\t' >"$dir/folders.txt"
  jq -r '.files[] | .file as $file | .functions[]? | select(.execution_count == 0) | "\($file):\(.lineno) \(.name)"' \
    "$dir/lines.json" | sort -t : -k 1,1 -k 2,2n >"$dir/unreached.txt"
  jq -r '.files[] | .file as $file | [.lines[] | select((."gcovr/noncode" | not) and .count == 0) | .line_number] | unique | select(length > 0)
    | reduce .[] as $n ([]; if length > 0 and .[-1][1] == $n - 1 then .[-1][1] = $n else . + [[$n, $n]] end)
    | "\($file): " + (map(if .[0] == .[1] then "\(.[0])" else "\(.[0])-\(.[1])" end) | join(" "))' \
    "$dir/lines.json" >"$dir/lines.txt"
  printf '\n'
  cat "$dir/folders.txt"
  printf '\n%d functions that nothing reaches are in %s\n' "$(wc -l <"$dir/unreached.txt")" "${dir#"$top"/}/unreached.txt"
}

coverage_read() {
  (cd "$build/coverage" && gcovr --root "$top" --object-directory . --exclude "$top/tests/" --exclude "$build/" \
    --json "$1/lines.json" .)
}

coverage_folders() {
  jq 'def percent(a; b): if b == 0 then 100 else (1000 * a / b | round / 10) end;
    [.files[] | .lines |= map(select(."gcovr/noncode" | not)) | {folder: (.file | sub("/[^/]*$"; "")), lines: (.lines | map(.line_number) | unique | length),
      reached: ([.lines[] | select(.count > 0) | .line_number] | unique | length),
      functions: (.functions | length), called: ([.functions[]? | select(.execution_count > 0)] | length)}]
    | group_by(.folder) | map({folder: .[0].folder, lines: (map(.lines) | add), lines_reached: (map(.reached) | add),
      functions: (map(.functions) | add), functions_reached: (map(.called) | add)}
      | . + {lines_percent: percent(.lines_reached; .lines), functions_percent: percent(.functions_reached; .functions)})' "$1"
}
