"""Every screen in three sizes and four languages, as pictures to be looked at: build/day. `make day`."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.conftest import REPOSITORY
from tests.flows.browsing import Page, check_accessibility, check_screen
from tests.flows.test_camp import PANELS, PINS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("DAY" not in os.environ, reason="pictures of every screen take some minutes: make day"),
]
PICTURES = REPOSITORY / "build" / "day"
SIZES = ((800, 480), (1024, 600), (1280, 800))
LANGUAGES = ("en", "ar", "hi", "zh_Hans")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_screen(size: tuple[int, int], language: str, open_page: Callable[..., Page], steady_face: str) -> None:
    page = open_page(steady_face, size, display__language=language, display__theme="outdoor")
    operator = page.operator

    def look(name: str) -> None:
        operator.settle()
        check_screen(page)
        check_accessibility(page)
        operator.shoot(f"{language}-{name}", PICTURES)

    operator.wait("idle")
    look("idle")
    operator.start()
    look("consent")
    operator.press("[data-consent=guardian]")
    look("thumb")
    operator.press("[data-type=name]")
    look("letters")
    page.click("#keypad-cancel")
    operator.hold("[data-hold=agree]")
    operator.wait("subject")
    look("number")
    operator.press("#no-number")
    look("age")
    operator.press("[data-age='4.5']")
    look("sex")
    operator.press("[data-sex=F]")
    operator.wait("positioning")
    look("positioning")
    operator.answer()
    look("result")
    operator.press("#clinician")
    page.wait_for_selector("#details:not([hidden])")
    look("clinician")
    operator.press("#close")
    page.click("#slip")
    page.wait_for_selector("#print")
    operator.shoot(f"{language}-slip", PICTURES)
    page.click("nav a")
    operator.wait("result", "inconclusive")
    operator.leave()
    for name in ("menu", *PANELS):
        operator.open_panel(name)
        look(name)
    operator.press("[data-finish]")
    operator.wait("idle")
    page.kiosk.unplugged.set()
    operator.wait("blocked")
    look("blocked")
    page.kiosk.unplugged.clear()
    operator.wait("idle")
    for role, pin in PINS.items():
        page.kiosk.vault.staff.set(role, pin)
    page.forgiven = ("403",)
    operator.wait("locked")
    look("locked")
    operator.press("[data-unlock=operator]")
    look("pin")
