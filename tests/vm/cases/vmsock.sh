# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmsock.sh - our vSockets driver: between programs of the guest, and between guest and host
# shellcheck disable=SC2034,SC2154
programs=$build/check/tests/guest
options=(--timeout "$count_vmsock_limit"
  --copy "$programs/vsock-rows:/test/vsock-rows" --copy "$programs/vsock-cat:/test/vsock-cat"
  --copy "$programs/example-server:/test/server" --copy "$programs/example-client:/test/client"
  --copy "$programs/example-whoami:/test/whoami"
)
plan=17

guest() {
  cat=/test/vsock-cat
  whoami() { /test/whoami | grep -c -e '^family 40$' -e '^CID [0-9]' -e '^version 9\.8\.1$'; }
  check_is "the examples of vmci_sockets.3 find family, CID and version" 3 whoami
  talk() {
    /test/server 5123 &
    wait_for 10 grep -q 1 /sys/module/vmsock/refcnt
    wait_for 10 /test/client 1 5123 "an example" && wait $!
  }
  check "its server and its client talk" talk
  /test/vsock-rows
  /test/vsock-rows -c 1 names refused close bulk dgram
  dd if=/dev/urandom of=/tmp/data bs=1M count=64 2>/dev/null
  data() { for i in $(seq $((count_vmsock_mib / 64))); do cat /tmp/data; done; }
  sum=$(data | sha256sum)
  echoed() { data | $cat connect 2 5000 | sha256sum; }
  check_is "$count_vmsock_mib MiB go to the host and come back with equal SHA-256" "$sum" echoed
  up() { data | $cat connect 2 5001; }
  check "$count_vmsock_mib MiB go to a host that only reads" up
  echo "$sum" | $cat connect 2 5002
  down() { $cat connect 2 5003 </dev/null | wc -c; }
  check_is "64 MiB come from a host that closes at once" 67108864 down
  refused() { ! $cat connect 2 5999 </dev/null; }
  check "a port of the host where nobody listens refuses" refused
  listen() { $cat listen 6000 </dev/null; }
  check_is "a stream from the host reaches a listener of the guest" "from the host" listen
  dgram() { printf question | $cat sendto 2 7000; }
  check_is "a datagram goes to the host and another comes back" question dgram
  check "the module unloads as soon as nothing uses it" rmmod vmsock
  dynamic() {
    modprobe vmsock family=dynamic
    /test/whoami | head -n 1
    rmmod vmsock
  }
  check_is "family=dynamic takes a family that nothing else has" "family 25" dynamic
  fixed() {
    modprobe vmsock family=19
    /test/whoami | head -n 1
    rmmod vmsock
  }
  check_is "family=19 takes that one" "family 19" fixed
  impossible() { ! modprobe vmsock family=99; }
  check "a number that cannot be is refused" impossible
  modprobe vmsock
  mkfifo /tmp/fifo
  $cat connect 2 5000 </tmp/fifo &
  exec 3>/tmp/fifo
  held() { wait_for 10 grep -q '[1-9]' /sys/module/vmsock/refcnt && ! rmmod vmsock; }
  check "an open socket keeps the module" held
  exec 3>&-
  wait $!
  check "and lets it go when it is closed" rmmod vmsock
  modprobe vmsock
  quiet() { ! dmesg | grep -E 'BUG|WARNING|Oops|refcount'; }
  check "the kernel has nothing to complain of" quiet
  $cat connect 2 5009 </dev/null
}

host() {
  vsock=$VM_DIR/vsock
  dd if=/dev/zero of="$VM_DIR/data" bs=1M count=64 2>/dev/null
  socat "UNIX-LISTEN:${vsock}_5000,fork" SYSTEM:cat & echo=$!
  socat -u "UNIX-LISTEN:${vsock}_5001" STDOUT | sha256sum >"$VM_DIR/up" & up=$!
  socat -u "UNIX-LISTEN:${vsock}_5002" "CREATE:$VM_DIR/sum" & sum=$!
  socat -u "OPEN:$VM_DIR/data" "UNIX-LISTEN:${vsock}_5003" &
  socat "UNIX-RECVFROM:${vsock}_dgram_7000" SYSTEM:cat &
  wait "$up" "$sum"
  check_is "and arrive with equal SHA-256, though the guest closes at once" "$(cat "$VM_DIR/sum")" cat "$VM_DIR/up"
  connect() { printf 'from the host' | vmctl vsock "$VM_NAME" connect 6000; }
  check "the host connects to a listener of the guest" wait_for 60 connect
  socat -u "UNIX-LISTEN:${vsock}_5009" STDOUT
  kill "$echo"
  wait
}
