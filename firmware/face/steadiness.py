"""One advice after the other, so that the live page does not flicker.

A measure at its limit changes its mind with every frame. So an advice appears, changes or goes only when the new state
has held for a while, and one that appeared can be read before it goes. A pure function over what was shown last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from firmware.face.verdict import Advice, QualityReport

HELD_NS: Final = 300_000_000
"""A new advice, or none, must have been wanted for so long."""
READ_NS: Final = 800_000_000
"""An advice stays for so long at least."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page says. advice: None for nothing to do; wanted: what the frames ask for now, since when."""

    advice: Advice | None
    since_ns: int
    wanted: Advice | None
    wanted_since_ns: int


def steady_advice(previous: Shown | None, report: QualityReport, now_ns: int) -> Shown:
    """What to show now: the report's advice once it has settled, until then what was shown before.

    previous: the last answer, None at the start of a session. now_ns: when the frame was exposed, monotonic.
    """
    wanted = report.advice
    if previous is None:
        return Shown(wanted, now_ns, wanted, now_ns)
    since_ns = previous.wanted_since_ns if wanted == previous.wanted else now_ns
    waiting = replace(previous, wanted=wanted, wanted_since_ns=since_ns)
    settled = now_ns - since_ns >= HELD_NS
    read = previous.advice is None or now_ns - previous.since_ns >= READ_NS
    if wanted == previous.advice or not (settled and read):
        return waiting
    return Shown(wanted, now_ns, wanted, since_ns)
