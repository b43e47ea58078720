# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vm.sh - ./dev vm: boots a VM on our host, runs a command in it, exits with its status
#
# The command's output, errors and status come over virtio ports into FIFOs of the run's folder,
# build/run/vm.XXXXXX, which also keeps the guest's console and vmd's log.  The folder goes away when
# the command ended with 0 and nothing asked to keep it.

vm_usage() {
  cat <<'EOF'
usage: ./dev vm [OPTION]... -- COMMAND [ARGUMENT]...

Boots a VM, runs COMMAND inside, prints its output, exits with its status.

  --kernel NAME        kernel of tests/vm/kernels.list (its first)
  --drivers WHICH      modules loaded before COMMAND: ours (default), intree, none
  --no-load            installs those modules, and loads none
  --userland WHICH     busybox (default, up in 2 s) or debian (systemd)
  --agent WHICH        ours, open-vm-tools or none (default); another than none implies debian
  --copy SRC:DST       copies a file or folder of this machine into the guest; may be repeated
  --host-cmd COMMAND   a shell command that runs on this machine meanwhile, with vmctl on PATH,
                       VMD_SOCK and VM_NAME set; the VM is up when it starts, and stays at most 5 s
                       for it when the command in the guest has ended
  --memory SIZE        memory of the VM (512M, debian 1G)
  --append WORD        one more word for the kernel's command line; may be repeated
  --conf LINE          one more line for the vm block of vm.conf; may be repeated
  --monitor            QEMU's monitor (QMP) listens on the socket qmp of VM_DIR, which --host-cmd sees
  --device COMMAND     a program that serves a vfio-user device on the socket that its last argument names;
                       the VM has this device, in a slot of its own and with the name peer, instead of VMCI
  --keep-logs          keeps console and logs in build/run although all went well
  --built              builds nothing: what is there is up to date
  --timeout SECONDS    limit for all of it (120), times what kernels.list says for the kernel
  --keep               leaves the VM running, and says how to reach and how to end it

Exit status: that of COMMAND; when that is 0, that of --host-cmd; 2 for wrong options, 123 when the
kernel checks itself and found something, 124 when the time was over, 125 when the VM could not
start or ended before COMMAND, and 126 when the drivers did not load.
EOF
}

vm_defaults() {
  vm_kernel=$images_default_kernel vm_drivers=ours vm_userland='' vm_agent=none vm_copies=()
  vm_host_cmd='' vm_memory='' vm_built='' vm_load=1 vm_keep_logs='' vm_append='' vm_conf=() vm_timeout=120 vm_keep='' vm_command=()
  vm_monitor='' vm_device=''
}

# vm_wrong WORDS: ends the program as a wrong option does
vm_wrong() {
  say "vm: $*; see ./dev vm --help"
  exit 2
}

vm_parse() {
  while [ $# -gt 0 ]; do
    case $1 in
      --keep) vm_keep=1 && shift && continue ;;
      --built) vm_built=1 && shift && continue ;;
      --no-load) vm_load='' && shift && continue ;;
      --keep-logs) vm_keep_logs=1 && shift && continue ;;
      --monitor) vm_monitor=1 && shift && continue ;;
      -h | --help) vm_usage && exit 0 ;;
      --) shift && vm_command=("$@") && break ;;
      --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    esac
    case $1 in
      --kernel | --drivers | --userland | --agent | --copy | --host-cmd | --memory | --append | --conf | --device | --timeout) ;;
      *) vm_wrong "unknown option '$1'" ;;
    esac
    [ $# -ge 2 ] || vm_wrong "$1 needs a value"
    case $1 in
      --kernel) vm_kernel=$2 ;;
      --drivers) vm_drivers=$2 ;;
      --userland) vm_userland=$2 ;;
      --agent) vm_agent=$2 ;;
      --copy) vm_copies+=("$2") ;;
      --host-cmd) vm_host_cmd=$2 ;;
      --memory) vm_memory=$2 ;;
      --append) vm_append+=" $2" ;;
      --conf) vm_conf+=("$2") ;;
      --device) vm_device=$2 ;;
      --timeout) vm_timeout=$2 ;;
    esac
    shift 2
  done
  vm_validate
}

vm_validate() {
  case $vm_drivers in ours | intree | none) ;; *) vm_wrong "--drivers is ours, intree or none, not '$vm_drivers'" ;; esac
  case $vm_agent in
    ours | open-vm-tools)
      [ "$vm_userland" != busybox ] || vm_wrong "--agent $vm_agent needs --userland debian"
      vm_userland=debian
      ;;
    none) ;;
    *) vm_wrong "--agent is ours, open-vm-tools or none, not '$vm_agent'" ;;
  esac
  vm_userland=${vm_userland:-busybox}
  case $vm_userland in busybox | debian) ;; *) vm_wrong "--userland is busybox or debian, not '$vm_userland'" ;; esac
  case $vm_timeout in '' | *[!0-9]*) vm_wrong "--timeout takes whole seconds, not '$vm_timeout'" ;; esac
  [ ${#vm_command[@]} -gt 0 ] || vm_wrong "no command after '--'"
  (images_kernel_field "$vm_kernel" 1) >/dev/null || exit 2
  local copy
  for copy in ${vm_copies[@]+"${vm_copies[@]}"}; do
    case $copy in *?:/*) ;; *) vm_wrong "--copy takes SRC:DST with an absolute DST, not '$copy'" ;; esac
    [ -e "${copy%%:*}" ] || vm_wrong "--copy: there is no '${copy%%:*}'"
  done
}

# Everything that the VM is made of, and nothing that it is not.
vm_prepare() {
  setup_system
  build_host
  images_kernel "$vm_kernel"
  [ "$vm_drivers" != ours ] || build_drivers "$vm_kernel"
  [ "$vm_userland" != debian ] || images_debian
  [ "$vm_agent" != ours ] || build_agent
}

cmd_vm() {
  vm_defaults
  vm_parse "$@"
  [ -n "$vm_built" ] || vm_prepare
  vm_run
}

# A socket's path has at most 107 bytes, and the longest of the VM's is 29 longer than its folder's: in a
# deep checkout the folder gets a second, short name.
vm_dir_new() {
  vm_logs=$(mktemp -d "$build/run/vm.XXXXXX") vm_link=''
  vm_dir=$vm_logs
  if [ ${#vm_dir} -gt 78 ]; then
    vm_link=$(mktemp -d /tmp/vmtkit.XXXXXX)
    ln -s "$vm_logs" "$vm_link/vm"
    vm_dir=$vm_link/vm
  fi
}

# Runs the VM that the vm_* variables describe; returns as vm_usage says.
vm_run() {
  mkdir -p "$build/run"
  vm_dir_new
  vm_name=vm vm_vmd='' vm_host_pid='' vm_device_pid='' vm_watchdog=''
  # shellcheck disable=SC2064
  trap "vm_cleanup" EXIT
  trap 'exit 130' INT TERM
  vm_payload
  vm_write_conf
  local status=0
  vm_start && vm_wait || status=$?
  vm_finish "$status"
}

# The second half of the initrd: the test's files under /test.
vm_payload() {
  local tree=$vm_dir/payload copy src dst
  mkdir -p "$tree/test/root/etc/modprobe.d" "$tree/test/root/run"
  cp "$top"/tests/guest/{run,network,drivers} "$tree/test/"
  {
    printf '#!/bin/sh\nexport PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root\ncd /root\nexec'
    printf " '%s'" "${vm_command[@]//\'/\'\\\'\'}"
    printf '\n'
  } >"$tree/test/command"
  chmod +x "$tree/test/command"
  case $vm_drivers in
    ours)
      cp -r "$build/drivers/$vm_kernel/modules" "$tree/test/modules"
      cp "$top/packaging/modprobe.d/vmtkit.conf" "$tree/test/root/etc/modprobe.d/"
      ;;
    intree) ;;
    none)
      printf 'install %s /bin/false\n' vmw_vmci vmw_vsock_vmci_transport vsock \
        >"$tree/test/root/etc/modprobe.d/none.conf"
      ;;
  esac
  vm_payload_agent "$tree/test/root"
  for copy in ${vm_copies[@]+"${vm_copies[@]}"}; do
    src=${copy%%:*} dst=$tree/test/root${copy#*:}
    mkdir -p "$(dirname "$dst")"
    cp -aL "$src" "$dst"
  done
  { cat "$cache/initrd-$vm_kernel"; (cd "$tree" && find . -print0 |
    cpio --null --quiet --create --format=newc --owner=0:0); } >"$vm_dir/initrd"
  rm -r "$tree"
}

vm_payload_agent() {
  local wants=$1/etc/systemd/system/multi-user.target.wants
  case $vm_agent in
    ours)
      cp -a "$build/guest-root/." "$1/"
      mkdir -p "$wants" "$1/etc/systemd/system/sockets.target.wants"
      ln -s /usr/lib/systemd/system/vmtd.service "$wants/"
      ln -s /usr/lib/systemd/system/vmt-priv.socket "$1/etc/systemd/system/sockets.target.wants/"
      # The stock agent is in the image: its own power script is not for ours to run.
      install -D -m 644 /dev/null "$1/etc/vmware-tools/scripts/vmware/network"
      ;;
    open-vm-tools)
      mkdir -p "$wants"
      ln -s /lib/systemd/system/open-vm-tools.service "$wants/"
      ;;
  esac
}

vm_checks_itself() { [ "$(images_kernel_field "$vm_kernel" 5)" != stock ]; }

vm_write_conf() {
  local memory=512M append=' quiet'
  # What checks itself needs memory to keep records in, and what it says is the verdict.
  if vm_checks_itself; then memory=1G append=' test.debug=1'; fi
  if [ "$vm_userland" = debian ]; then
    append+=' systemd.show_status=0 systemd.log_level=warning'
    if vm_checks_itself; then memory=2G; else memory=1G; fi
  fi
  mkfifo "$vm_dir"/{out,err,status}
  {
    setup_qemu_conf
    printf 'plugin "%s"\n' "$build/host/host/qemu_plugin/.libs/backdoor.so"
    printf 'vm "%s" {\n' "$vm_name"
    printf '\tmemory %s\n\tcpus 2\n' "${vm_memory:-$memory}"
    printf '\tkernel "%s"\n\tinitrd "%s"\n' "$cache/kernels/$vm_kernel/vmlinuz" "$vm_dir/initrd"
    printf '\tappend "console=ttyS0 panic=-1 net.ifnames=0 test.userland=%s test.drivers=%s%s%s"\n' \
      "$vm_userland" "$([ -n "$vm_load" ] && echo "$vm_drivers" || echo none)" "$append" "$vm_append"
    printf '\tdisk "%s" readonly\n' "$cache/kernels/$vm_kernel/modules.img"
    [ "$vm_userland" != debian ] || printf '\tdisk "%s" readonly\n' "$cache/debian.img"
    printf '\tvsock "%s"\n\tconsole "%s"\n' "$vm_dir/vsock" "$vm_dir/console.log"
    printf '\tport "org.vmtkit.%s" "%s"\n' out "$vm_dir/out" err "$vm_dir/err" status "$vm_dir/status"
    printf '\tinterface user restricted\n'
    # The files above belong to whoever runs this, and not to a user of the VM.
    [ "$(id -u)" != 0 ] || printf '\trun-as root\n'
    [ ${#vm_conf[@]} -eq 0 ] || printf '\t%s\n' "${vm_conf[@]}"
    [ -z "$vm_monitor" ] || vm_qemu_args -qmp "unix:$vm_dir/qmp,server=on,wait=off"
    if [ -n "$vm_device" ]; then
      printf '\tvmci off\n'
      vm_qemu_args -device pcie-root-port,id=peer.port,chassis=1,slot=1 -device \
        "{\"driver\":\"vfio-user-pci\",\"id\":\"peer\",\"bus\":\"peer.port\",\"socket\":{\"type\":\"unix\",\"path\":\"$vm_dir/peer\"}}"
    fi
    printf '}\n'
  } >"$vm_dir/vm.conf"
}

vm_qemu_args() { printf '\tqemu-arg "%s"\n' "${@//\"/\\\"}"; }

# What --host-cmd and the judges see.  vm_exec becomes the command, so that $! of it in the background is
# the command's own pid.
vm_exec() {
  exec env PATH="$build/host:$PATH" VMD_SOCK="$vm_dir/vmd.sock" VM_NAME="$vm_name" VM_DIR="$vm_dir" "$@"
}
vm_env() { (vm_exec "$@"); }

vm_start() {
  # Readers first: QEMU's opening of a FIFO waits for them.
  cat <"$vm_dir/out" & vm_readers=($!)
  cat <"$vm_dir/err" >&2 & vm_readers+=($!)
  exec 7<>"$vm_dir/status"
  vm_start_device || return 125
  vm_exec setpriv --pdeathsig TERM "$build/host/vmd" -d -f "$vm_dir/vm.conf" -s "$vm_dir/vmd.sock" >"$vm_dir/vmd.log" 2>&1 &
  vm_vmd=$!
  if ! vm_env vmctl wait "$vm_name" up --timeout 30 >/dev/null 2>"$vm_dir/start.err"; then
    tail -n 3 "$vm_dir/vmd.log" "$vm_dir/start.err" >&2
    return 125
  fi
  if [ -n "$vm_host_cmd" ]; then
    # A group of its own, so that what it leaves behind can be ended with it.
    vm_exec setsid bash -c "$vm_host_cmd" & vm_host_pid=$!
  fi
}

# What serves the other device, which has to listen before QEMU comes.
vm_start_device() {
  [ -n "$vm_device" ] || return 0
  # shellcheck disable=SC2086
  vm_exec setpriv --pdeathsig TERM $vm_device "$vm_dir/peer" >"$vm_dir/device.log" 2>&1 &
  vm_device_pid=$!
  local tries
  for tries in $(seq 1 100); do
    [ ! -S "$vm_dir/peer" ] || return 0
    kill -0 "$vm_device_pid" 2>/dev/null || break
    sleep 0.1
  done
  say "vm: --device: nothing listens on ${vm_dir#"$top"/}/peer after $tries tries"
  tail -n 3 "$vm_dir/device.log" >&2
  return 1
}

# Waits for the command's status, the VM's end, or the time limit, whichever is first.
vm_wait() {
  local status='' limit=$((vm_timeout * $(images_kernel_field "$vm_kernel" 6)))
  {
    vm_env vmctl wait "$vm_name" down --timeout "$limit" >/dev/null 2>&1
    [ $? -eq 4 ] && echo timeout || echo down
  } >"$vm_dir/status" & vm_watchdog=$!
  read -r status <&7
  if [ "$status" = down ]; then
    # The status may have been on its way when the VM ended.
    read -r -t 1 status <&7 || status=down
  fi
  case $status in
    timeout) say "vm: not done after $limit s" && return 124 ;;
    down) say "vm: the VM ended before the command did" && vm_wait_host && return 125 ;;
    drivers) say "vm: the drivers did not load" && return 126 ;;
  esac
  local host=0
  vm_wait_host || host=$?
  [ "$status" = 0 ] && return "$host" || return "$status"
}

# Gives --host-cmd its time: 5 s after the end of the command in the guest, then 10 s without the VM.
vm_wait_host() {
  [ -n "$vm_host_pid" ] || return 0
  local status=0
  if [ -z "$vm_keep" ] && ! timeout 5 tail --pid="$vm_host_pid" -f /dev/null; then
    vm_env vmctl stop -f -w "$vm_name" >/dev/null 2>&1 || true
    timeout 10 tail --pid="$vm_host_pid" -f /dev/null ||
      say "vm: --host-cmd did not end 15 s after the command in the guest"
  fi
  vm_end_host || status=$?
  return "$status"
}

# Ends what is left of --host-cmd; its status.
vm_end_host() {
  local status=0 pid=$vm_host_pid
  [ -n "$pid" ] || return 0
  vm_host_pid=''
  kill -TERM -- "-$pid" 2>/dev/null || true
  wait "$pid" || status=$?
  return "$status"
}

vm_finish() {
  local status=$1
  if [ -n "$vm_keep" ] && [ "$status" -lt 124 ]; then
    trap - EXIT INT TERM
    [ -z "$vm_watchdog" ] || kill "$vm_watchdog" 2>/dev/null || true
    say "vm: still running; VMD_SOCK=$vm_dir/vmd.sock, console in $vm_dir/console.log"
    say "vm: 'kill $vm_vmd' ends it"
    return "$status"
  fi
  vm_cleanup
  vm_audit || status=123
  [ "$status" = 0 ] || say "vm: console and logs are in ${vm_logs#"$top"/}"
  [ "$status" != 0 ] || [ -n "$vm_keep_logs" ] || rm -rf "$vm_logs"
  return "$status"
}

# The verdict of a kernel that checks itself: prints what it reported.  A race between two of the kernel's
# own functions is not ours to judge; one that has a function of our modules in it is.  Where memory for an
# interrupt does not come, the kernel's own unwinding warns of files in /proc and of a mapping it never made.
vm_audit() {
  vm_checks_itself || return 0
  awk '
    { line = $0; sub(/^\[[^]]*\] */, "", line); sub(/\r$/, "", line) }
    /BUG: KCSAN:/ { race = line; next }
    line ~ /^WARNING: .* (remove_proc_entry|iounmap)\+/ { next }
    race != "" {
      race = race "\n" line
      if (line ~ /^=====/) { if (race ~ /\[(vmci|vmsock|vmt|vmcitest)\]/) { print race; found = 1 } race = "" }
      next
    }
    line ~ /^(BUG|WARNING|KASAN|UBSAN|Oops|INFO: task |kernel BUG|general protection|ODEBUG: [a-z]|DMA-API: .*:|refcount_t:|unreferenced object|audit:)/ ||
      line ~ /possible (circular|recursive) locking|inconsistent lock state|suspicious RCU usage|still has objects/ {
      found = 1; left = 30
    }
    left > 0 { print line; left-- }
    END { exit found }' "$vm_dir/console.log" | sed 's/^/# report: /' >&2
  [ "${PIPESTATUS[0]}" = 0 ]
}

# Ends what this run started, and only that.
vm_cleanup() {
  trap - EXIT INT TERM
  vm_end_host || true
  if [ -n "$vm_vmd" ]; then
    vm_env vmctl stop -f -w "$vm_name" >/dev/null 2>&1 || true
    kill "$vm_vmd" 2>/dev/null || true
    wait "$vm_vmd" 2>/dev/null || true
    vm_vmd=''
  fi
  if [ -n "$vm_device_pid" ]; then
    kill "$vm_device_pid" 2>/dev/null || true
    wait "$vm_device_pid" 2>/dev/null || true
  fi
  [ -z "$vm_watchdog" ] || wait "$vm_watchdog" 2>/dev/null || true
  exec 7>&-
  vm_end_readers
  [ -z "$vm_link" ] || rm -rf "$vm_link"
}

# A reader ends with its writer; one whose writer never came is told to.
vm_end_readers() {
  local pid fifo
  for fifo in out err; do
    timeout 1 bash -c ': >"$1"' bash "$vm_dir/$fifo" 2>/dev/null || true
  done
  for pid in ${vm_readers[@]+"${vm_readers[@]}"}; do wait "$pid" 2>/dev/null || true; done
  vm_readers=()
}
