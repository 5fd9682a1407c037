#!/bin/sh
# Show a program on the screen, alone: display.sh PROGRAM ARGUMENTS. Run by phenokiosk-display.service.
#
# The compositor gets a parent of its own. One that cannot start, because the screen's driver is not there yet, say, waits
# for every child of its process before it ends (cage 0.1.4), and systemd makes its PAM helper a child of a unit's first
# process: the unit would be up for ever, with a black screen. Here it ends, and the unit starts it again.
set -u
# The session's own folder is read-only to the unit, which may write in this one alone.
export XDG_RUNTIME_DIR="$RUNTIME_DIRECTORY"
trap 'kill "$!"; wait "$!"; exit 0' TERM
cage -d -s -- "$@" &
wait "$!"
