#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# process.sh - the process engine with the real agent: what works in a container, and what stays outside
#
# Runs once as root, where each VM has a user of its own, and once without privilege; without root
# only the latter.  VMTKIT_BUILD is the build tree.  Prints TAP.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"
programs

cat >"$dir/bin/guest" <<'EOF'
export LD_LIBRARY_PATH=${0%/*} ASAN_OPTIONS=detect_leaks=0
"${0%/*}/port-client"
"${0%/*}/vmtctl" rpc "info-set guestinfo.answer $("${0%/*}/vmtctl" rpc 'info-get guestinfo.greeting')"
echo "boot $(cat /proc/sys/kernel/random/boot_id)"
echo "folder $(ls "${0%/*}/.." | tr '\n' ' ')"
echo "uptime $(cut -d. -f1 /proc/uptime)"
exec sh "${0%/*}/agent"
EOF

# What comes before a program to give it the rights of the mode; no function, so that $! is the program's.
mode='' rights=()

# What a container must leave alone: boot, mounts, host name, interfaces, and the clock to a second or two.
machine() {
  local up
  read -r up _ </proc/uptime
  cat /proc/sys/kernel/random/boot_id /proc/sys/kernel/hostname
  awk '{ print $3, $4, $5, $6 }' /proc/self/mountinfo
  ls /sys/class/net
  ps -o lstart= -p 1
  echo "epoch $((($(date +%s) - ${up%.*} + 4) / 8))"
}

told() { vmctl log --console p | tr -d '\r' | grep -qxF -- "$1"; }
field() { vmctl status -j "$1" | sed -n "s/.*\"$2\":\"\\{0,1\\}\\([^,\"}]*\\).*/\\1/p" | head -n 1; }

daemon() {
  ${rights[@]+"${rights[@]}"} vmd -d -f "$work/vm.conf" -s "$VMD_SOCK" >"$dir/log" 2>&1 &
  pid=$!
  daemons+=("$pid")
  wait_for 20 test -S "$VMD_SOCK"
}

port_sentences=(
  "the port answers" "the port answers a thread" "the port answers a child"
  "the port answers after an exec" "the port answers after faults"
  "a fault of the program's own reaches its handler" "another port is a fault"
  "another magic is a fault" "a message goes by the high-bandwidth port"
  "the high-bandwidth port respects the program's mappings" "the clock cannot be set"
  "the clock's state can be read" "the kernel cannot be changed" "nothing can be mounted"
)

suite() {
  local sentence before uptime boot
  work=$dir/$mode
  mkdir "$work"
  chmod 755 "$work"
  [ "$mode" = root ] || chown 65533:65533 "$work" 2>/dev/null
  export VMD_SOCK=$work/vmd.sock
  {
    printf 'container "%s/bin/vm-container"\nshutdown-timeout 20\n' "$dir"
    printf 'vm %s { engine process; share "%s/bin"; guestinfo greeting "good day"; command "%s" }\n' \
      p "$dir" "sh $dir/bin/guest" other "$dir" "sh $dir/bin/agent"
  } >"$work/vm.conf"
  before=$(machine)
  boot=$(cat /proc/sys/kernel/random/boot_id)
  daemon && vmctl wait --timeout 60 p tools >"$dir/out" 2>&1
  verdict $? "$mode: the agent in a container speaks to the host"
  vmctl log --console p >"$dir/out"
  for sentence in "${port_sentences[@]}"; do
    told "yes $sentence"
    verdict $? "$mode: $sentence"
  done
  [ "$(vmctl var get p answer)" = "good day" ]
  verdict $? "$mode: variables go both ways"
  wait_for 20 eval 'vmctl guest -j p | grep -q "\"host-name\":\"p\""' &&
    vmctl guest p >"$dir/out" && grep -q "name: .*Linux" "$dir/out"
  verdict $? "$mode: the agent reports its host name and system"
  grep -q "clock_settime is refused: the container shares the machine's clock" "$work/vmd/p/vm.log" &&
    grep -q "init_module is refused" "$work/vmd/p/vm.log"
  verdict $? "$mode: a call that is refused is told in the VM's log"
  told "folder bin "
  verdict $? "$mode: a container sees its shares and nothing beside them"
  uptime=$(vmctl log --console p | sed -n 's/^uptime \([0-9]*\).*/\1/p')
  ! told "boot $boot" && [ "$uptime" -lt 60 ]
  verdict $? "$mode: a container has a boot of its own"

  vmctl send p 'Time_Synchronize 1' >"$dir/out" 2>&1
  vmctl send p 'vmbackup.start 0' >>"$dir/out" 2>&1
  timeout 10 touch "$work/touched" && [ "$(machine)" = "$before" ]
  verdict $? "$mode: time synchronization and backup leave the machine alone"

  vmctl pause p && [ "$(field p state)" = paused ] &&
    [ "$(ps -o stat= -p "$(pgrep -P "$(field p engine-pid)")" | cut -c1)" = t ] && vmctl unpause p &&
    [ "$(field p state)" = running ] && vmctl send p ping >"$dir/out" 2>&1
  verdict $? "$mode: pause stops the programs, and they go on"

  boot=$(vmctl log --console p | sed -n 's/^boot //p')
  vmctl power p reboot && wait_for 20 grep -q "the guest was reset" "$work/vmd/p/vm.log" &&
    vmctl wait --timeout 20 p tools && wait_for 20 eval \
    '[ "$(vmctl log --console p | grep -c "^boot ")" = 2 ]' && [ "$(field p state)" = running ]
  verdict $? "$mode: a reboot starts the container again"
  vmctl reset p && wait_for 20 eval '[ "$(vmctl log --console p | grep -c "^boot ")" = 3 ]' &&
    vmctl wait --timeout 20 p tools
  verdict $? "$mode: a reset does too"

  sandboxed
  vmctl power p halt && vmctl wait --timeout 20 p down && [ "$(field p reason)" = "the guest powered off" ]
  verdict $? "$mode: a power-off ends the VM"
  [ "$(machine)" = "$before" ]
  verdict $? "$mode: neither reboot nor power-off reached the machine"
  kill "$pid" && timeout 15 tail --pid="$pid" -f /dev/null && ! grep -q "by force" "$dir/log"
  verdict $? "$mode: vmd ends when its containers have powered off"
}

# status_is PID NAME VALUE
status_is() { [ "$(sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status")" = "$3" ]; }

sandboxed() {
  local mine other user uid_mine uid_other
  vmctl wait --timeout 60 other tools
  mine=$(field p pid) other=$(field other pid)
  status_is "$mine" NoNewPrivs 1 && status_is "$mine" Seccomp 2 && status_is "$mine" CapEff 0000000000000000 &&
    status_is "$mine" CapPrm 0000000000000000
  verdict $? "$mode: a VM's process has no privilege, can gain none, and has a filter"
  uid_mine=$(stat -c %u "/proc/$mine") uid_other=$(stat -c %u "/proc/$other")
  if [ "$mode" = root ]; then
    [ "$uid_mine" -ge 1879048192 ] && [ "$uid_other" -ge 1879048192 ] && [ "$uid_mine" != "$uid_other" ]
    verdict $? "$mode: each VM has a user of its own"
    user="setpriv --reuid $uid_mine --regid $uid_mine --clear-groups"
    $user cat "$work/vmd/p/vm.log" >/dev/null && ! $user cat "$work/vmd/other/vm.log" >"$dir/out" 2>&1 &&
      ! $user ls "$work/vmd/other" >>"$dir/out" 2>&1 && ! $user touch "$work/vmd/new" >>"$dir/out" 2>&1
    verdict $? "$mode: a VM's user reaches its own files, and no other VM's"
    $user kill -0 "$mine" && ! $user kill -0 "$other" 2>>"$dir/out" && ! $user kill -0 "$pid" 2>>"$dir/out"
    verdict $? "$mode: a VM's user reaches its own processes, and no other VM's"
    ! $user vmctl status >"$dir/out" 2>&1 && grep -q "Permission denied" "$dir/out"
    verdict $? "$mode: a VM's user cannot steer vmd"
  fi
}

refused() {
  work=$dir/refused
  mkdir "$work"
  export VMD_SOCK=$work/vmd.sock
  printf 'container "%s/bin/vm-container"\nvm r { engine process; run-as root; command "true" }\n' "$dir" \
    >"$work/vm.conf"
  daemon && vmctl wait --timeout 20 r up >"$dir/out" 2>&1
  grep -q "root in it would be the machine's root" "$dir/out"
  verdict $? "$mode: a container with the machine's root is refused"
  kill "$pid" && timeout 10 tail --pid="$pid" -f /dev/null
}

if [ "$(id -u)" = 0 ]; then
  echo 1..61
  mode=root suite
  mode=root refused
  rights=(setpriv --reuid 65533 --regid 65533 --clear-groups)
else
  echo 1..28
fi
mode=user suite
