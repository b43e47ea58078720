# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# drivers.sh TOP - the modules build without a word from W=1 and sparse
set -u
cd "$1" || exit 2
# The oldest of the kernels of every check.
kdir=$1/build/cache/kernels/$(awk '!/^#/ && NF { print $1; exit }' tests/vm/kernels.list)/headers
out=$(make -C build/check --silent -j "$(nproc)" KDIR="$kdir" MODULES_DIR="$1/build/lint-drivers" \
  W=1 C=2 CF=-Wsparse-error modules 2>&1)
status=$?
echo 1..1
if [ $status = 0 ] && [ -z "$out" ]; then
  echo "ok - vmci, vmsock and vmt are clean with W=1 and sparse"
else
  echo "not ok - vmci, vmsock and vmt are clean with W=1 and sparse"
  printf '%s\n' "$out" | head -n 40 | sed 's/^/# /'
fi
