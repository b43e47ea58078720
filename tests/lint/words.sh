# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# words.sh TOP - no promise of later work, no path of the machine it was written on, no mirror's name
set -u
cd "$1" || exit 2

none() { # SENTENCE PATTERN [PATHSPEC...]
  local sentence=$1 pattern=$2 out
  shift 2
  if out=$(git grep -nE -I --untracked "$pattern" -- "$@" ':!tests/lint/words.sh' ':!LICENSES' ':!tests/fuzz/corpus'); then
    echo "not ok - $sentence"
    printf '%s\n' "$out" | head -n 20 | sed 's/^/# /'
  else
    echo "ok - $sentence"
  fi
}

echo 1..4
none "nothing is left for later" '\b(TODO|FIXME|XXX|HACK)\b|[Nn]ot implemented|[Uu]nimplemented|[Ff]or now\b'
none "no path of the machine it is checked on" "$(dirname "$1" | sed 's/[.[\*^$]/\\&/g')/" '*'
none "no mirror is named" '\b(deb|security|ftp)\.debian\.org\b' '*'
none "cases wait for events, not for time" '^[[:space:]]*sleep [0-9]' tests/vm/cases tests/host
