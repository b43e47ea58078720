# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# intree-vsock.sh - the kernel's own vmw_vmci and vmci_transport, unmodified, judge our host
#
# The same programs judge our modules: vmsock-programs.sh.
# shellcheck disable=SC2034,SC2154
options=(--drivers intree --userland debian --timeout 300 --copy "$build/check/tests/guest/vsock-cat:/test/vsock-cat")
plan=14

guest() {
  data() { seq 1 9000000 | head -c 67108864; }
  driver=vmw_vmci modules='vmw_vmci vmw_vsock_vmci_transport'
  [ ! -d /sys/module/vmsock ] || driver=vmci modules='vmci vmsock'
  bound() { basename "$(readlink /sys/bus/pci/devices/*:*:*.*/driver | grep 'vmci$')"; }
  check_is "$driver is bound to the device" "$driver" bound
  up() { data | socat -u STDIN VSOCK-CONNECT:2:5000; }
  check "64 MiB go to the host" up
  sum=$(data | sha256sum)
  down() { socat -u VSOCK-CONNECT:2:5001 STDOUT | sha256sum; }
  check_is "64 MiB come from the host with equal SHA-256" "$sum" down
  half() { printf 'question' | socat -t 10 STDIO VSOCK-CONNECT:2:5002; }
  check_is "after its end of sending, the guest still receives" "$(printf question | sha256sum)" half
  refused() { ! socat -u VSOCK-CONNECT:2:5999 STDOUT; }
  check "a port of the host where nobody listens refuses" refused
  listen() { socat -u VSOCK-LISTEN:6000 STDOUT; }
  check_is "a stream from the host reaches a listener of the guest" "from the host" listen
  socat VSOCK-LISTEN:6001 EXEC:cat & mux=$!
  dgram() { printf question | /test/vsock-cat sendto 2 7000; }
  check_is "a datagram goes to the host and another comes back" question dgram
  many() {
    pids=
    for i in $(seq 1 20); do
      printf '%s' "$i" | socat -t 20 STDIO VSOCK-CONNECT:2:5003 >"/tmp/many.$i" &
      pids="$pids $!"
    done
    # shellcheck disable=SC2086
    wait $pids
    for i in $(seq 1 20); do [ "$(cat "/tmp/many.$i")" = "$i" ] || return 1; done
  }
  check "20 connections at once each get their own bytes back" many
  wait "$mux"
  unload() {
    # The balloon driver, which udev loads in such a VM, is a user of VMCI as well.
    for module in ${modules##* } vmw_balloon ${modules%% *}; do modprobe -r $module; done
    ! grep -Eq '^(vmw_|vmci|vmsock)' /proc/modules
  }
  # The stock transport lets go of its sockets in a work queue.
  reload() { wait_for 10 unload && modprobe -a $modules; }
  check "the modules unload and load again" reload
  again() { printf again | socat -t 10 STDIO VSOCK-CONNECT:2:5004; }
  check_is "and a stream works after it" again again
  quiet() { ! dmesg | grep -E 'BUG|WARNING|Oops|Failed to'; }
  check "the kernel has nothing to complain of" quiet
  socat -u OPEN:/dev/null VSOCK-CONNECT:2:5009
}

host() {
  data() { seq 1 9000000 | head -c 67108864; }
  data >"$VM_DIR/data"
  socat -u "OPEN:$VM_DIR/data" "UNIX-LISTEN:$VM_DIR/vsock_5001" &
  socat "UNIX-LISTEN:$VM_DIR/vsock_5002" SYSTEM:sha256sum &
  socat "UNIX-LISTEN:$VM_DIR/vsock_5003,fork,backlog=64" SYSTEM:cat & many=$!
  socat "UNIX-LISTEN:$VM_DIR/vsock_5004" SYSTEM:cat &
  socat "UNIX-RECVFROM:$VM_DIR/vsock_dgram_7000" SYSTEM:cat &
  up() { socat -u "UNIX-LISTEN:$VM_DIR/vsock_5000" STDOUT | sha256sum; }
  check_is "64 MiB come from the guest with equal SHA-256" "$(sha256sum <"$VM_DIR/data")" up
  connect() { printf 'from the host' | vmctl vsock "$VM_NAME" connect 6000; }
  check "the host connects to a listener of the guest" wait_for 60 connect
  # What ssh does through systemd's proxy: one line to the socket, one line back, then the stream.
  proxy() {
    printf 'CONNECT 6001\nover the mux' | socat -t 5 STDIO "UNIX-CONNECT:$VM_DIR/vsock" | grep -q 'over the mux'
  }
  check "a client of the mux protocol reaches a listener of the guest" wait_for 60 proxy
  # The guest connects here when it is done.
  socat -u "UNIX-LISTEN:$VM_DIR/vsock_5009" STDOUT
  kill "$many"
  wait
}
