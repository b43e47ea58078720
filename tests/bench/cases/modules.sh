# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# modules.sh - what the modules cost: their memory, and the time to load and to unload them
# shellcheck disable=SC2034,SC2154
options=(--no-load --userland debian --timeout 300)

guest() {
  stack_none || return
  memory() { # the text and data of a stack, in KiB
    bytes=0
    for module in $(stack_modules "$1"); do
      bytes=$((bytes + $(cat "/sys/module/$module/coresize")))
    done
    echo $((bytes / 1024))
  }
  for _ in $(seq 1 $((2 * rounds))); do
    for stack in vmtkit in-tree; do
      load=$(milliseconds stack_load $stack) || return
      sample module-load $stack stream "$load"
      sample module-size $stack stream "$(memory $stack)"
      unload=$(milliseconds stack_none) || return
      sample module-unload $stack stream "$unload"
    done
  done
}
