# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# man.sh TOP - every page is clean mdoc; every program and public header has one; what --help names,
# the page has
set -u
cd "$1" || exit 2

mapfile -t pages < <(git ls-files -co --exclude-standard 'man/*.[1-9]')
echo 1..4
if out=$(mandoc -T lint -W warning "${pages[@]}" 2>&1) && [ ${#pages[@]} -gt 0 ]; then
  echo "ok - ${#pages[@]} pages are clean"
else
  echo "not ok - pages are clean"
  printf '%s\n' "$out" | sed 's/^/# /'
fi

missing=''
for name in vmd.8 vmctl.8 vm-container.8 vm.conf.5 vmci.4 vmsock.4 vmt.4 vmci_sockets.3 vmtd.8 vmtd.conf.5 vmtctl.1; do
  [ -e "man/$name" ] || missing+=" $name"
done
[ -z "$missing" ] && echo "ok - each program, module, header and format has a page" ||
  echo "not ok - missing pages:$missing"

# Rows: program, page.  Options and verbs of --help (its own, and each verb's) and of the page's lists are
# the same set; --help and --version go without saying.
programs='vmd vmd.8
vmctl vmctl.8
cli/vmtctl vmtctl.1
agent/vmtd vmtd.8'

help_verbs() { sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p'; }

help_words() { # PROGRAM
  local text verb
  text=$("$1" --help 2>&1)
  for verb in $(help_verbs <<<"$text"); do
    echo "$verb"
    text+=$'\n'$("$1" "$verb" --help 2>&1)
  done
  grep -oE -- '(^|[[:space:],[|])-(-[a-z][a-z-]+|[a-zA-Z]\b)' <<<"$text" | grep -oE -- '-.*'
}

page_words() { # PAGE
  awk '/^\.It (Cm|Fl)/ {
    for (i = 2; i <= NF; i++) {
      if ($i == "Fl") print "-" $(i + 1)
      if ($i == "Cm" && (i == 2 || $(i - 1) == ",") && $(i + 1) ~ /^[a-z-]+$/) print $(i + 1)
    }
  }' "$1"
}

bad='' words=0
while read -r program page; do
  help=$(help_words "build/check/$program" | grep -vxE -- '--(help|version)|-[hv]' | sort -u)
  page_list=$(page_words "man/$page" | grep -vxE -- '--(help|version)|-[hv]' | sort -u)
  words=$((words + $(wc -l <<<"$help")))
  # What --help has may stand anywhere in the page; what the page lists must be in --help.
  for word in $help; do
    grep -qE -- "(Fl|Cm) ([^ ]+ )*${word#-}|^$word$|\| -?${word#-}" "man/$page" || bad+="# man/$page lacks $word of --help"$'\n'
  done
  for word in $page_list; do
    grep -qxF -- "$word" <<<"$help" || bad+="# $program --help lacks $word of man/$page"$'\n'
  done
done <<<"$programs"
if [ -z "$bad" ] && [ "$words" -gt 20 ]; then echo "ok - pages and --help have the same $words options and verbs"; else
  echo "not ok - pages and --help have the same options and verbs"
  printf '%s' "$bad"
fi

bad=$(sed -nE 's/^\t\{ "([A-Za-z]+)", "([^"]+)", (FLAG|NUMBER|LIST|TEXT|LEVEL), .*/\1 \2/p' lib/conf.c | while read -r group key; do
  awk -v g="$group" -v k="$key" '$1 == ".Ss" { in_g = $0 ~ "\\[" g "\\]" } in_g && $1 == ".It" && $3 == k { f = 1 } END { exit !f }' man/vmtd.conf.5 ||
    echo "# vmtd.conf.5 lacks [$group] $key"
done)
if [ -z "$bad" ]; then echo "ok - vmtd.conf.5 has every key that the agent follows"; else
  echo "not ok - vmtd.conf.5 has every key that the agent follows"
  printf '%s\n' "$bad"
fi
