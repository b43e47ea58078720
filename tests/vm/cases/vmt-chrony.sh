# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-chrony.sh - chrony follows the PTP clock of vmt.ko
#
# The host's time is read by a program of our own, not by chrony.  Where the host gives the VM so little
# time that even the narrowest of 25 looks takes milliseconds, the bound says nothing and is skipped.
# shellcheck disable=SC2034,SC2154
options=(--timeout 400 --no-load --userland debian --copy "$build/host/tests/guest/vmt-ptp:/test/vmt-ptp")
plan=5

guest() {
  check "vmt.ko loads" modprobe vmt
  echo 0 >/proc/sys/dev/vmt0/clock_sync/period
  ptp=/dev/$(basename /sys/devices/platform/vmt0/ptp/ptp*)
  cat >/run/chrony.conf <<END
refclock PHC $ptp poll 0 dpoll -2 refid VMT
makestep 0.1 3
bindcmdaddress /run/chrony/chronyd.sock
pidfile /run/chrony/chronyd.pid
END
  date -s "@$(($(date +%s) - 5))" >/dev/null
  selected() { chronyc -n sources | grep -q '^#\* VMT'; }
  chronyd -d -f /run/chrony.conf >/run/chrony.log 2>&1 &
  check "chrony takes the clock for its source" wait_for 60 selected
  near() { set -- $(/test/vmt-ptp "$ptp" offset) && [ "$1" -lt 5000000 ] && [ "$1" -gt -5000000 ]; }
  check "and brings the guest's clock to the host's, from 5 s off" wait_for 60 near

  measure() {
    for second in $(seq 60); do
      /test/vmt-ptp "$ptp" offset || return 1
      next() { [ "$(cut -d . -f 1 /proc/uptime)" != "$at" ]; }
      at=$(cut -d . -f 1 /proc/uptime)
      wait_for 5 next
    done >/tmp/offsets
  }
  check "for a minute after that, each second has a sample" measure
  median() { # COLUMN of the absolute values, in us
    awk -v column="$1" '{ v = $column / 1000; print v < 0 ? -v : v }' /tmp/offsets | sort -n | sed -n 30p
  }
  offset=$(median 1) width=$(median 2)
  sentence="the median offset of that minute is under 5 ms"
  echo "# median offset $offset us, median width of a sample $width us"
  if [ "${width%.*}" -ge 2000 ]; then
    echo "ok - $sentence # SKIP the machine is too busy: samples are $width us wide"
  else
    check "$sentence" test "${offset%.*}" -lt 5000
  fi
}
