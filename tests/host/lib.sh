# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh - what the cases with real daemons share: TAP, a folder of programs, daemons that end
#
# Sourced.  VMTKIT_BUILD is the build tree; sets `dir`, a folder that is removed at the end, and
# `number`.  A case that is not executable is no case, so this file is none.
set -u
# shellcheck source=tests/vm/tap.sh
. "${BASH_SOURCE[0]%/*}/../vm/tap.sh"
build=$(cd "${VMTKIT_BUILD:?the build tree}" && pwd)
dir=$(mktemp -d)
chmod 711 "$dir"
number=0 daemons=()

cleanup() {
  local pid
  for pid in ${daemons[@]+"${daemons[@]}"}; do kill -9 "$pid" 2>/dev/null; done
  rm -rf "$dir"
}
trap cleanup EXIT

# verdict STATUS NAME: one line of TAP; what the case left in $dir/out and $dir/log is its comment.
verdict() {
  number=$((number + 1))
  if [ "$1" = 0 ]; then
    echo "ok $number - $2"
  else
    echo "not ok $number - $2"
    sed 's/^/# /' "$dir/out" "$dir/log" 2>/dev/null
  fi
}

# programs: copies to $dir/bin, where users that may not read the build tree find them.
programs() {
  mkdir "$dir/bin"
  cp "$build/vmd" "$build/vmctl" "$build/vm-container" "$build/agent/.libs/vmtd" \
    "$build/agent/priv/vmt-priv" "$build/cli/.libs/vmtctl" "$build/tests/guest/port-client" \
    "$build"/lib/.libs/libvmt.so.0 "$dir/bin/"
  chmod 755 "$dir/bin"/*
  # An agent as in a guest, with the helper that systemd would start for it.
  cat >"$dir/bin/agent" <<'EOF'
export LD_LIBRARY_PATH=${0%/*} ASAN_OPTIONS=detect_leaks=0
mkdir -p /run/vmtkit
while systemd-socket-activate --seqpacket -l /run/vmtkit/priv.sock -E ASAN_OPTIONS "${0%/*}/vmt-priv"; do
  :
done >/dev/null 2>&1 &
exec "${0%/*}/vmtd"
EOF
  export PATH="$dir/bin:$PATH" ASAN_OPTIONS=detect_leaks=0
}
