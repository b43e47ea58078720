#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cli-lines.sh FILE - runs each line of FILE (see cli-lines) and prints what it did, so that two runs
# over the programs of two makers can be compared
set -u

nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

filled() { [ -s "$1" ] && echo "something" || echo "nothing"; }

out=$(mktemp) err=$(mktemp)
while IFS= read -r line; do
  case $line in '= '* | '~ '*) ;; *) continue ;; esac
  eval "${line#* }" >"$out" 2>"$err" </dev/null
  printf '%s\nstatus %s\n' "$line" "$?"
  case $line in
    '='*) sed 's/^/out /' "$out" && sed 's/^/err /' "$err" ;;
    '~'*) printf 'out %s\nerr %s\n' "$(filled "$out")" "$(filled "$err")" ;;
  esac
done <"$1"
rm -f "$out" "$err"
