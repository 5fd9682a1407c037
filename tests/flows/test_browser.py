"""A person's way through the page, in a real Chromium, with real models behind it. Saves screenshots.

Screenshots go to build/screenshots; `make screenshots` puts them where the README shows them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import pytest

from kiosk.pages.web import RESULT_WIDTH_PX
from tests.flows.browsing import Page, check_accessibility, check_screen, expect, frames_drawn, has_points

pytestmark = pytest.mark.browser

SAID_WITHIN_MS = 1000
SAID_IN_THE_COUNTDOWN = """() => ["countdown", "capturing"].includes(document.documentElement.dataset.state)
    && document.querySelector("#instruction-text").innerText"""
"""State and text in one look: a moment later the picture may have been taken."""


def test_a_screening_from_idle_to_the_answer_to_another_picture_and_home(page: Page) -> None:
    operator = page.operator
    for show in (lambda: operator.wait("idle"), operator.start, lambda: operator.press("[data-consent=guardian]")):
        show()
        operator.settle()
        check_screen(page)
        check_accessibility(page)
        operator.shoot(page.inner_text("h1:visible").lower().replace(" ", "-").strip("?"))
    operator.hold("[data-hold=agree]")
    operator.wait("subject")
    check_screen(page)
    operator.describe("17")
    has_points(page)
    expect(page, "#preview").to_have_attribute("data-frames", re.compile("[1-9]"))
    check_screen(page)
    operator.shoot("positioning")

    assert page.wait_for_function(SAID_IN_THE_COUNTDOWN).json_value() == "Hold still"
    operator.shoot("countdown")

    operator.answer()
    assert page.inner_text("#headline") in {"Refer", "Routine", "Inconclusive"}
    expect(page, "#photo").to_have_js_property("naturalWidth", RESULT_WIDTH_PX)
    check_screen(page)
    check_accessibility(page)
    operator.shoot("result")

    assert not page.is_visible("#ranking"), "the ranked list is for the clinician"
    assert page.get_attribute("#looked", "src") is None, "nobody has asked for it"
    operator.press("#clinician")
    page.wait_for_selector("#details:not([hidden])")
    assert len(page.query_selector_all("#ranking tr")) == 7
    check_screen(page)
    check_accessibility(page)
    assert page.locator("#ranking").evaluate("e => e.getBoundingClientRect().bottom") <= page.viewport_size["height"]
    assert len(page.query_selector_all("#measurements tr")) > 10 and len(page.query_selector_all("#neighbours tr")) == 7
    expect(page, "#looked").not_to_have_js_property("naturalWidth", 0)
    page.locator("#notes").scroll_into_view_if_needed()
    assert page.is_visible("#close"), "the way back stays in sight"
    page.locator("#confidence").scroll_into_view_if_needed()
    operator.shoot("clinician")
    operator.press("#close")

    operator.press("section:not([hidden]) [data-action=again]")
    operator.wait("positioning", "countdown", "capturing", "analysing")
    operator.answer()
    expect(page, "#photo").to_have_js_property("naturalWidth", RESULT_WIDTH_PX)  # it is gone once somebody has left
    operator.leave()


def test_the_next_person_is_asked_for_consent_at_once(small_page: Page) -> None:
    operator = small_page.operator
    operator.present("17")
    operator.answer()
    operator.press("[data-action=next]")
    operator.wait("consent")
    assert small_page.kiosk.engine.screened == 1
    operator.press("[data-action=decline]")
    operator.wait("idle")
    assert [visit.kind for visit in small_page.kiosk.vault.visits("17")] == ["screening"]


PRESS_SHUTTER = """() => {
  const page = document.documentElement, shutter = document.querySelector("[data-action=shutter]");
  if (page.dataset.state !== "positioning") return true;
  if (shutter.disabled || "settling" in page.dataset) return false;
  shutter.click();
  return true;
}"""


def test_the_shutter_and_cancel_work_by_touch(small_page: Page) -> None:
    operator = small_page.operator
    operator.present()
    small_page.wait_for_selector("html[data-state=positioning]:not([data-verdict=''])")
    # As soon as it can be pressed: a face that holds still is taken without it a moment later.
    small_page.wait_for_function(PRESS_SHUTTER)
    operator.wait("countdown", "analysing", "result", "inconclusive", "retake")  # slow ones see the end
    operator.leave()


def _start_and_see(page: Page) -> None:
    page.operator.present()
    expect(page, "#preview").to_have_attribute("data-frames", re.compile("[3-9]|..+"))


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
    expect(small_page, "#instruction-text").to_have_text("Wait for the camera")
    assert int(small_page.get_attribute("#alert", "data-after-ms")) <= SAID_WITHIN_MS
    small_page.operator.shoot("stalled")
    drawn = frames_drawn(small_page)
    small_page.kiosk.unplugged.clear()
    small_page.wait_for_selector("#alert", state="hidden")
    expect(small_page, "#preview").not_to_have_attribute("data-frames", str(drawn))


def test_the_picture_runs_again_after_the_program_was_started_anew(small_page: Page, steady_face: str) -> None:
    _start_and_see(small_page)
    # A new program counts its pictures from 0: what the page has seen is far ahead of that.
    small_page.route("**/preview/next?after=*", lambda route: route.continue_(url=_far_ahead(route.request.url)))
    drawn = frames_drawn(small_page)
    expect(small_page, "#preview").not_to_have_attribute("data-frames", str(drawn))


def test_a_press_works_after_the_program_was_started_anew(small_page: Page) -> None:
    """A new program knows neither cookie nor token of the page; the page gets new ones and presses again."""
    small_page.operator.wait("idle")
    small_page.forgiven = ("403",)
    small_page.context.clear_cookies()
    small_page.operator.start()
    small_page.forgiven = ()
    small_page.operator.press("[data-action=decline]")
    small_page.operator.wait("idle")


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
    small_page.operator.wait("idle")
    url = small_page.kiosk.url
    answers: list[Any] = []
    small_page.forgiven = ("403", "CORS", "ERR_", "frame-ancestors")
    small_page.on("response", lambda r: answers.append(r) if r.url.startswith(url) else None)
    with small_page.expect_response(lambda r: r.request.frame != small_page.main_frame):  # the form's, the last of all
        small_page.goto(serve(STRANGER.format(url=url)))
    expect(small_page, "#said").to_have_text("kept")
    expect(small_page, "#image").to_have_js_property("naturalWidth", 0)
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
    small_page.operator.answer()
    expect(small_page, "#photo").to_have_js_property("naturalWidth", RESULT_WIDTH_PX)
    small_page.operator.leave()
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
    has_points(upright)
    canvas, overlay, stage = (upright.locator(i).bounding_box() for i in ("#preview", "#overlay", ".stage"))
    assert canvas == overlay
    assert canvas["width"] / canvas["height"] == pytest.approx(520 / 720, rel=0.02)
    assert stage["height"] <= upright.viewport_size["height"]
    check_screen(upright)
