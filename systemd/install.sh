#!/bin/sh
# Put the units and what belongs to them in their places, below ROOT (default: this machine): install.sh [ROOT]
# One list for a stock system and for the image. Nothing is started; docs/device.md says what comes next.
set -eu
root=${1:-}
here=$(dirname "$0")

put() { install -D -m 644 "$here/$1" "$root$2"; }

put phenokiosk.sysusers /etc/sysusers.d/phenokiosk.conf
put phenokiosk.tmpfiles /etc/tmpfiles.d/phenokiosk.conf
put phenokiosk.udev /etc/udev/rules.d/99-phenokiosk.rules
put phenokiosk.polkit.rules /etc/polkit-1/rules.d/50-phenokiosk.rules
put phenokiosk-watchdog.conf /etc/systemd/system.conf.d/phenokiosk.conf
put phenokiosk-display.policies.json /etc/chromium/policies/managed/phenokiosk.json
for unit in "$here"/*.service "$here"/*.timer "$here"/*.path; do
  put "${unit##*/}" "/etc/systemd/system/${unit##*/}"
done
