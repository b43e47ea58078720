# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# tap.sh - what the two halves of a VM case say: one TAP line for each thing seen, in plain sh, for
# the guest's busybox or dash and the host's bash alike

# check SENTENCE COMMAND...: ok when the command succeeds; else its output as comments.
check() {
  _sentence=$1
  shift
  if _out=$("$@" 2>&1); then
    printf 'ok - %s\n' "$_sentence"
  else
    printf 'not ok - %s\n# status %s of: %s\n' "$_sentence" "$?" "$*"
    printf '%s\n' "$_out" | head -n 20 | sed 's/^/# /'
  fi
}

# check_is SENTENCE WANTED COMMAND...: ok when the command prints exactly WANTED.
check_is() {
  _sentence=$1 _want=$2
  shift 2
  _out=$("$@" 2>&1)
  if [ "$_out" = "$_want" ]; then
    printf 'ok - %s\n' "$_sentence"
  else
    printf 'not ok - %s\n# of: %s\n' "$_sentence" "$*"
    printf 'wanted: %s\ngot: %s\n' "$_want" "$_out" | head -n 20 | sed 's/^/# /'
  fi
}

# wait_for SECONDS COMMAND...: runs the command until it succeeds, at most so long; times time_factor, on
# kernels that are slow for what they check.
wait_for() {
  _end=$(($(cut -d . -f 1 /proc/uptime) + $1 * ${time_factor:-1}))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(cut -d . -f 1 /proc/uptime)" -lt "$_end" ] || return 1
    sleep 0.1
  done
}
