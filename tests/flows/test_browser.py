"""A person's way through the page, in a real Chromium, with real models behind it. Saves screenshots.

Screenshots go to build/screenshots; `make screenshots` puts them where the README shows them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kiosk.pages.web import RESULT_WIDTH_PX
from tests.conftest import REPOSITORY
from tests.running import RunningKiosk

pytestmark = pytest.mark.browser

SCREENSHOTS = REPOSITORY / "build" / "screenshots"
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
LEAST_TARGET_PX = 64
WAIT_MS = 30_000
Page = Any


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        yield running
        running.close()


@pytest.fixture(params=[(1024, 600), (1280, 800), (800, 480)], ids=lambda size: f"{size[0]}x{size[1]}")
def page(
    request: pytest.FixtureRequest, browser: Any, start_kiosk: Callable[[str], RunningKiosk], steady_face: str
) -> Iterator[Page]:
    width, height = request.param
    kiosk = start_kiosk(steady_face)
    opened = browser.new_page(viewport={"width": width, "height": height})
    opened.set_default_timeout(WAIT_MS)
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    opened.kiosk = kiosk
    opened.goto(kiosk.url)
    yield opened
    opened.close()
    assert problems == []


def _expect(page: Page, selector: str) -> Any:
    """Playwright's own waiting: the page's CSP forbids evaluated conditions."""
    from playwright.sync_api import expect

    expect.set_options(timeout=WAIT_MS)
    return expect(page.locator(selector))


def _wait(page: Page, state: str) -> None:
    page.wait_for_selector(f"html[data-state={state}]")


def _shoot(page: Page, name: str) -> None:
    size = page.viewport_size
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}-{size['width']}x{size['height']}.png")


def _check_screen(page: Page) -> None:
    """Everything that can be touched is large enough and on the screen, and nothing is scrolled or cut off."""
    size = page.viewport_size
    for button in page.query_selector_all("button:visible"):
        box = button.bounding_box()
        name = button.inner_text()
        assert box["width"] >= LEAST_TARGET_PX and box["height"] >= LEAST_TARGET_PX, name
        assert box["x"] >= 0 and box["x"] + box["width"] <= size["width"], name
        assert box["y"] >= 0 and box["y"] + box["height"] <= size["height"], name
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    section = page.locator("section:not([hidden])")
    assert section.evaluate("e => e.scrollHeight <= e.clientHeight && e.scrollWidth <= e.clientWidth"), "cut off"
    assert (
        section.evaluate(
            "e => Math.min(...[...e.children].filter(c => !c.hidden).map(c => c.getBoundingClientRect().top))"
        )
        >= (section.bounding_box()["y"])
    ), "something hides under the banner"
    assert page.is_visible(".banner"), "a demonstration says so on every screen"


def _check_accessibility(page: Page) -> None:
    from axe_playwright_python.sync_playwright import Axe

    violations = Axe().run(page).response["violations"]
    assert [f"{v['id']}: {v['nodes'][0]['html']}" for v in violations] == []


def _frames_drawn(page: Page) -> int:
    return int(page.get_attribute("#preview", "data-frames") or 0)


def test_from_idle_to_a_result_to_a_retake_and_home(page: Page) -> None:
    _wait(page, "idle")
    _check_screen(page)
    _check_accessibility(page)
    _shoot(page, "idle")

    page.click("[data-action=start]")
    _wait(page, "positioning")
    _expect(page, "#outline").to_have_attribute("points", re.compile(".{100,}"))
    _expect(page, "#preview").to_have_attribute("data-frames", re.compile("[1-9]"))
    _check_screen(page)
    _shoot(page, "positioning")

    page.wait_for_selector("html[data-state=countdown], html[data-state=capturing]")
    assert page.inner_text("#instruction-text") == "Hold still"
    _shoot(page, "countdown")

    _wait(page, "result")
    assert page.inner_text("#headline") in {"Refer", "Routine", "Inconclusive"}
    _expect(page, "#photo").to_have_js_property("naturalWidth", RESULT_WIDTH_PX)
    _check_screen(page)
    _check_accessibility(page)
    _shoot(page, "result")

    assert not page.is_visible("#ranking"), "the ranked list is for the clinician"
    page.click("#clinician")
    assert len(page.query_selector_all("#ranking tr")) == 7
    _check_screen(page)
    _check_accessibility(page)
    _shoot(page, "clinician")
    page.click("#close")

    page.click("section:not([hidden]) [data-action=again]")
    _expect(page, "html").not_to_have_attribute("data-state", "result")
    _wait(page, "result")
    page.click("section:not([hidden]) [data-action=leave]")
    _wait(page, "idle")


def test_the_shutter_and_cancel_work_by_touch(page: Page) -> None:
    _wait(page, "idle")
    page.click("[data-action=start]")
    page.wait_for_selector("html[data-state=positioning]:not([data-verdict=''])")
    page.click("[data-action=shutter]")
    page.wait_for_selector("html[data-state=countdown], html[data-state=capturing]")
    page.click("section:not([hidden]) [data-action=leave]")
    _wait(page, "idle")


def test_a_stalled_camera_is_said_and_the_picture_goes_on_by_itself(page: Page) -> None:
    _wait(page, "idle")
    page.click("[data-action=start]")
    _expect(page, "#preview").to_have_attribute("data-frames", re.compile("[3-9]|..+"))
    page.kiosk.unplugged.set()
    page.wait_for_selector("#alert:not([hidden])")
    assert "camera" in page.inner_text("#alert").lower()
    _shoot(page, "stalled")
    drawn = _frames_drawn(page)
    page.kiosk.unplugged.clear()
    page.wait_for_selector("#alert", state="hidden")
    _expect(page, "#preview").not_to_have_attribute("data-frames", str(drawn))
