# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmtd-clock.sh - our agent keeps its hands, and the driver's, off a clock that an NTP daemon has or that
# the administrator wants to keep; a daemon is played by what others see of one
# shellcheck disable=SC2034,SC2154
options=(--no-load --agent ours --timeout 300 --copy "$build/host/tests/guest/clock-state:/clock-state")
plan=9

guest() {
  by() { [ "$(systemctl show -p StatusText --value vmtd.service)" = "Serving the host, transport $1" ]; }
  check "vmtd serves the host by the port" wait_for 60 by direct
  off() { # SECONDS: how far the clock may be from where it should be: the time since the start is steady
    now=$(date +%s) up=$(cut -d . -f 1 /proc/uptime)
    d=$((now - up - base - $1))
    [ "$d" -ge -2 ] && [ "$d" -le 2 ]
  }
  base=$(($(date +%s) - $(cut -d . -f 1 /proc/uptime)))
  order() { vmtctl info set order "$1" && wait_for 60 asked "$1"; }
  asked() { [ "$(vmtctl info get ordered)" = "$1" ]; }
  /clock-state step -3600
  order 1
  check "an order of the host sets a clock that is an hour behind" wait_for 30 off 0
  vmtctl config set timeSync disable-all true
  seen() { journalctl -u vmtd.service 2>/dev/null | grep -q 'configuration has changed'; }
  check "vmtd reads its configuration again by itself" wait_for 30 seen
  /clock-state step -3600
  order 2
  check "with disable-all an order leaves the clock alone" off -3600
  vmtctl config remove timeSync disable-all
  /clock-state step 3600
  /clock-state synchronized
  load() { modprobe vmt && wait_for 60 by vmt; }
  check "it changes over when the driver comes" load
  clock() { vmtctl check | grep -q "^clock: *$1"; }
  check "and tells it to keep off a clock that NTP has" wait_for 10 clock 'the driver keeps off, as it was told'
  /clock-state unsynchronized
  check "but not when NTP has gone" wait_for 60 clock 'compared by the driver'
  vmtctl config set timeSync disable-periodic true
  check "nor is it compared when the administrator wants no period" wait_for 10 clock 'the driver keeps off, as it was told'
  check_is "the agent runs on" active systemctl is-active vmtd.service
}

host() {
  for n in 1 2; do
    wanted() { [ "$(vmctl var "$VM_NAME" get guestinfo.order)" = "$n" ]; }
    wait_for 120 wanted
    vmctl send "$VM_NAME" 'Time_Synchronize 0' >/dev/null 2>&1
    vmctl var "$VM_NAME" set guestinfo.ordered "$n"
  done
}
