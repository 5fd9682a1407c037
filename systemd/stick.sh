#!/bin/sh
# Install the model bundle of a stick: stick.sh sda1. Run by phenokiosk-stick@.service, whose mount namespace it fills.
#
# Rules: only file systems of the table are mounted, read-only, without devices, set-uid or programs; a journal is not
# replayed, because that writes. Root mounts and asks systemd; everything that reads the stick is the kiosk's user.
set -eu
device=/dev/$1
place=$RUNTIME_DIRECTORY
owner=$(id -u phenokiosk)

bundle() {
  setpriv --reuid=phenokiosk --regid=phenokiosk --init-groups --no-new-privs -- \
    /opt/phenokiosk/.venv/bin/python -m firmware.bundle --state /var/lib/phenokiosk "$@"
}

kind=$(blkid --probe --output value --match-tag TYPE "$device") || kind=nothing
case $kind in
  vfat | exfat) options=uid=$owner,fmask=0277,dmask=0277 ;;
  iso9660) options=uid=$owner,mode=0400,dmode=0500 ;;
  ext4) options=noload ;;
  *) echo "$1 holds $kind: a stick is vfat, exfat, ext4 or iso9660" >&2; exit 2 ;;
esac
mount -t "$kind" -o "ro,nosuid,nodev,noexec,$options" "$device" "$place"
said=$(bundle import --json "$place")
umount "$place"
echo "$said" | tail -n 1
case $said in
  *'"new": true'*)
    # The kiosk begins anew with it as soon as nobody is in front of it.
    systemctl try-reload-or-restart phenokiosk.service
    systemctl restart --no-block phenokiosk-mark-good.service
    ;;
esac
