"""A real Chromium, and pages of real kiosks in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.flows.browsing import CHROMIUM_FLAGS, WAIT_MS, Operator, Page
from tests.running import KioskStarter


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Any]]:
    """Launches a browser with more flags; all of them end with the tests."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running: list[Any] = []

        def begin(*flags: str) -> Any:
            running.append(playwright.chromium.launch(executable_path=chromium, args=[*CHROMIUM_FLAGS, *flags]))
            return running[-1]

        yield begin
        for one in running:
            one.close()


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Any]) -> Any:
    return launch()


@pytest.fixture
def open_page(browser: Any, start_kiosk: KioskStarter) -> Iterator[Callable[..., Page]]:
    """Opens the page of a kiosk on a camera URI; nothing may go wrong in its scripts but what `forgiven` names.

    The page has `kiosk`, and `operator`, who presses. settings: of the kiosk, with __ for a dot.
    """
    problems: list[str] = []
    pages: list[Page] = []

    def note(page: Page, said: str) -> None:
        if not any(word in said for word in page.forgiven):
            problems.append(said)

    def begin(uri: str, size: tuple[int, int] = (1024, 600), **settings: str) -> Page:
        kiosk = start_kiosk(uri, **{name.replace("__", "."): value for name, value in settings.items()})
        opened = browser.new_page(viewport={"width": size[0], "height": size[1]})
        opened.set_default_timeout(WAIT_MS)
        opened.on("pageerror", lambda error: note(opened, str(error)))
        opened.on("console", lambda m: note(opened, m.text) if m.type == "error" else None)
        opened.kiosk, opened.forgiven, opened.operator = kiosk, (), Operator(opened)
        opened.goto(kiosk.url)
        pages.append(opened)
        return opened

    yield begin
    for page in pages:
        page.close()
    assert problems == []


@pytest.fixture(params=[(1024, 600), (1280, 800), (800, 480)], ids=lambda size: f"{size[0]}x{size[1]}")
def page(request: pytest.FixtureRequest, open_page: Callable[..., Page], steady_face: str) -> Page:
    return open_page(steady_face, request.param)


@pytest.fixture
def small_page(open_page: Callable[..., Page], steady_face: str) -> Page:
    return open_page(steady_face)
