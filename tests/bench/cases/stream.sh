# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# stream.sh - streams to and from the host: throughput by write size, round trips, connections
#
# In one VM, in turn: our stack and the kernel's, on the same device; virtio-vsock, whose host is Debian's
# vhost-device-vsock; TCP over virtio-net and QEMU's user network; and a copy in memory as the limit.
# The other end, on the host, is one and the same program for all.
# shellcheck disable=SC2034,SC2154

prepare() {
  local run tcp_port=$((20000 + RANDOM % 10000))
  images_vhost_vsock || return
  run=$(mktemp -d "$build/run/stream.XXXXXX")
  "$images_vhost_vsock" --guest-cid 77 --socket "$run/vhost" --uds-path "$run/virtio" >/dev/null 2>&1 &
  # shellcheck disable=SC2064
  trap "kill $!; rm -rf '$run'" EXIT
  vars+=("tcp_port=$tcp_port" "virtio='$run/virtio'")
  options=(--no-load --userland debian --timeout 3600
    --copy "$build/host/tests/guest/bench-vsock:/test/bench-vsock"
    --conf 'qemu-arg "-chardev"' --conf "qemu-arg \"socket,id=vhost,path=$run/vhost\""
    --conf 'qemu-arg "-device"' --conf 'qemu-arg "vhost-user-vsock-pci,chardev=vhost"'
    --conf 'qemu-arg "-netdev"' --conf 'qemu-arg "user,id=bench,net=10.9.0.0/24,host=10.9.0.2"'
    --conf 'qemu-arg "-device"' --conf 'qemu-arg "virtio-net-pci,netdev=bench,mac=52:54:00:09:00:15"'
  )
  . "$top/tests/vm/tap.sh"
  wait_for 10 test -S "$run/vhost"
}

guest() {
  stack_none || return
  eth=$(basename "$(dirname "$(grep -l 52:54:00:09:00:15 /sys/class/net/*/address)")")
  ip addr add 10.9.0.15/24 dev "$eth" && ip link set "$eth" up || return
  sizes='64 256 1024 4096 16384 65536 262144 1048576' seconds=3 round_trips=10000 connections=1000
  [ -z "$quick" ] || { sizes='64 1024 16384 65536 1048576' seconds=1 round_trips=1000 connections=100; }
  # JSON of bench-vsock -> samples of a series
  samples() {
    sed -n -e "s/.*\"test\":\"\(up\|down\)\",\"size\":\([0-9]*\).*\"mib_per_s\":\([0-9.]*\)}/{\"plot\":\"stream-\1\",\"series\":\"$1\",\"x\":\2,\"y\":\3}/p" \
      -e "s/.*\"test\":\"copy\",\"size\":\([0-9]*\).*\"mib_per_s\":\([0-9.]*\)}/{\"plot\":\"stream-up\",\"series\":\"$1\",\"x\":\1,\"y\":\2}/p" \
      -e "/\"test\":\"rtt\"/{h;s/.*\"p50_us\":\([0-9.]*\).*/{\"plot\":\"stream-rtt\",\"series\":\"$1\",\"x\":\"median\",\"y\":\1}/p;g" \
      -e "s/.*\"p99_us\":\([0-9.]*\).*/{\"plot\":\"stream-rtt\",\"series\":\"$1\",\"x\":\"99 of 100\",\"y\":\1}/p}" \
      -e "s/.*\"test\":\"connect\".*\"per_s\":\([0-9.]*\)}/{\"plot\":\"stream-connect\",\"series\":\"$1\",\"x\":\"one after the other\",\"y\":\1}/p"
  }
  measure() { # SERIES ADDRESS
    tests=
    for size in $sizes; do tests="$tests up:$size down:$size"; done
    all() {
      /test/bench-vsock -n $round_trips "$1" rtt:1 && /test/bench-vsock -n $connections "$1" connect || return
      # shellcheck disable=SC2086
      /test/bench-vsock -t $seconds "$1" $tests
    }
    all "$2" >/run/tests || return
    samples "$1" </run/tests
  }
  for _ in $(seq 1 "$rounds"); do
    for stack in vmtkit in-tree virtio; do
      stack_load $stack && measure $stack vsock:2:5000 && stack_none || return
    done
    measure tcp "tcp:10.9.0.2:$tcp_port" || return
  done
  for size in $sizes; do /test/bench-vsock -t 1 none "copy:$size" | samples copy; done
  stack_load vmtkit && /test/bench-vsock vsock:2:5009 quit
}

host() {
  servers=
  for address in "unix:$VM_DIR/vsock_5000" "unix:${virtio}_5000" "tcp:127.0.0.1:$tcp_port"; do
    "$build/host/tests/guest/bench-vsock" "$address" serve &
    servers="$servers $!"
  done
  # The guest connects here when it is done.
  socat -u "UNIX-LISTEN:$VM_DIR/vsock_5009" OPEN:/dev/null
  # shellcheck disable=SC2086
  kill $servers
}
