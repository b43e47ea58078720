# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-faults.sh - every fault of the host's message channels, under four users and an owner of the TCLO
# channel: each fires, and afterwards both ways work
#
# A lost TCLO channel is opened again with growing pauses, which is what most of the time goes into.
# shellcheck disable=SC2034,SC2154
options=(--timeout 900 --no-load --copy "$build/host/tests/guest/vmt-client:/test/vmt-client"
  --copy "$build/host/tests/guest/vmt-storm:/test/vmt-storm")
plan=30

guest() {
  check "vmt.ko loads" modprobe vmt
  /test/vmt-client own >/dev/null 2>&1 &
  owner=$!
  /test/vmt-storm &
  storm=$!
  faults() { [ "$(/test/vmt-client rpc 'info-get guestinfo.faults')" = "1 $1" ]; }
  check "the host is done with the users" wait_for 500 faults shared
  kill "$storm"
  wait "$storm"
  /test/vmt-client rpc 'info-set guestinfo.storm over' >/dev/null
  # No requests meanwhile: the faults are for the owner.
  lost() { [ "$(cat /sys/devices/platform/vmt0/lost)" -ge 3 ]; }
  check "the owner's channel was lost, and lost again" wait_for 200 lost
  check "the host is done with the owner" wait_for 200 faults over
  check "the owner lived through it" kill "$owner"
  quiet() { ! dmesg | grep -E 'BUG:|WARNING:|Oops'; }
  check "the kernel has nothing to complain of" quiet
}

host() {
  # How often a fault has fired, all in all.
  fired() { vmctl fault "$VM_NAME" | awk -v name="$1" '$2 == name { n = $1 } END { print n + 0 }'; }
  both_ways() { vmctl send --timeout 5 "$VM_NAME" ping; }
  fault() { # TIMES NAME ARGUMENT...: it has fired so often, and then all is well again
    local name=$2 sum=$(($(fired "$2") + $1)) times=$1
    shift
    vmctl fault "$VM_NAME" "$@" --count "$times" || return 1
    over() { [ "$(fired "$name")" = "$sum" ]; }
    wait_for 40 over || return 2
    vmctl fault "$VM_NAME" --clear && wait_for 150 both_ways
  }
  wait_for 200 both_ways
  for step in open sendsize sendpayload recvsize recvpayload recvstatus close; do
    check "a checkpoint at $step" fault 3 msg-checkpoint "$step"
  done
  check "a checkpoint again and again" fault 100 msg-checkpoint
  check "a channel that is closed at any step" fault 6 msg-close
  check "a cookie that is wrong" fault 6 msg-cookie
  check "a message longer than any" fault 3 msg-recvsize 4294967295
  check "a message longer than 64 KiB by one byte" fault 3 msg-recvsize 65537
  check "a status that nobody knows" fault 6 msg-status 0xff40
  check "requests that are refused" fault 20 rpci-refuse '*'
  check "requests that get no answer" fault 2 rpci-silent
  check "requests that get a word of no meaning" fault 20 rpci-answer '*' nonsense
  check "a port that reads as all ones" fault 6 port-gone
  check "an opening that begins anew" fault 2 tclo-reset
  check "a second program that takes the owner's channel" fault 1 tclo-second
  vmctl var "$VM_NAME" set guestinfo.faults shared
  calm() { [ "$(vmctl var "$VM_NAME" get guestinfo.storm)" = over ]; }
  wait_for 60 calm
  check "the owner's channel is closed under it" fault 1 msg-close
  check "its cookie is wrong" fault 1 msg-cookie
  check "its messages are interrupted" fault 20 msg-checkpoint
  vmctl var "$VM_NAME" set guestinfo.faults over
}
