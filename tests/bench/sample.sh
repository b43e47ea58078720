# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# sample.sh - what a bench prints, in plain sh, for the guest's busybox or dash and the host's bash alike

# sample PLOT SERIES X Y: one measurement; X is a whole number or a name.
sample() {
  case $3 in
    *[!0-9]* | '') printf '{"plot":"%s","series":"%s","x":"%s","y":%s}\n' "$@" ;;
    *) printf '{"plot":"%s","series":"%s","x":%s,"y":%s}\n' "$@" ;;
  esac
}

# milliseconds COMMAND...: how long it took, with three decimals; fails when the command does.
milliseconds() {
  _from=$(date +%s%N)
  "$@" >/dev/null 2>&1 || return
  _took=$(($(date +%s%N) - _from))
  printf '%d.%03d\n' $((_took / 1000000)) $((_took / 1000 % 1000))
}
