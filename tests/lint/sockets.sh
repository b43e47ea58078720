# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# sockets.sh TOP - vmci_sockets.h in every dialect that a program may be written in, alone and beside Linux's
# own header in either order; and the programs of vmci_sockets.3 as C and as C++
set -u
cd "$1" || exit 2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Every function and constant of the interface.
cat >"$tmp/all.c" <<'C'
int main(void)
{
	int fd, family = VMCISock_GetAFValueFd(&fd);
	unsigned int version = VMCISock_Version();
	struct sockaddr_vm address;
	unsigned int options[] = {
		SO_VMCI_BUFFER_SIZE, SO_VMCI_BUFFER_MIN_SIZE, SO_VMCI_BUFFER_MAX_SIZE, SO_VMCI_PEER_HOST_VM_ID,
		SO_VMCI_SERVICE_LABEL, SO_VMCI_TRUSTED, SO_VMCI_CONNECT_TIMEOUT, SO_VMCI_NONBLOCK_TXRX,
		SO_VMCI_DISCONNECT_CAUSE, SO_VMCI_PEER_LIMIT_RATE, SO_VMCI_PEER_PRIV_LIMIT,
		SO_VMCI_PEER_BURST_LEVEL, SO_VM_SOCKETS_BUFFER_SIZE, SO_VM_SOCKETS_BUFFER_MIN_SIZE,
		SO_VM_SOCKETS_BUFFER_MAX_SIZE, SO_VM_SOCKETS_PEER_HOST_VM_ID, SO_VM_SOCKETS_TRUSTED,
		SO_VM_SOCKETS_CONNECT_TIMEOUT, SO_VM_SOCKETS_NONBLOCK_TXRX, VMCI_SOCKETS_VERSION,
		VMCI_SOCKETS_GET_AF_VALUE, VMCI_SOCKETS_GET_LOCAL_CID, VMCI_SOCKETS_UUID_2_CID,
		IOCTL_VM_SOCKETS_GET_LOCAL_CID, VMADDR_CID_ANY, VMADDR_PORT_ANY, VMADDR_CID_HYPERVISOR,
		VMADDR_CID_RESERVED, VMADDR_CID_LOCAL, VMADDR_CID_HOST, VMADDR_FLAG_TO_HOST,
		VMCI_SOCKETS_DISCONNECT_REGULAR, VMCI_SOCKETS_DISCONNECT_VMOTION, VSOCK_RECVERR, SOL_VSOCK,
	};

	memset(&address, 0, sizeof(address));
	address.svm_family = (sa_family_t)VMCISock_GetAFValue();
	address.svm_cid = VMCISock_GetLocalCID();
	address.svm_port = VMCISock_Uuid2ContextId("");
	VMCISock_ReleaseAFValueFd(fd);
	return version == VMCI_SOCKETS_INVALID_VERSION || version == VM_SOCKETS_INVALID_VERSION ||
	       VMCI_SOCKETS_VERSION_EPOCH(version) + VMCI_SOCKETS_VERSION_MAJOR(version) +
	       VMCI_SOCKETS_VERSION_MINOR(version) == options[family & 1] + address.svm_cid;
}
C
ours='#include "vmci_sockets.h"' linux='#include <sys/socket.h>
#include <linux/vm_sockets.h>'
printf '%s\n' "$ours" >"$tmp/alone.h"
printf '%s\n' "$ours" "$linux" >"$tmp/first.h"
printf '%s\n' "$linux" "$ours" >"$tmp/last.h"

number=0
result() { # STATUS SENTENCE
  number=$((number + 1))
  if [ "$1" = 0 ]; then echo "ok $number - $2"; else
    echo "not ok $number - $2"
    head -n 10 "$tmp/log" | sed 's/^/# /'
  fi
}
compile() { # FLAG...
  g++ -Iinclude -Wall -Wextra -Wno-missing-field-initializers -Werror "$@" -o "$tmp/program" >>"$tmp/log" 2>&1
}

dialects='c:c99 c:gnu11 c:gnu17 c++:c++98 c++:c++11 c++:gnu++17'
# shellcheck disable=SC2086
set -- $dialects
echo 1..$(($# + 3))
for dialect; do
  : >"$tmp/log"
  status=0
  for with in alone first last; do
    compile -D_DEFAULT_SOURCE -x "${dialect%%:*}" -std="${dialect#*:}" -include "$tmp/$with.h" "$tmp/all.c" || status=1
  done
  result $status "all of vmci_sockets.h compiles and links as ${dialect#*:}, with and without Linux's header"
done
for name in server client whoami; do
  : >"$tmp/log"
  sh tests/guest/examples.sh man/vmci_sockets.3 $name >"$tmp/$name.c"
  compile -x c -std=gnu11 "$tmp/$name.c" && compile -x c++ -std=gnu++11 "$tmp/$name.c"
  result $? "the example $name of vmci_sockets.3 is C and C++"
done
