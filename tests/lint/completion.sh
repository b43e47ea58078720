# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# completion.sh TOP - what vmtctl --help names can be completed
set -u
cd "$1" || exit 2

# shellcheck source=/dev/null
. cli/completions/vmtctl

complete_line() { # WORD...: what is offered after them
  COMP_WORDS=(vmtctl "$@" '')
  COMP_CWORD=$(($# + 1))
  _vmtctl
  printf '%s\n' "${COMPREPLY[@]}"
}

program=build/check/cli/vmtctl bad=''
echo 1..2
for name in $("$program" --help | sed -nE 's/^  ([a-z]+) .*/\1/p'); do
  [ "$name" != vmtctl ] || continue
  complete_line | grep -qx -- "$name" || bad+="# $name is not offered"$'\n'
  for option in $("$program" "$name" --help | grep -oE -- '--[a-z]+' | sort -u); do
    complete_line "$name" | grep -qx -- "$option" || bad+="# $name: $option is not offered"$'\n'
  done
done
if [ -z "$bad" ]; then echo "ok - every command and its options are completed"; else
  echo "not ok - every command and its options are completed"
  printf '%s' "$bad"
fi
if [ "$(complete_line script power | tr '\n' ' ')" = 'current default enable disable set --help ' ] &&
  complete_line config get | grep -qx timeSync; then
  echo "ok - arguments are completed too"
else
  echo "not ok - arguments are completed too"
fi
