# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# boot.sh - a whole VM, from the start of ./dev vm to its end, with a command that does nothing
# shellcheck disable=SC2154

host() {
  for _ in $(seq 1 "$rounds"); do
    for userland in busybox debian; do
      took=$(milliseconds "$top/dev" vm --built --kernel "$kernel" --userland $userland -- true) || return
      sample vm-boot vmtkit $userland "$took"
    done
  done
}
