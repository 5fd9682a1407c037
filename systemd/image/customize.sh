#!/bin/sh
# Make a Debian root the kiosk's: customize.sh ROOT OUT. mmdebstrap runs it when the packages are in.
set -eu
root=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)
repository=$here/../..
home=/opt/phenokiosk

# The program as it was committed, without its tests, and Python's packages from the lock alone: no network in here.
mkdir -p "$root$home" "$root/wheels"
git -C "$repository" archive HEAD -- . ':!tests' ':!docs/screenshots' ':!.ci' | tar -x -C "$root$home"
mount --bind "$out/wheels" "$root/wheels"
trap 'umount "$root/wheels" && rmdir "$root/wheels"' EXIT
# This machine's own settings for pip hold for this machine.
inside() { env -i PATH="$PATH" chroot "$root" "$@"; }
inside python3 -m venv "$home/.venv"
for lock in requirements.txt systemd/image/requirements.txt; do
  inside "$home/.venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps \
    --require-hashes --no-index --find-links=/wheels -r "$home/$lock"
done
inside "$home/.venv/bin/python" -m compileall -q "$home/firmware" "$home/kiosk" "$home/tools"
cp "$out/sbom.json" "$root$home/sbom.json"
git -C "$repository" rev-parse HEAD > "$root$home/COMMIT"

# Users, units, places to mount on
"$repository/systemd/install.sh" "$root"
inside systemd-sysusers
install -m 644 "$here/fstab" "$root/etc/fstab"
install -m 644 -D "$here/journald.conf" "$root/etc/systemd/journald.conf.d/phenokiosk.conf"
echo phenokiosk > "$root/etc/hostname"
mkdir -p "$root/etc/phenokiosk" "$root/var/lib/phenokiosk" "$root/var/cache/phenokiosk" "$root/boot/firmware"
: > "$root/etc/apt/sources.list"
systemctl --root="$root" --quiet set-default graphical.target
systemctl --root="$root" --quiet enable phenokiosk.service phenokiosk-mark-good.service phenokiosk-display.service \
  phenokiosk-time.path
# Nobody updates a root that is never written.
systemctl --root="$root" --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
  e2scrub_reap.service fstrim.timer getty@tty1.service systemd-firstboot.service

# One identity for the journal, which lives longer than a boot; nothing leaves the machine that would show it.
echo 5e1f0b8d6c2a4f3e9d7b1a0c8e6f4d2b > "$root/etc/machine-id"

# The data partition's first content. matplotlib's list of fonts is made here once and not at the first start.
mkdir -p "$root/data/systemd" "$root/data/log/journal"
cp -a "$root/var/lib/systemd/." "$root/data/systemd/"
inside sh -c "
  install -d -m 700 -o phenokiosk -g phenokiosk /data/phenokiosk /data/cache
  install -d -m 755 /data/settings
  install -m 644 $home/systemd/kiosk.toml /data/settings/kiosk.toml
  sed -i 's|^uri = .*|uri = \"v4l2:///dev/video0\"|' /data/settings/kiosk.toml
  chgrp systemd-journal /data/log/journal && chmod 2755 /data/log/journal
  cd $home && MPLCONFIGDIR=/data/cache setpriv --reuid=phenokiosk --regid=phenokiosk --clear-groups \
    .venv/bin/python -c 'import matplotlib.font_manager'"
