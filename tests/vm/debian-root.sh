#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# debian-root.sh ROOT - settles a fresh Debian root for the tests: no stock agent unless asked for,
# nothing that waits for hardware a test VM has not, the unit that runs the test's command
set -euo pipefail
root=$1

for unit in open-vm-tools.service vgauth.service run-vmblock-fuse.mount apt-daily.timer \
  apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer e2scrub_reap.service \
  getty@tty1.service systemd-timesyncd.service systemd-pstore.service chrony.service; do
  chroot "$root" systemctl disable "$unit" 2>/dev/null || true
done
chroot "$root" systemctl set-default multi-user.target
echo debian-guest >"$root/etc/hostname"
printf '127.0.0.1 localhost debian-guest\n::1 localhost\n' >"$root/etc/hosts"
: >"$root/etc/fstab"
: >"$root/etc/machine-id"
printf '[Journal]\nStorage=volatile\nForwardToConsole=no\n' >"$root/etc/systemd/journald.conf"
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
cat >"$root/etc/systemd/system/test-command.service" <<'EOF'
[Unit]
Description=The command that the test gave
After=basic.target dbus.service systemd-user-sessions.service vmtd.service open-vm-tools.service test-network.service
Wants=dbus.service

[Service]
Type=simple
ExecStart=/test/run
StandardInput=null
KillMode=mixed
TimeoutStopSec=5

[Install]
WantedBy=multi-user.target
EOF
cat >"$root/etc/systemd/system/test-network.service" <<'EOF'
[Unit]
Description=Addresses for the test VM's interface
After=systemd-udevd.service
Before=network.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/test/network

[Install]
WantedBy=multi-user.target
EOF
ln -s /etc/systemd/system/test-command.service "$root/etc/systemd/system/multi-user.target.wants/"
ln -s /etc/systemd/system/test-network.service "$root/etc/systemd/system/multi-user.target.wants/"
