# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# stacks.sh - one vSockets stack at a time, in the guest: ours, the kernel's over VMCI, or over virtio
#
# Needs the Debian userland (kmod).  stack_none comes first: udev has loaded what the device asks for.

stack_modules() {
  case $1 in
    vmtkit) echo vmci vmsock ;;
    in-tree) echo vmw_vmci vsock vmw_vsock_vmci_transport ;;
    virtio) echo vsock vmw_vsock_virtio_transport_common vmw_vsock_virtio_transport ;;
  esac
}

# All that may be loaded, users first; each goes as soon as it can.
stack_none() {
  # What keeps the in-tree modules out by default is not wanted here, nor their balloon.
  [ ! -e /etc/modprobe.d/vmtkit.conf ] || {
    rm -f /etc/modprobe.d/vmtkit.conf
    echo 'blacklist vmw_balloon' >/etc/modprobe.d/bench.conf
  }
  for _module in vmw_balloon vmw_vsock_vmci_transport vmw_vsock_virtio_transport vsock_loopback \
    vmw_vsock_virtio_transport_common vsock_diag vsock vmsock vmw_vmci vmci; do
    _absent() { [ ! -d "/sys/module/$_module" ] || rmmod "$_module"; }
    wait_for 20 _absent || { echo "bench: $_module does not unload" >&2; return 1; }
  done
}

stack_load() { # vmtkit | in-tree | virtio
  # shellcheck disable=SC2046
  modprobe -a $(stack_modules "$1")
}
