"""A person at the screen, in a real Chromium: what they press, and what every screen must be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from tests.conftest import REPOSITORY

SCREENSHOTS: Final = REPOSITORY / "build" / "screenshots"
CHROMIUM_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
LEAST_TARGET_PX: Final = 64
WAIT_MS: Final = 30_000
AXE_STANDARDS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
ENHANCED: Final = "color-contrast-enhanced"
"""axe's rule for 7:1, WCAG's AAA."""
HOLDS_MS: Final = 1000
Page = Any


def expect(page: Page, selector: str) -> Any:
    """Playwright's own waiting: the page's CSP forbids evaluated conditions."""
    from playwright.sync_api import expect as expecting

    expecting.set_options(timeout=WAIT_MS)
    return expecting(page.locator(selector))


class Operator:
    """Presses what is on the screen. A press counts only once the screen has settled, so each one waits for that."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def see(self, selector: str) -> None:
        """Until the first of these is there. A locator and no handle, which would keep what it names from going."""
        self.page.locator(selector).first.wait_for(state="attached")

    def wait(self, *states: str) -> None:
        """Until the page is in one of these states, and takes presses."""
        self.see(", ".join(f"html[data-state={state}]" for state in states))
        self.settle()

    def settle(self) -> None:
        """Until a press counts: what comes sooner is taken for the second half of a double tap."""
        self.see("html:not([data-settling])")

    def press(self, selector: str) -> None:
        """Press what is to be seen of it, once it is."""
        self.see(f"{selector}:visible")
        self.settle()
        self.page.click(f"{selector}:visible")

    def hold(self, selector: str) -> None:
        """Hold a thumb on it."""
        button = self.page.locator(f"{selector}:visible")
        button.wait_for()
        self.settle()
        button.hover()
        self.page.mouse.down()
        self.page.wait_for_timeout(HOLDS_MS)
        self.page.mouse.up()

    def type(self, digits: str) -> None:
        """On the keypad that is open, and done."""
        for digit in digits:
            self.page.click(f"#keys [data-key='{digit}']")
        self.page.click("#keypad-done")

    def start(self, task: str = "screening") -> None:
        """From idle to consent."""
        self.wait("idle")
        self.press(f"[data-action=start][data-task={task}]")
        self.wait("consent")

    def agree(self, by: str = "guardian") -> None:
        """From consent to subject, by thumb."""
        self.press(f"[data-consent={by}]")
        self.hold("[data-hold=agree]")
        self.wait("subject")

    def describe(self, number: str = "", age: str = "4.5", sex: str = "F") -> None:
        """From subject to positioning."""
        if number:
            for digit in number:
                self.page.click(f"#number-keys [data-key='{digit}']")
            self.press("#number-done")
            self.see(f"[data-age='{age}']:visible, #known:not(:empty)")
        else:
            self.press("#no-number")
        if self.page.is_visible("#known") and self.page.inner_text("#known"):
            self.press("#number-done")
        self.press(f"[data-age='{age}']")
        self.press(f"[data-sex='{sex}']")
        self.wait("positioning", "countdown", "capturing")

    def present(self, number: str = "", task: str = "screening") -> None:
        """From idle to the camera."""
        self.start(task)
        self.agree()
        self.describe(number)

    def answer(self) -> None:
        """Until there is an answer."""
        self.wait("result", "inconclusive")

    def leave(self) -> None:
        """Back to idle."""
        self.press("section:not([hidden]) [data-action=leave]")
        self.wait("idle")

    def open_panel(self, name: str) -> None:
        """From idle, blocked or the menu to a panel."""
        if self.page.get_attribute("html", "data-state") != "maintenance":
            self.press("section:not([hidden]) [data-panel=menu]")
            self.wait("maintenance")
        elif name != "menu" and not self.page.is_visible(f"#panel [data-panel={name}]"):
            self.press("#to-menu")
        if name != "menu":
            self.press(f"#panel .menu [data-panel={name}]")
        self.see(f"#panel[data-name={name}] h1")

    def fill(self, form: str, **values: str) -> None:
        """Type into the fields of a form with the kiosk's own keys."""
        for name, value in values.items():
            self.page.click(f"{form} [name={name}]")
            self.type(value)

    def shoot(self, name: str, folder: Path = SCREENSHOTS) -> None:
        """Save what is on the screen."""
        size = self.page.viewport_size
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}-{size['width']}x{size['height']}.png")


def check_screen(page: Page) -> None:
    """Everything that can be touched is large enough and on the screen, and nothing is scrolled or cut off."""
    size = page.viewport_size
    for button in page.query_selector_all("button:visible, a.button:visible"):
        if page.evaluate("e => !!e.closest('.body, .details')", button):
            continue  # these parts scroll; their targets are measured below
        box, name = button.bounding_box(), button.inner_text()
        assert box["x"] >= 0 and box["x"] + box["width"] <= size["width"] + 0.5, name
        assert box["y"] >= 0 and box["y"] + box["height"] <= size["height"] + 0.5, name
    for target in page.query_selector_all("button:visible, a.button:visible, input:visible, .choice:visible"):
        if page.evaluate("e => e.matches('input[type=radio]')", target):
            continue  # its label is the target
        box, name = target.bounding_box(), target.inner_text()
        assert box["width"] >= LEAST_TARGET_PX - 0.5 and box["height"] >= LEAST_TARGET_PX - 0.5, (name, box)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    for section in page.locator("section:visible, .layer:visible").all():
        fits = "e => e.scrollHeight <= e.clientHeight + 1 && e.scrollWidth <= e.clientWidth + 1"
        assert section.evaluate(fits), f"cut off: {section.inner_text()[:60]!r}"
    assert page.is_visible(".banner"), "a demonstration says so on every screen"


def check_accessibility(page: Page) -> None:
    """WCAG 2.2 AA by axe; in the outdoor theme a contrast of 7:1 too."""
    from axe_playwright_python.sync_playwright import Axe

    outdoor = page.get_attribute("html", "data-theme") == "outdoor"
    rules = {"rules": {ENHANCED: {"enabled": True}}} if outdoor else {}
    only = {"type": "tag", "values": [*AXE_STANDARDS, "best-practice", *(["wcag2aaa"] if outdoor else [])]}
    violations = Axe().run(page, options={"runOnly": only, **rules}).response["violations"]
    accepted = {"identical-links-same-purpose", "target-size"} if outdoor else set()
    found = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in violations if v["id"] not in accepted]
    assert found == [], found


def frames_drawn(page: Page) -> int:
    """How many pictures the page has drawn."""
    return int(page.get_attribute("#preview", "data-frames") or 0)


def has_points(page: Page) -> None:
    """Until there is an outline on the face."""
    expect(page, "#outline").to_have_attribute("points", re.compile(".{100,}"))
