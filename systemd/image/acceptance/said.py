"""How the virtual Raspberry Pi and the machine that runs it talk: a line each on the serial port, one way.

    @@ ok NAME: what was seen          @@ FAILED NAME: why          @@ note what is worth to know
    @@ please VERB WORD...             something that only the world outside of a Raspberry Pi can do
    @@ end                             the machine has said everything of this boot

There is no way back: what was asked for is seen to have happened, as on a real board.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MARK: Final = "@@"
KINDS: Final = ("ok", "FAILED", "note", "please", "end")
LINE: Final = re.compile(rf"{MARK} ({'|'.join(KINDS)})\b ?(.*)")


@dataclass(frozen=True, slots=True)
class Said:
    """A line for us. kind: one of KINDS."""

    kind: str
    text: str = ""

    def __str__(self) -> str:
        return f"{MARK} {self.kind} {self.text}".rstrip()


def heard(line: str) -> Said | None:
    """What a line of the serial port says to us; None for the kernel's and everybody else's."""
    match = LINE.search(line)
    return Said(match[1], match[2].strip()) if match else None
