"""A person's way through the page, in a real Chromium, with real models behind it. Saves screenshots.

Screenshots go to build/screenshots; `make screenshots` puts them where the README shows them.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
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
SAID_WITHIN_MS = 1000
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


@pytest.fixture
def open_page(
    browser: Any, start_kiosk: Callable[[str], RunningKiosk]
) -> Iterator[Callable[[str, tuple[int, int]], Page]]:
    """Opens the page of a kiosk on a camera URI; nothing may go wrong in its scripts but what `forgiven` names."""
    problems: list[str] = []
    pages: list[Page] = []

    def note(page: Page, said: str) -> None:
        if not any(word in said for word in page.forgiven):
            problems.append(said)

    def begin(uri: str, size: tuple[int, int] = (1024, 600)) -> Page:
        kiosk = start_kiosk(uri)
        opened = browser.new_page(viewport={"width": size[0], "height": size[1]})
        opened.set_default_timeout(WAIT_MS)
        opened.on("pageerror", lambda error: note(opened, str(error)))
        opened.on("console", lambda m: note(opened, m.text) if m.type == "error" else None)
        opened.kiosk, opened.forgiven = kiosk, ()
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
    assert page.locator("#ranking").evaluate("e => e.getBoundingClientRect().bottom") <= page.viewport_size["height"]
    assert len(page.query_selector_all("#measurements tr")) > 10 and len(page.query_selector_all("#neighbours tr")) == 7
    _expect(page, "#looked").to_have_js_property("complete", True)
    page.locator("#notes").scroll_into_view_if_needed()
    assert page.is_visible("#close"), "the way back stays in sight"
    page.locator("#confidence").scroll_into_view_if_needed()
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


def _start_and_see(page: Page) -> None:
    _wait(page, "idle")
    page.click("[data-action=start]")
    _expect(page, "#preview").to_have_attribute("data-frames", re.compile("[3-9]|..+"))


def test_a_stalled_camera_is_said_and_the_picture_goes_on_by_itself(small_page: Page) -> None:
    _start_and_see(small_page)
    # The page itself notes how long after its last picture it said so.
    small_page.evaluate(
        """() => {
          const alert = document.getElementById("alert"), canvas = document.getElementById("preview");
          let last = performance.now();
          new MutationObserver(() => { last = performance.now(); }).observe(canvas, { attributes: true });
          new MutationObserver(() => {
            if (!alert.hidden && !alert.dataset.afterMs) alert.dataset.afterMs = Math.round(performance.now() - last);
          }).observe(alert, { attributes: true });
        }"""
    )
    small_page.kiosk.unplugged.set()
    small_page.wait_for_selector("#alert:not([hidden])")
    assert "camera" in small_page.inner_text("#alert").lower()
    _expect(small_page, "#instruction-text").to_have_text("Wait for the camera")
    assert int(small_page.get_attribute("#alert", "data-after-ms")) <= SAID_WITHIN_MS
    _shoot(small_page, "stalled")
    drawn = _frames_drawn(small_page)
    small_page.kiosk.unplugged.clear()
    small_page.wait_for_selector("#alert", state="hidden")
    _expect(small_page, "#preview").not_to_have_attribute("data-frames", str(drawn))


def test_the_picture_runs_again_after_the_program_was_started_anew(small_page: Page, steady_face: str) -> None:
    _start_and_see(small_page)
    # A new program counts its pictures from 0: what the page has seen is far ahead of that.
    small_page.route("**/preview/next?after=*", lambda route: route.continue_(url=_far_ahead(route.request.url)))
    drawn = _frames_drawn(small_page)
    _expect(small_page, "#preview").not_to_have_attribute("data-frames", str(drawn))


def test_a_press_works_after_the_program_was_started_anew(small_page: Page) -> None:
    """A new program knows neither cookie nor token of the page; the page gets new ones and presses again."""
    _wait(small_page, "idle")
    small_page.forgiven = ("403",)
    small_page.context.clear_cookies()
    small_page.click("[data-action=start]")
    _wait(small_page, "positioning")
    small_page.forgiven = ()
    small_page.click("section:not([hidden]) [data-action=leave]")
    _wait(small_page, "idle")


STRANGER = """<form method=post action="{url}/session/start" target=inner></form><iframe name=inner></iframe>
<img id=image src="{url}/result/photo"><p id=said></p><script>
fetch("{url}/session/start", {{method: "POST", mode: "no-cors", credentials: "include"}})
  .finally(() => fetch("{url}/state", {{credentials: "include"}}))
  .then(() => said.textContent = "read", () => said.textContent = "kept")
  .finally(() => document.forms[0].submit());</script>"""
"""A page that tries what pages of others can try."""


@pytest.fixture
def serve() -> Iterator[Callable[[str], str]]:
    """Serves one page at another port of this machine: the same site, so that even the strictest cookie goes along."""
    ends: list[Callable[[], None]] = []

    def begin(text: str) -> str:
        class Stranger(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
        threading.Thread(target=server.serve_forever).start()
        ends.extend([server.shutdown, server.server_close])
        return f"http://127.0.0.1:{server.server_port}/"

    yield begin
    for end in ends:
        end()


def test_another_page_can_neither_press_nor_look(small_page: Page, serve: Callable[[str], str]) -> None:
    _wait(small_page, "idle")
    url = small_page.kiosk.url
    answers: list[Any] = []
    small_page.forgiven = ("403", "CORS", "ERR_", "frame-ancestors")
    small_page.on("response", lambda r: answers.append(r) if r.url.startswith(url) else None)
    with small_page.expect_response(lambda r: r.request.frame != small_page.main_frame):  # the form's, the last of all
        small_page.goto(serve(STRANGER.format(url=url)))
    _expect(small_page, "#said").to_have_text("kept")
    _expect(small_page, "#image").to_have_js_property("naturalWidth", 0)
    form = answers[-1]
    assert (form.request.method, form.url, form.status) == ("POST", f"{url}/session/start", 403)
    assert "kiosk=" in form.request.all_headers()["cookie"], (
        "another port counts as the same site: the cookie went along"
    )
    assert small_page.kiosk.engine.is_idle


def _far_ahead(url: str) -> str:
    return re.sub(r"after=.*", "after=123456789", url)


def test_nothing_of_a_person_stays_in_the_page_they_left(small_page: Page) -> None:
    _start_and_see(small_page)
    _wait(small_page, "result")
    _expect(small_page, "#photo").to_have_js_property("naturalWidth", RESULT_WIDTH_PX)
    small_page.click("section:not([hidden]) [data-action=leave]")
    _wait(small_page, "idle")
    assert small_page.get_attribute("#photo", "src") is None
    assert small_page.evaluate("document.getElementById('ranking').childElementCount") == 0
    assert small_page.evaluate("document.getElementById('headline').textContent") == ""
    brightest = """() => {
      const c = document.getElementById("preview");
      const data = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
      return data.reduce((most, value, i) => (i % 4 < 3 ? Math.max(most, value) : most), 0);
    }"""
    assert small_page.evaluate(brightest) == 0, "the live picture is black"


def test_the_outline_lies_on_the_face_when_the_picture_is_upright(
    open_page: Callable[..., Page], steady_face: str, tmp_path: Path
) -> None:
    for photo in Path(steady_face.removeprefix("replay://").partition("?")[0]).iterdir():
        pixels = cv2.imread(str(photo))
        cv2.imwrite(str(tmp_path / photo.name), pixels[:, 380:900])
    upright = open_page(f"replay://{tmp_path}?fps=15&loop=1")
    _start_and_see(upright)
    _expect(upright, "#outline").to_have_attribute("points", re.compile(".{100,}"))
    canvas, overlay, stage = (upright.locator(i).bounding_box() for i in ("#preview", "#overlay", ".stage"))
    assert canvas == overlay
    assert canvas["width"] / canvas["height"] == pytest.approx(520 / 720, rel=0.02)
    assert stage["height"] <= upright.viewport_size["height"]
    _check_screen(upright)
