# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# headers.sh TOP - every header compiles alone, and the rules of who may include what hold
set -u
cd "$1" || exit 2

flags=$(pkg-config --cflags glib-2.0 gio-2.0 json-c libevent_core libtirpc libnl-route-3.0 cunit)
out=''
count=0
while read -r file; do
  count=$((count + 1))
  # shellcheck disable=SC2086
  out+=$(gcc -std=gnu11 -Wall -D_GNU_SOURCE -fsyntax-only -I. -Iinclude -Ibuild/check $flags -x c "$file" 2>&1)
done < <(git ls-files -co --exclude-standard 'include/*.h' 'host/*.h' 'lib/*.h' 'agent/*.h' 'cli/*.h' 'tests/*.h' |
  grep -v -e '^include/vmci_kernel.h$' -e '^tests/guest/')
echo 1..4
if [ -z "$out" ]; then echo "ok - $count headers compile alone"; else
  echo "not ok - headers compile alone"
  printf '%s\n' "$out" | head -n 40 | sed 's/^/# /'
fi

# Those of the modules: a source of one line for each, built as drivers/Kbuild builds a module.
kernel=$(awk '!/^#/ && NF { print $1; exit }' tests/vm/kernels.list)
scratch=$1/build/lint-headers
rm -rf "$scratch"
mkdir -p "$scratch"
{
  printf 'include %s/drivers/compat/probe.mk\n' "$1"
  printf 'ccflags-y := -I%s/include -I%s -include %s/drivers/compat/compat.h $(VMT_PROBED)\n' "$1" "$1" "$1"
} >"$scratch/Kbuild"
objects=()
while read -r file; do
  # trace.h defines events as well as declaring them: its own way of inclusion needs its source.
  [ "${file##*/}" != trace.h ] || continue
  name=$(printf '%s' "${file%.h}" | tr '/' '_')
  printf '#include "%s"\n' "$file" >"$scratch/$name.c"
  objects+=("$name.o")
  printf 'obj-m += %s.o\n' "$name" >>"$scratch/Kbuild"
done < <(git ls-files -co --exclude-standard 'drivers/*.h' include/vmci_kernel.h)
if out=$(make -C "$1/build/cache/kernels/$kernel/headers" --silent -j "$(nproc)" "M=$scratch" W=1 KCFLAGS=-Werror \
  "${objects[@]}" 2>&1); then echo "ok - ${#objects[@]} headers of the modules compile alone"; else
  echo "not ok - headers of the modules compile alone"
  printf '%s\n' "$out" | head -n 40 | sed 's/^/# /'
fi

# Rows: folder, then the only project folders that its files may include from.
rules='
include/wire   include/wire
drivers/vmci   drivers/vmci include/wire include/vmci_kernel.h
drivers/vsock  drivers/vsock include/wire include/vmci_kernel.h include/vmci_sockets.h
drivers/vmt    drivers/vmt include/wire include/uapi
lib            lib include/wire include/uapi
agent          agent lib include/wire include/uapi
cli            cli lib include/wire include/uapi
host/base      host/base
host/model     host/model host/base include/wire
host/vfio_user host/vfio_user host/model host/base include/wire
host/front     host/front host/model host/base include/wire
host/qemu_plugin host/qemu_plugin host/front host/model host/base include/wire
host/ptrace    host/ptrace host/front host/model host/base include/wire
host/vmm       host/vmm host/vfio_user host/front host/ptrace host/model host/base include/wire
host/vmd       host/vmd host/vmm host/vfio_user host/front host/model host/base include/wire
host/vmctl     host/vmctl host/vmd host/model/fault.h host/model/transcript.h host/base
'
bad=$(printf '%s' "$rules" | while read -r folder allowed; do
  [ -n "$folder" ] || continue
  git grep -nE --untracked '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' -- "$folder" | while IFS=: read -r file line text; do
    name=$(printf '%s' "$text" | sed 's/.*"\(.*\)".*/\1/')
    target=''
    for try in "$(dirname "$file")/$name" "$name" "include/$name"; do
      [ -e "$try" ] && target=$(realpath -m --relative-to=. "$try") && break
    done
    [ -n "$target" ] || continue # generated
    ok=''
    for a in $allowed; do case $target in "$a" | "$a"/*) ok=1 ;; esac; done
    [ -n "$ok" ] || echo "# $file:$line includes $target"
  done
done)
if [ -z "$bad" ]; then echo "ok - folders include only what they may"; else
  echo "not ok - folders include only what they may"
  printf '%s\n' "$bad"
fi

if bad=$(git grep -nE --untracked 'LINUX_VERSION_CODE|KERNEL_VERSION\(' -- drivers ':!drivers/compat'); then
  echo "not ok - no version test outside drivers/compat"
  printf '%s\n' "$bad" | sed 's/^/# /'
else
  echo "ok - no version test outside drivers/compat"
fi
