# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# agent.sh - vmtd beside open-vm-tools in one VM: memory, wake-ups and processor time while nothing
# happens, and one RPC as a whole process
#
# Both start as their services, one after the other.  vmtd is measured over the port, as open-vm-tools
# uses it, and once more over vmt.ko.
# shellcheck disable=SC2034,SC2154
prepare() {
  local tree=$build/bench/agent
  rm -rf "$tree"
  mkdir -p "$tree"
  cp -a "$build/guest-root/usr" "$tree/"
  # The names that both have are open-vm-tools'.
  rm -f "$tree"/usr/bin/vmtoolsd "$tree"/usr/bin/vmware-*
  options=(--no-load --userland debian --timeout 3600 --copy "$tree/usr:/usr")
}

guest() {
  systemd-sysusers
  stack_none || return
  seconds=300
  [ -z "$quick" ] || seconds=20
  set_vmt() { # loaded or not
    if [ "$1" = 1 ]; then modprobe vmt; else [ ! -d /sys/module/vmt ] || rmmod vmt; fi
  }
  tasks() { for unit; do cat "/sys/fs/cgroup/system.slice/$unit/cgroup.threads" 2>/dev/null; done; }
  procs() { for unit; do cat "/sys/fs/cgroup/system.slice/$unit/cgroup.procs" 2>/dev/null; done; }
  kib() { # FIELD UNIT...: of smaps_rollup
    field=$1
    shift
    for pid in $(procs "$@"); do cat "/proc/$pid/smaps_rollup"; done |
      awk -v field="$field:" '$1 == field { sum += $2 } END { print sum + 0 }'
  }
  # A task that comes or goes meanwhile is not idle, and not counted.
  sleeps() {
    for tid in $(tasks "$@"); do
      awk -v tid="$tid" '$1 == "voluntary_ctxt_switches:" { print tid, $2 }' "/proc/$tid/status"
    done
  }
  wakeups() { awk 'NR == FNR { before[$1] = $2; next } $1 in before { sum += $2 - before[$1] } END { print sum + 0 }' "$1" "$2"; }
  microseconds() {
    for unit; do cat "/sys/fs/cgroup/system.slice/$unit/cpu.stat" 2>/dev/null; done |
      awk '$1 == "usage_usec" { sum += $2 } END { printf "%.0f", sum }'
  }
  switches() { awk '$1 == "ctxt" { print $2 }' /proc/stat; }
  ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }

  # What an idle agent costs; its services are started here and stopped again.
  idle() { # SERIES UNIT...
    series=$1
    shift
    for unit; do systemctl start "$unit" || return; done
    running() { [ -n "$(procs "$@")" ]; }
    wait_for 20 running "$@" || return
    sleep 30	# its start is over: what follows is idle
    busy=$(microseconds "$1") all=$(switches)
    sleeps "$@" >/run/before
    sleep "$seconds"
    sleeps "$@" >/run/after
    sample agent-wakeups "$series" agent "$(ratio "$(wakeups /run/before /run/after)" "$seconds")"
    sample agent-wakeups "$series" guest "$(ratio $(($(switches) - all)) "$seconds")"
    sample agent-cpu "$series" idle "$(ratio $(($(microseconds "$1") - busy)) "$seconds")"
    sample agent-memory "$series" pss "$(kib Pss "$@")"
    sample agent-memory "$series" private-dirty "$(kib Private_Dirty "$@")"
    sample agent-threads "$series" threads "$(tasks "$@" | wc -l)"
    for unit; do systemctl stop "$unit" || return; done
  }
  idle_none() {
    all=$(switches)
    sleep "$seconds"
    sample agent-wakeups none guest "$(ratio $(($(switches) - all)) "$seconds")"
  }
  systemctl stop open-vm-tools vmtd vmt-priv.socket 2>/dev/null
  runs=1
  [ -n "$quick" ] || runs=2
  for _ in $(seq 1 $runs); do
    set_vmt 0 && idle vmtkit vmtd.service vmt-priv.service || return
    systemctl stop vmt-priv.socket
    idle open-vm-tools open-vm-tools.service || return
    set_vmt 1 && idle vmtkit-vmt vmtd.service vmt-priv.service || return
    systemctl stop vmt-priv.socket
    set_vmt 0 && idle_none || return
  done

  vmtctl info set guestinfo.bench 1 || return
  for _ in $(seq 1 $((10 * rounds))); do
    took=$(milliseconds vmtctl rpc 'info-get guestinfo.bench') && sample rpc-process vmtkit info-get "$took" &&
      took=$(milliseconds vmware-rpctool 'info-get guestinfo.bench') &&
      sample rpc-process open-vm-tools info-get "$took" || return
  done
}
