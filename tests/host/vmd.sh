#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vmd.sh - vmd and vmctl as processes: what they say and how they end when something is wrong
#
# No guest is needed: a program that only speaks QEMU's monitor stands in for QEMU.
# VMTKIT_BUILD is the build tree.  Prints TAP.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
export PATH="$build:$PATH" VMD_SOCK=$dir/vmd.sock

# expect STATUS TEXT COMMAND...: the command ends with STATUS and says TEXT, in one line if it failed.
expect() {
  local status=$1 text=$2 got
  shift 2
  timeout 30 "$@" >"$dir/out" 2>&1
  got=$?
  echo "ended with $got" >>"$dir/out"
  [ "$got" = "$status" ] && grep -qF -- "$text" "$dir/out" &&
    { [ "$got" = 0 ] || [ "$(wc -l <"$dir/out")" = 2 ]; }
}

# mode WORD: how QEMU behaves; a copy of its own, so that no version is remembered from another.
mode() {
  rm -rf "$dir/qemu"
  mkdir "$dir/qemu"
  cp "$here/fake-qemu" "$dir/qemu/"
  echo "$1" >"$dir/qemu/fake-qemu.mode"
}

conf() {
  {
    printf 'qemu "%s"\nplugin "%s"\nshutdown-timeout 1\n' "$dir/qemu/fake-qemu" "$dir/kernel"
    cat
  } >"$dir/vm.conf"
}

# The daemon is ready when it has said so; whoever asks earlier waits for it.
daemon() {
  vmd -d -f "$dir/vm.conf" -s "$VMD_SOCK" >"$dir/log" 2>&1 &
  pid=$!
  daemons+=("$pid")
  vmctl wait "$1" "$2" --timeout 20 >"$dir/out" 2>&1
}

# end SIGNAL SECONDS: the daemon ends with 0 within that time.
end() {
  local begin=$SECONDS
  kill -"$1" "$pid"
  timeout 20 tail --pid="$pid" -f /dev/null || return 1
  wait "$pid" && [ $((SECONDS - begin)) -le "$2" ]
}

echo 1..47
touch "$dir/kernel"
mode good

printf 'vm a {\n\tmemory 5\n}\n' >"$dir/bad.conf"
expect 1 "$dir/bad.conf:2: memory must be whole MiB from 32M to 1024G, not \"5\"" vmd -n -f "$dir/bad.conf"
verdict $? "a wrong line is told with file and line"

expect 1 "$dir/none.conf: No such file or directory" vmd -n -f "$dir/none.conf"
verdict $? "a missing configuration is told"

expect 2 "usage: vmd" vmd operand
verdict $? "an operand shows the usage"

conf <<<"vm a { kernel \"$dir/kernel\" }"
expect 0 "configuration OK" vmd -n -f "$dir/vm.conf"
verdict $? "a good configuration is told so"

# shellcheck disable=SC2016
conf <<<'vm a { kernel $k }'
expect 0 "configuration OK" vmd -n -D "k=$dir/kernel" -f "$dir/vm.conf"
verdict $? "a macro comes from the command line"

conf <<<"vm a { kernel \"$dir/missing\" }"
expect 1 "vm \"a\": kernel $dir/missing: No such file or directory" vmd -n -f "$dir/vm.conf"
verdict $? "a missing kernel is told by -n"

conf <<<"vm a { kernel \"$dir/kernel\"; initrd \"$dir/missing\" }"
expect 1 "vm \"a\": initrd $dir/missing: No such file or directory" vmd -n -f "$dir/vm.conf"
verdict $? "a missing initrd is told by -n"

conf <<<"vm a { disk \"$dir\" }"
expect 1 "vm \"a\": disk $dir: Is a directory" vmd -n -f "$dir/vm.conf"
verdict $? "a disk that is none is told by -n"

# long COUNT: so many letters
long() { printf "%0$1d" 0; }
conf <<<"vm a { kernel \"$dir/kernel\"; vsock \"/$(long 84)\" }"
expect 1 "$dir/vm.conf:4: vsock is longer than 84 bytes" vmd -n -f "$dir/vm.conf"
verdict $? "a vsock path that its sockets would not fit is told with file and line"

conf <<<"vm a { kernel \"$dir/kernel\" }"
chmod a-x "$dir/qemu/fake-qemu"
expect 1 "$dir/qemu/fake-qemu: Permission denied; set qemu or qemu-root in vm.conf" vmd -n -f "$dir/vm.conf"
verdict $? "a QEMU that cannot be executed is told by -n"
mode old
expect 1 "is QEMU 7.2.0, but 11.1 or newer is needed" vmd -n -f "$dir/vm.conf"
verdict $? "a QEMU that is too old is told by -n"
mode good

expect 1 "a socket's path has at most 107 bytes; choose another with -s" \
  vmd -d -f "$dir/vm.conf" -s "$dir/$(long 107)"
verdict $? "a control socket with too long a path is told, with the remedy"
expect 5 "its path must have 1 to 107 bytes; name it with -s" vmctl -s "$dir/$(long 107)" status
verdict $? "vmctl tells the same"

printf 'state-dir "%s/x"\n' "$dir/kernel" >"$dir/state.conf"
expect 1 "state-dir $dir/kernel/x: Not a directory" vmd -d -f "$dir/state.conf" -s "$dir/other.sock"
verdict $? "a state folder that cannot be made is told"

expect 5 "start vmd, or name its socket with -s or VMD_SOCK" vmctl status
verdict $? "vmctl without a daemon says so, and the remedy"

conf <<<"vm a { kernel \"$dir/missing\" }
vm b { kernel \"$dir/kernel\" }"
daemon b up
verdict $? "the other VMs run when a kernel is missing"

expect 6 "vm \"a\" is down: kernel $dir/missing: No such file or directory" vmctl wait a up
verdict $? "waiting for a VM that cannot start tells the reason"

expect 3 "there is no vm \"bb\"; did you mean \"b\"?" vmctl status bb
verdict $? "an unknown VM gets a hint"

expect 1 "another vmd is running on $VMD_SOCK" vmd -d -f "$dir/vm.conf" -s "$VMD_SOCK"
verdict $? "a second vmd on the same socket is told why it ends"

printf 'state-dir "%s"\n' "$dir/vmd" >"$dir/state.conf"
expect 1 "another vmd uses state-dir $dir/vmd" vmd -d -f "$dir/state.conf" -s "$dir/other.sock"
verdict $? "a second vmd on the same state folder is told why it ends"

expect 2 'vmctl: "explode" is not known here; it must be one of halt, reboot, suspend, resume' vmctl power b explode
verdict $? "a wrong operand is told, with those that are right"

# shellcheck disable=SC2016
expect 2 "vmctl: unrecognized option '--nonsense'" \
  bash -c 'vmctl status --nonsense 2>&1 | head -n 1; exit ${PIPESTATUS[0]}'
verdict $? "a wrong option is told in the program's name"

expect 2 "vmd: error: -s must name a socket" vmd -d -f "$dir/vm.conf" -s ''
verdict $? "an empty name of a socket is told"

expect 1 "vm \"b\" is already running" vmctl start b
verdict $? "a running VM is not started twice"

expect 8 "no agent runs in the guest" vmctl send b ping
verdict $? "a command without an agent is told"

vmctl var b set key value && expect 0 "value" vmctl var get b key
verdict $? "a variable is set and read, in both word orders"

expect 2 "there is no fault \"nothing\"; vmctl fault --list shows them" vmctl fault b nothing
verdict $? "a fault that there is not is refused"
vmctl fault b --count 1 rpci-refuse 'info-get*' && expect 0 '"faults":"rpci-refuse"' vmctl status -j b &&
  expect 0 "0  rpci-refuse count=1 info-get" vmctl fault b && vmctl fault b --clear &&
  expect 1 "that fault is not set" vmctl fault b --clear rpci-refuse
verdict $? "a fault is set, shown and cleared"
# Nothing tells when the first has begun: where the second came before it, the first is told, and comes again.
expect 1 "somebody records already" bash -c 'for i in {1..100}; do
    [ "${first-}" ] && kill -0 "$first" 2>/dev/null || { vmctl record b "$1" 2>/dev/null & first=$!; }
    out=$(timeout 1 vmctl record b "$2" 2>&1); status=$?; [ $status = 1 ] && break
  done; kill "$first"; echo "$out"; exit $status' - "$dir/transcript" "$dir/second"
verdict $? "one client at a time records"
expect 0 "lines, as recorded" vmctl replay "$here/../wire/bsd-vmt.txt" && printf '> 0 begin 0\n> 0 opened\n< push 1 x\n' >"$dir/wrong" &&
  expect 1 "wrong:3: the model says: < push 1 reset" vmctl replay "$dir/wrong"
verdict $? "a transcript is replayed, and a wrong line named"
vmctl pause b && expect 0 '"state":"paused"' vmctl status -j b && vmctl unpause b
verdict $? "pause is seen in the status"

expect 0 "console is here" vmctl log --console b
verdict $? "the console's output is in its log"

expect 0 "are you there" bash -c 'echo "are you there" | timeout 10 vmctl console b | grep -m 1 there'
verdict $? "the console is reached from a terminal"

# complete WORD...: what the completion offers for the last word
complete_words() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _vmctl
  echo "${COMPREPLY[*]}"
}
# shellcheck source=/dev/null
. "$here/../../host/vmctl/completions/vmctl"
[ "$(complete_words vmctl st)" = "start status stop" ] && [ "$(complete_words vmctl stop '')" = "a b" ] &&
  [ "$(complete_words vmctl -s "$VMD_SOCK" power b re)" = "reboot resume" ] &&
  [ "$(complete_words vmctl stop --f)" = --force ]
verdict $? "the completion knows verbs, names, words and options"

process=$(vmctl status -j b | sed -n 's/.*"pid":\([0-9]*\).*/\1/p' | head -n 1)
kill -KILL "$process"
expect 0 "" vmctl wait b down --timeout 10 &&
  expect 0 "its process was killed by signal 9" vmctl status b && [ ! -e "$dir/vmd/b/front.sock" ]
verdict $? "a crash of a VM's process is told and cleaned up"

expect 0 "" vmctl start b && expect 0 '"state":"running"' vmctl status -j b
verdict $? "the VM starts again after it"

expect 0 "" vmctl stop -w b --timeout 10 && expect 0 "the guest powered off" vmctl status b
verdict $? "a guest that powers off ends its VM"

expect 6 "vm \"b\" is not running" vmctl stop b
verdict $? "a VM that is down cannot be stopped"

{ kill -9 "$pid" && wait "$pid"; } 2>/dev/null
daemon b up && end TERM 5
verdict $? "a stale socket is replaced, SIGTERM ends all"

mode deaf
daemon b up
expect 4 "timed out: vm \"b\" is not down yet" vmctl stop -w --timeout 0.2 b &&
  expect 0 "" vmctl stop -f -w b --timeout 10 && expect 0 "stopped by force" vmctl status b
verdict $? "a guest that does not listen is stopped by force"

vmctl start b && end INT 10 && grep -q "ending it by force" "$dir/log"
verdict $? "shutdown-timeout is kept"

mode good
conf <<<"vm polite { kernel \"$dir/kernel\" }
vm rude { kernel \"$dir/kernel\" }"
echo deaf >"$dir/qemu/fake-qemu.mode.rude"
daemon polite up && vmctl wait rude up && end TERM 5 &&
  grep -q "polite: ended: the guest powered off" "$dir/log" &&
  grep -q "vm \"rude\" did not shut down in time; ending it by force" "$dir/log" &&
  grep -q "rude: ended: stopped by force" "$dir/log" && ! grep -q "\"polite\" did not" "$dir/log"
verdict $? "at its end, force is only for the VM that did not shut down in time"

! grep "warning:" "$dir/log" | grep -qv "did not shut down"
verdict $? "an orderly end is logged without a warning"

conf <<<"vm b { kernel \"$dir/kernel\" }"
mode old
daemon b up
expect 6 "is QEMU 7.2.0, but 11.1 or newer is needed" vmctl wait b up && end TERM 5
verdict $? "a QEMU that is too old is told with the remedy"

mode crash
daemon b up
expect 6 "QEMU ended with status 3: qemu: no such device" vmctl wait b up && end TERM 5
verdict $? "a QEMU that fails is told with its last line"

mode good
conf <<<"vm b { kernel \"kernel\" }"
# shellcheck disable=SC2016
expect 0 "" bash -c 'cd "${1%/*}" && vmd -f vm.conf -s "$1"' bash "$VMD_SOCK" &&
  vmctl wait b up --timeout 10 >"$dir/out" 2>&1 &&
  process=$(vmctl status -j b | sed -n 's/.*"pid":\([0-9]*\).*/\1/p' | head -n 1) &&
  pid=$(($(ps -o ppid= -p "$process"))) && daemons+=("$pid") && kill "$pid" &&
  timeout 10 tail --pid="$pid" -f /dev/null
verdict $? "a daemon finds what its configuration names beside itself"

conf <<<"vm b { kernel \"$dir/kernel\" }"
expect 0 "" vmd -f "$dir/vm.conf" -s "$VMD_SOCK" && vmctl wait b up --timeout 10 &&
  pid=$(flock -n "$dir/vmd/lock" true || pgrep -f "^vmd -f $dir/vm.conf") &&
  daemons+=("$pid") && vmctl status >/dev/null && kill "$pid" && timeout 10 tail --pid="$pid" -f /dev/null &&
  [ ! -e "$VMD_SOCK" ]
verdict $? "a daemon answers as soon as vmd has returned, and takes its socket with it"
