# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-death.sh - owners of the TCLO channel die by SIGKILL, and the device is unbound, in each state of a
# message: the host has an answer to everything it said
# shellcheck disable=SC2034,SC2154
options=(--timeout "$count_vmt_limit" --no-load --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=14

guest() {
  client=/test/vmt-client vmt=/sys/devices/platform/vmt0
  stage() { $client rpc "info-set guestinfo.stage $1" >/dev/null; }
  has() { [ "$(cat $vmt/"$1")" = "$2" ]; }
  # own_as MESSAGE MODE: an owner that has answered what a new channel begins with.
  own_as() {
    $client own "$@" >/tmp/own &
    owner=$!
    wait_for 20 grep -q Capabilities_Register /tmp/own
  }
  slain() { kill -9 "$owner" && wait_for 5 has owner 0; }
  heard() { wait_for 20 grep -q "$1" /tmp/own; }

  check "vmt.ko loads" modprobe vmt
  own_as
  wait_for 20 has attached 1
  check "an owner is killed while it waits for a message" slain
  check "it was the last to have the channel" wait_for 5 has attached 0

  own_as DEAF deaf
  stage deaf
  heard DEAF
  came=$(cat $vmt/messages)
  stage unread
  arrived() { [ "$(cat $vmt/messages)" -gt "$came" ]; }
  wait_for 20 arrived
  check "one is killed with a message that it has not read" slain

  own_as TAKEN
  stage taken
  heard TAKEN
  check "one is killed with a message that it has read" slain

  own_as UNBOUND
  stage unbound
  heard UNBOUND
  unbind() { echo vmt0 >/sys/bus/platform/drivers/vmt/unbind; }
  check "the device is unbound with a message that is not answered" unbind
  bind() { echo vmt0 >/sys/bus/platform/drivers/vmt/bind; }
  check "and bound again" bind
  kill -9 "$owner"

  any_time() {
    for i in $(seq 1 "$count_vmt_deaths"); do
      own_as || return 1
      stage "any$i"
      usleep $((i % 20 * 9000))
      slain || return 2
    done
  }
  check "$count_vmt_deaths owners are killed at any time" any_time
  check_is "no more than one was one too many" 0 cat $vmt/contended
  quiet() { ! dmesg | grep -E 'BUG:|WARNING:|Oops'; }
  check "the kernel has nothing to complain of" quiet
  seen() { [ "$($client rpc 'info-get guestinfo.stage')" = '1 seen' ]; }
  wait_for 60 seen
}

host() {
  stage() { [ "$(vmctl var "$VM_NAME" get guestinfo.stage)" = "$1" ]; }
  ask() { vmctl send --timeout 40 "$VM_NAME" "$1" 2>&1 | grep -o 'ERROR Unknown Command'; }
  wait_for 200 stage deaf
  vmctl send --timeout 40 "$VM_NAME" DEAF >/dev/null
  wait_for 60 stage unread
  check_is "the driver answers what was not read" "ERROR Unknown Command" ask NOBODY
  wait_for 60 stage taken
  check_is "and what was read" "ERROR Unknown Command" ask TAKEN
  wait_for 60 stage unbound
  check_is "and what was there when the device went" "ERROR Unknown Command" ask UNBOUND
  # Whoever has the channel answers, or it is known at once that nobody does.
  answered() {
    for i in $(seq 1 "$count_vmt_deaths"); do
      wait_for 60 stage "any$i" || return 1
      vmctl send --timeout 40 "$VM_NAME" ping 2>&1
      [ $? != 4 ] || return 2
    done
  }
  check "and no message waits in vain" answered
  vmctl var "$VM_NAME" set guestinfo.stage seen
}
