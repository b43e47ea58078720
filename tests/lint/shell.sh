# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# shell.sh TOP - shellcheck over every shell script
set -u
cd "$1" || exit 2

echo 1..2
# dev reads its parts; -x follows them, so that names and uses are seen together.
if out=$(shellcheck -S warning -x dev 2>&1); then echo "ok - dev and its parts"; else
  echo "not ok - dev and its parts"
  printf '%s\n' "$out" | sed 's/^/# /'
fi
mapfile -t files < <({
  git ls-files -co --exclude-standard 'tests/lint/*.sh' 'tests/host/*.sh' 'tests/vm/tap.sh' 'tests/vm/debian-root.sh' 'tests/bench/*.sh'
  git grep -lE --untracked '^#!.*(bin/|env |busybox )(ba|da)?sh' -- tests packaging .ci
} | sort -u)
if out=$(shellcheck -S warning -x "${files[@]}" 2>&1); then echo "ok - ${#files[@]} other scripts"; else
  echo "not ok - other scripts"
  printf '%s\n' "$out" | sed 's/^/# /'
fi
