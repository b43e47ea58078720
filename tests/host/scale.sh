#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# scale.sh - many containers with the real agent under one vmd: how soon, at what cost, how they end
#
# count_scale_guests says how many.  Memory is that of the product, so a build without sanitizers is
# taken where there is one.  VMTKIT_BUILD is the build tree, TOP the source tree.  Prints TAP.
[ ! -x "${TOP-}/build/host/tests/guest/port-client" ] || export VMTKIT_BUILD=$TOP/build/host
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"
programs
guests=${count_scale_guests:-8}
export VMD_SOCK=$dir/vmd.sock
{
  printf 'container "%s/bin/vm-container"\nshutdown-timeout 30\n' "$dir"
  for ((i = 1; i <= guests; i++)); do
    printf 'vm g%d { engine process; share "%s/bin"; command "exec sh %s/bin/agent" }\n' "$i" "$dir" "$dir"
  done
} >"$dir/vm.conf"

# all COLUMN PATTERN: every VM's line in the status has that
all() { [ "$(vmctl status | awk -v c="$1" -v p="$2" 'NR > 1 && $c ~ p' | wc -l)" = "$guests" ]; }
# pids KEY: of every VM
pids() { vmctl status -j | grep -oE "\"$1\":[0-9]+" | cut -d: -f2; }
# worst FIELD...: the largest sum of these fields of smaps_rollup, in KiB, over the VMs' processes
worst() {
  local pid
  for pid in $(pids pid); do
    awk -v names="$*" 'BEGIN { n = split(names, want) } { for (i = 1; i <= n; i++) if ($1 == want[i] ":") sum += $2 }
      END { print sum }' "/proc/$pid/smaps_rollup"
  done | sort -n | tail -n 1
}
# switches PID...: how often their threads have left the processor of their own will
switches() {
  local pid
  for pid; do cat "/proc/$pid"/task/*/status; done | awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }'
}

echo 1..5
begin=$SECONDS
vmd -d -f "$dir/vm.conf" -s "$VMD_SOCK" >"$dir/log" 2>&1 &
pid=$!
daemons+=("$pid")
wait_for 20 all 2 '^running$'
verdict $? "$guests containers are up within 20 s"
echo "# after $((SECONDS - begin)) s"
wait_for $((60 - SECONDS + begin)) all 7 '^g[0-9]+$'
verdict $? "all of their agents have reported within 60 s"
echo "# after $((SECONDS - begin)) s"

private=$(worst Private_Clean Private_Dirty) pss=$(worst Pss)
if ldd "$dir/bin/vmd" | grep -q libasan; then
  number=$((number + 1))
  echo "ok $number - the process of a VM is small # SKIP the build has sanitizers"
else
  [ "$private" -le 819 ] && [ "$pss" -le 1024 ]
  verdict $? "no VM's process has more than 0.8 MiB for itself, or 1 MiB with its part of what is shared"
fi
echo "# at most $private KiB private, $pss KiB PSS"

vmctl pause g1
mapfile -t quiet < <(vmctl status -j g1 | grep -oE '"(engine-)?pid":[0-9]+' | cut -d: -f2)
before=$(switches "${quiet[@]}")
timeout 3 tail -f /dev/null
[ "${#quiet[@]}" = 2 ] && [ "$(switches "${quiet[@]}")" = "$before" ]
verdict $? "a VM whose guest does nothing wakes nobody up"
vmctl unpause g1

begin=$SECONDS
kill "$pid" && timeout 40 tail --pid="$pid" -f /dev/null && [ $((SECONDS - begin)) -le 30 ] &&
  ! grep -q "by force" "$dir/log"
verdict $? "all power off within shutdown-timeout"
echo "# after $((SECONDS - begin)) s"
