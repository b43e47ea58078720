# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# man.sh TOP - every page is clean mdoc; every program and public header has one; what --help names,
# the page has
set -u
cd "$1" || exit 2

mapfile -t pages < <(git ls-files -co --exclude-standard 'man/*.[1-9]')
echo 1..3
if out=$(mandoc -T lint -W warning "${pages[@]}" 2>&1) && [ ${#pages[@]} -gt 0 ]; then
  echo "ok - ${#pages[@]} pages are clean"
else
  echo "not ok - pages are clean"
  printf '%s\n' "$out" | sed 's/^/# /'
fi

missing=''
for name in vmd.8 vmctl.8 vm.conf.5 vmci.4 vmsock.4 vmt.4 vmci_sockets.3 vmtd.8 vmtctl.1; do
  [ -e "man/$name" ] || missing+=" $name"
done
[ -z "$missing" ] && echo "ok - each program, module, header and format has a page" ||
  echo "not ok - missing pages:$missing"

bad=''
for pair in vmd:vmd.8 vmctl:vmctl.8 cli/vmtctl:vmtctl.1 agent/vmtd:vmtd.8; do
  program=build/check/${pair%%:*} page=man/${pair#*:}
  text=$("$program" --help 2>&1) || bad+="# ${pair%%:*} --help failed"$'\n'
  for option in $(printf '%s\n' "$text" | grep -oE -- '(^|[[:space:],[|])--[a-z][a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u); do
    case $option in --help | --version) continue ;; esac
    mandoc -T ascii "$page" 2>/dev/null | col -b | tr -d '\n' | sed 's/- *//g' | grep -qF -- "$(printf '%s' "$option" | tr -d -- -)" ||
      bad+="# $page lacks $option"$'\n'
  done
done
if [ -z "$bad" ]; then echo "ok - the pages have every option that --help names"; else
  echo "not ok - the pages have every option that --help names"
  printf '%s' "$bad"
fi
