"""The live page: preview frames a second in a real browser, landmarks a second behind it, and the service's memory.

The service runs as its own process with a 30 fps replay of faces; Chromium, on the same machine, shows the page.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from firmware.face.mesh import MediaPipeMesher
from firmware.photo import find_photos, read_photo

FPS = 30
WINDOW_S = 8.0
FACES = 60
"""Different frames with a face in the replay: two seconds."""


def measure_live(bundle_folder: Path, frames: Path) -> dict[str, float | None]:
    """`live_fps` and `live_landmarks_fps` (None without Chromium), and `peak_rss_mb` of the service."""
    with tempfile.TemporaryDirectory() as scratch:
        replay = _faces(frames, Path(scratch, "faces"))
        uri = f"replay://{replay}?fps={FPS}&loop=1"
        settings = {
            "page.port": 0,
            "camera.uri": uri,
            "bundle.path": bundle_folder,
            "records.state": Path(scratch, "var"),
            "screening.countdown": 10.0,
            "board.light": "simulated",
            "board.button": "simulated",
        }
        with _service(settings) as (process, url):
            chromium = shutil.which("chromium")
            rates = _watch(url, chromium) if chromium else {"live_fps": None, "live_landmarks_fps": None}
            return {**rates, "peak_rss_mb": _peak_rss_mb(process.pid)}


def _faces(frames: Path, folder: Path) -> Path:
    """A folder of the first frames in which there is a face."""
    folder.mkdir()
    with MediaPipeMesher() as mesher:
        for photo in find_photos([frames]):
            if mesher.find(read_photo(photo)):
                shutil.copy(photo, folder)
            if len(list(folder.iterdir())) == FACES:
                break
    return folder


@contextlib.contextmanager
def _service(settings: Mapping[str, object]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python -m kiosk` with these settings, and its address."""
    command = [sys.executable, "-m", "kiosk", *(f"--set={name}={value}" for name, value in settings.items())]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, _address(process)
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str]) -> str:
    for line in process.stderr or ():
        if found := re.search(r"http://[^/]+", line):
            return found[0]
    raise SystemExit("the kiosk did not start")


def _watch(url: str, chromium: str) -> dict[str, float | None]:
    """Count what the browser draws and what the service looks at, over the same window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page(viewport={"width": 1024, "height": 600})
        page.goto(url)
        page.wait_for_selector("html[data-state=idle]")
        _present(url)
        page.wait_for_selector("#preview[data-frames]")
        time.sleep(1)  # let both loops run in
        before, start = _counts(page, url), time.perf_counter()
        time.sleep(WINDOW_S)
        after, seconds = _counts(page, url), time.perf_counter() - start
        browser.close()
    shown, looked = (round((b - a) / seconds, 1) for a, b in zip(before, after, strict=True))
    return {"live_fps": shown, "live_landmarks_fps": looked}


def _present(url: str) -> None:
    """Bring a subject in front of the camera, as a program does it; the page follows."""
    with urllib.request.urlopen(url, timeout=5) as page:  # noqa: S310 - our own service
        cookie, text = page.headers["Set-Cookie"].partition(";")[0], page.read().decode()
    proof = {"Cookie": cookie, "X-CSRF-Token": re.findall(r'csrf-token" content="([\w-]+)"', text)[0]}
    for action, form in (("start", b""), ("agree", b"by=guardian&sign=thumb"), ("describe", b"")):
        asked = urllib.request.Request(f"{url}/session/{action}", form, proof, method="POST")  # noqa: S310
        urllib.request.urlopen(asked, timeout=5).close()  # noqa: S310


def _counts(page: Any, url: str) -> tuple[int, int]:
    with urllib.request.urlopen(f"{url}/diagnostics", timeout=5) as answer:  # noqa: S310 - our own service
        guided = json.load(answer)["rates"]["guided"]
    return int(page.get_attribute("#preview", "data-frames")), int(guided)


def _peak_rss_mb(pid: int) -> float:
    """The most memory a process has held, MB (2^20)."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return round(int(found[1]) / 1024, 1) if found else float("nan")
