"""What the pages are made for: the parts of one kiosk, put together by `kiosk.app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware.board.speech import Speaker
from firmware.clock import Clock
from kiosk.engine import Engine
from kiosk.language import Say
from kiosk.pages.gate import Gate
from kiosk.pages.panels.panel import Panel
from kiosk.pages.papers import Bureau
from kiosk.records.store import VisitBook


@dataclass(frozen=True, slots=True)
class Look:
    """How the page is shown. rotation_deg: 0, 90, 180 or 270. language: code of a catalogue. voice: says it aloud."""

    mirror: bool = True
    rotation_deg: int = 0
    language: str = "en"
    theme: str = "light"
    voice: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one kiosk.

    book: who was here before. power_off: switches off and says whether it may. page_seen: a page has asked, so the
    display lives. banners: what everybody should know just now. bureau: knows what is written on papers. site: name of
    the place. panels: what is looked after.
    """

    engine: Engine
    clock: Clock
    gate: Gate
    book: VisitBook
    look: Callable[[], Look]
    speaker: Speaker
    power_off: Callable[[], bool]
    page_seen: Callable[[], None]
    banners: Callable[[Say], tuple[str, ...]]
    bureau: Bureau
    site: str = ""
    panels: tuple[Panel, ...] = ()
