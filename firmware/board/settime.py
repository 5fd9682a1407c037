"""The machine's clock, set by a helper that may do nothing else, because the kiosk asked for it with a file.

The kiosk (`ask`) may write in its own folder and set no clock; the helper (`python -m firmware.board.settime FILE`, run
by systemd with that one privilege) may set the clock and believes nothing. Rules: one line "<monotonic ns> <UTC date>",
exactly as `ask` writes it, in a plain file; not older than FRESH_S; a date that a device with this software can have;
nothing while the network sets the clock. The same file read twice sets the same time, since its age is added.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from firmware.clock import Clock, SystemClock
from firmware.durable import write_durably
from firmware.errors import ClockDoubtError
from firmware.version import BUILT

SYNCHRONISED: Final = Path("run/systemd/timesync/synchronized")
LINE: Final = re.compile(rb"(\d{1,19}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n", re.ASCII)
LIMIT_BYTES: Final = 64
FRESH_S: Final = 60.0
LATEST: Final = datetime(2038, 1, 1, tzinfo=UTC)
"""Where clocks of 32 bits end."""
FORM: Final = "%Y-%m-%dT%H:%M:%SZ"
SetClock = Callable[[float], None]
"""Sets the machine's clock to seconds since 1970; raises OSError where it may not."""


def ask(path: Path, at: datetime, clock: Clock) -> None:
    """Ask for the machine's clock to be set to `at`, which it is now. Raises OSError."""
    write_durably(path, f"{clock.monotonic_ns()} {at.astimezone(UTC):{FORM}}\n".encode())


def asked(line: bytes, monotonic_ns: int) -> datetime:
    """The date that such a line means at this moment. Raises ClockDoubtError for any other line."""
    match = LINE.fullmatch(line)
    if not match:
        raise ClockDoubtError(f"that is no date to set: {line[:LIMIT_BYTES]!r}")
    age_s = (monotonic_ns - int(match[1])) / 1e9
    if not 0 <= age_s <= FRESH_S:
        raise ClockDoubtError(f"the date to set was asked for {age_s:.0f} s ago")
    try:
        at = datetime.strptime(match[2].decode(), FORM).replace(tzinfo=UTC) + timedelta(seconds=age_s)
    except (ValueError, OverflowError) as error:
        raise ClockDoubtError(f"that is no date to set: {error}") from error
    if not BUILT <= at < LATEST:
        raise ClockDoubtError(f"it cannot be {at:%Y-%m-%d}")
    return at


def read(path: Path) -> bytes | None:
    """What a plain file holds, up to the limit; None when there is no file. Raises ClockDoubtError, OSError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ClockDoubtError(f"{path.name} is no plain file")
        return file.read(LIMIT_BYTES + 1)


def set_time(path: Path, clock: Clock, set_clock: SetClock, root: Path = Path("/")) -> datetime | None:
    """Set the clock to what `path` asks for; None when it asks for nothing. Raises ClockDoubtError, OSError."""
    line = read(path)
    if line is None:
        return None  # the kiosk has ended, and its folder with it
    if (root / SYNCHRONISED).exists():
        raise ClockDoubtError("the network sets the clock")
    at = asked(line, clock.monotonic_ns())
    set_clock(at.timestamp())
    return at


def main(arguments: Sequence[str]) -> int:
    """Exit status 0: the clock is set, or nothing was asked for; 2: refused, with the reason."""
    [path] = arguments
    try:
        at = set_time(Path(path), SystemClock(), lambda seconds: time.clock_settime(time.CLOCK_REALTIME, seconds))
    except (ClockDoubtError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"the clock is set to {at:{FORM}}\n" if at else "nothing is to be set\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
