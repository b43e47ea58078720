# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# demo.sh - ./dev demo: each feature at work in one VM, seen from both ends
#
# Two scripts run at the same time, demo_guest in the VM and demo_host here.  Each prints one line for
# a step, "step NAME ok|failed DETAIL"; demo_watch adds the time and knows which steps there must be.
# They wait for each other only through what is shown: streams, datagrams, variables.

# name, then what must be seen
demo_steps='
boot|a stock Debian kernel and systemd are up
modules|modprobe vmci vmsock vmt
device|the VMCI device is bound to our driver
family|VMCISock_GetAFValue() and the local CID, from a program that only includes <vmci_sockets.h>
stream-up|64 MiB streamed to the host with equal SHA-256
stream-down|64 MiB streamed back with equal SHA-256
datagram|a datagram each way
listener|a stream from the host into a listener of the guest
agent|vmtd is active
report|the host shows the host name, the address and the system of the guest
variable-down|a variable set on the host is read in the guest
variable-up|a variable set in the guest is read on the host
clock|a clock one hour wrong is right again within one period of 5 s
stop|vmctl stop: systemd powers the guest off and the VM process ends by itself within 30 s
'

cmd_demo() {
  local kernel=$images_default_kernel start=$SECONDS status=0
  case ${1-} in
    -h | --help)
      printf 'usage: ./dev demo [--kernel NAME]\n\nBoots a stock Debian with our modules and agent on our host and shows each feature at work.\n'
      return 0
      ;;
    --kernel) kernel=${2?"--kernel needs a name"} ;;
    '') ;;
    *) die "demo: unknown option '$1'; see ./dev demo --help" ;;
  esac
  mkdir -p "$build/demo"
  : >"$build/demo/start"
  setup_system
  build_host
  images_kernel "$kernel"
  build_drivers "$kernel"
  build_agent
  images_debian
  demo_files
  demo_boot "$kernel" || status=$?
  printf '\n%d s in all, %d s of them downloads\n' $((SECONDS - start)) "$(demo_download_seconds)"
  return "$status"
}

# Seconds that apt says it spent on fetching since the demo began.
demo_download_seconds() {
  find "$build/log" -name '*.log' -newer "$build/demo/start" -exec grep -h '^Fetched .* in ' {} + 2>/dev/null |
    sed 's/.* in \(.*\) (.*/\1/' |
    awk '{ for (i = 1; i <= NF; i++) { n = $i; if (n ~ /min$/) total += 60 * n; else if (n ~ /s$/) total += n } }
      END { printf "%d", total }'
}

# The guest's script and its C programs, which are built against this tree's public headers only.
demo_files() {
  local name dir=$build/demo
  mkdir -p "$dir/include"
  cp "$top/include/vmci_sockets.h" "$dir/include/"
  for name in af dgram; do
    gcc -std=gnu11 -Wall -Werror -O2 -static -I"$dir/include" -o "$dir/$name" "$top/tests/guest/demo-$name.c"
  done
  head -c 67108864 /dev/urandom >"$dir/data"
  {
    cat "$top/tests/vm/tap.sh"
    declare -f demo_guest_step demo_clock_error demo_guest
    echo demo_guest
  } >"$dir/guest.sh"
}

# Boots the VM; the steps that both ends print go through demo_watch, which also keeps them in a file.
demo_boot() {
  local dir=$build/demo status=0
  : >"$dir/steps"
  "$top/dev" vm --built --kernel "$1" --drivers ours --no-load --agent ours --timeout 180 --keep-logs \
    --copy "$dir/af:/test/af" --copy "$dir/dgram:/test/dgram" --copy "$dir/data:/root/data" \
    --copy "$dir/guest.sh:/test/demo.sh" \
    --host-cmd "top='$top' build='$build'; . '$top/tests/vm/tap.sh'; . '$top/tests/vm/demo.sh'; demo_host" \
    -- sh /test/demo.sh 2>"$dir/errors" | demo_watch "$dir/steps"
  demo_verdict "$dir" || status=1
  return "$status"
}

demo_sentence() { printf '%s' "$demo_steps" | sed -n "s/^$1|//p"; }

demo_watch() {
  local begin last now kind name result detail
  begin=$(date +%s%N) last=$begin
  while read -r kind name result detail; do
    printf '%s %s %s %s\n' "$kind" "$name" "$result" "$detail" >>"$1"
    [ "$kind" = step ] || continue
    now=$(date +%s%N)
    printf '%-6s %-80s %6d ms\n       %s\n' "$result" "$(demo_sentence "$name")" $(((now - last) / 1000000)) "$detail"
    last=$now
  done
  printf '%6d ms from the start of the VM to its end\n' $((($(date +%s%N) - begin) / 1000000))
}

# Every step must have been seen, once, and ok.
demo_verdict() {
  local name sentence bad=0
  while IFS='|' read -r name sentence; do
    [ -n "$name" ] || continue
    [ "$(grep -c "^step $name " "$1/steps")" = 1 ] && grep -q "^step $name ok" "$1/steps" && continue
    bad=1
    printf 'step "%s": expected that %s; ' "$name" "$sentence"
    grep "^step $name " "$1/steps" || echo "nothing was seen"
  done <<<"$demo_steps"
  [ "$bad" = 0 ] && return 0
  cat "$1/errors"
  return 1
}

# --- in the guest, in plain sh -------------------------------------------------------------------

demo_guest_step() { # NAME STATUS DETAIL
  if [ "$2" = 0 ]; then echo "step $1 ok $3"; else echo "step $1 failed $3"; fi
}

# Whole seconds by which the clock is off; the boot clock is the reference.
demo_clock_error() {
  echo $(($(date +%s) - $1 - $(cut -d . -f 1 /proc/uptime)))
}

demo_guest() {
  # shellcheck disable=SC1091
  . /etc/os-release
  wait_for 60 test "$(ps -o comm= -p 1)" = systemd
  demo_guest_step boot $? "Linux $(uname -r), $PRETTY_NAME"
  text=$(modprobe vmci 2>&1 && modprobe vmsock 2>&1 && modprobe vmt 2>&1)
  demo_guest_step modules $? "${text:-$(cut -d ' ' -f 1 /proc/modules | grep -E '^(vmci|vmsock|vmt)$' | tr '\n' ' ')}"
  text=$(basename "$(readlink -f /sys/bus/pci/drivers/vmci/0000:*)")
  test -e "/sys/bus/pci/devices/$text/vendor"
  demo_guest_step device $? "$text $(cat "/sys/bus/pci/devices/$text/vendor" "/sys/bus/pci/devices/$text/device" | tr '\n' ' ')"
  text=$(/test/af 2>&1)
  demo_guest_step family $? "$text"

  sha256sum </root/data >/tmp/sum
  echo "fact sum $(cut -d ' ' -f 1 /tmp/sum)"
  text=$(socat -u OPEN:/root/data VSOCK-CONNECT:2:5000 2>&1) || demo_guest_step stream-up 1 "$text"
  text=$(socat -u VSOCK-CONNECT:2:5001 CREATE:/tmp/back 2>&1 && sha256sum </tmp/back)
  test "$text" = "$(cat /tmp/sum)"
  demo_guest_step stream-down $? "$text"
  text=$(/test/dgram 2>&1)
  demo_guest_step datagram $? "$text"

  socat -u VSOCK-LISTEN:6000 CREATE:/tmp/pushed &
  echo "fact listening 6000"
  wait $!
  text=$(cat /tmp/pushed)
  test "$text" = "from the host"
  demo_guest_step listener $? "$text"

  wait_for 30 systemctl is-active --quiet vmtd.service
  demo_guest_step agent $? "$(systemctl show -p StatusText --value vmtd.service)"
  echo "fact hostname $(cat /proc/sys/kernel/hostname)"
  echo "fact address $(ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')"
  echo "fact os $PRETTY_NAME"

  wait_for 30 vmtctl info get guestinfo.demo
  text=$(vmtctl info get guestinfo.demo 2>&1)
  test "${text#down-}" != "$text"
  demo_guest_step variable-down $? "$text"
  vmtctl info set guestinfo.answer "up-$text"

  sysctl -q dev.vmt0.clock_sync.period=5
  base=$(($(date +%s) - $(cut -d . -f 1 /proc/uptime)))
  date -s '+1 hour' >/dev/null
  wrong=$(demo_clock_error $base)
  begin=$(cut -d . -f 1 /proc/uptime)
  # One period, and a second for the reading of whole seconds.
  # shellcheck disable=SC2016
  wait_for 6 sh -c 'e=$(($(date +%s) - $1 - $(cut -d . -f 1 /proc/uptime))); [ $e -le 2 ] && [ $e -ge -2 ]' sh $base
  result=$?
  [ "$wrong" -ge 3590 ] || result=1
  demo_guest_step clock $result "$wrong s wrong, $(demo_clock_error $base) s after $(($(cut -d . -f 1 /proc/uptime) - begin)) s"
  echo "fact done guest"
  exec sleep 600
}

# --- on the host ---------------------------------------------------------------------------------

demo_fact() { sed -n "s/^fact $1 //p" "$build/demo/steps" | sed 's/ *$//'; }
demo_has_fact() { grep -q "^fact $1 " "$build/demo/steps"; }

demo_host() {
  demo_host_streams &
  socat -u "OPEN:$build/demo/data" "UNIX-LISTEN:$VM_DIR/vsock_5001" &
  socat "UNIX-RECVFROM:$VM_DIR/vsock_dgram_7000" SYSTEM:cat &
  demo_host_listener
  demo_host_report
  demo_host_variables
  wait_for 60 demo_has_fact done
  demo_host_stop
}

demo_host_streams() {
  local sum
  sum=$(socat -u "UNIX-LISTEN:$VM_DIR/vsock_5000" STDOUT | sha256sum | cut -d ' ' -f 1)
  [ "$sum" = "$(sha256sum <"$build/demo/data" | cut -d ' ' -f 1)" ] && [ "$sum" = "$(demo_fact sum)" ]
  demo_guest_step stream-up $? "$sum"
}

demo_host_listener() {
  wait_for 90 demo_has_fact listening
  # The guest's step tells whether it arrived.
  wait_for 10 sh -c 'printf "from the host" | vmctl vsock "$VM_NAME" connect 6000'
}

# What the host shows, against what the guest said of itself in another way.
demo_host_report() {
  local text want
  wait_for 60 demo_has_fact os
  vmctl wait "$VM_NAME" ip --timeout 60 >/dev/null
  demo_reported() {
    text=$(vmctl guest "$VM_NAME")
    for want in "$(demo_fact hostname)" "$(demo_fact address)" "$(demo_fact os)"; do
      case $text in *"$want"*) ;; *) return 1 ;; esac
      [ -n "$want" ] || return 1
    done
  }
  wait_for 30 demo_reported
  demo_guest_step report $? "$(demo_fact hostname), $(demo_fact address), $(demo_fact os)"
}

demo_host_variables() {
  local sent=down-$RANDOM answer=''
  vmctl var "$VM_NAME" set guestinfo.demo "$sent"
  demo_answered() { answer=$(vmctl var "$VM_NAME" get guestinfo.answer) && [ "$answer" = "up-$sent" ]; }
  wait_for 30 demo_answered
  demo_guest_step variable-up $? "$answer"
}

demo_host_stop() {
  local pid begin
  pid=$(vmctl status --json "$VM_NAME" | sed -n 's/.*"pid" *: *\([0-9]*\).*/\1/p' | head -n 1)
  begin=$(date +%s%N)
  vmctl stop -w --timeout 30 "$VM_NAME" && grep -q 'Power down' "$VM_DIR/console.log" &&
    [ -n "$pid" ] && ! kill -0 "$pid" 2>/dev/null
  demo_guest_step stop $? "process $pid ended $((($(date +%s%N) - begin) / 1000000)) ms after the request"
}
