"""The browser's managed policies, in the real Chromium: the kiosk's page opens, nothing else does."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.systemd.units import FOLDER, needs, run

POLICIES = FOLDER / "phenokiosk-display.policies.json"
PROGRAM = Path("/usr/lib/chromium/chromium")
UNDER_POLICIES = """
mount -t tmpfs none /etc/chromium && mkdir -p /etc/chromium/policies/managed &&
cp "$1" /etc/chromium/policies/managed/phenokiosk.json && exec chromium --headless --no-sandbox --disable-gpu \
  --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync \
  --user-data-dir="$2" --virtual-time-budget=3000 --dump-dom "$3"
"""
"""In a mount namespace of its own, so that this machine's Chromium knows nothing of it afterwards."""
real_browser = [
    pytest.mark.browser,
    needs("chromium"),
    needs("unshare"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may give Chromium policies"),
    pytest.mark.skipif(not Path("/etc/chromium").is_dir(), reason="this Chromium reads its policies elsewhere"),
]


class Greeting(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>the page was reached</h1>")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Greeting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


POLICY: dict[str, object] = json.loads(POLICIES.read_text(encoding="utf-8"))
PRINTABLE = {name: value for name, value in POLICY.items() if name != "DeveloperToolsAvailability"}
"""Without the one that forbids developer tools: with those Chromium prints the page."""


def browse(address: str, folder: Path, policies: dict[str, object]) -> subprocess.CompletedProcess[str]:
    """Open an address under policies and print what Chromium shows; nothing when it did not open."""
    (folder / "policies.json").write_text(json.dumps(policies))
    return run(
        "unshare", "--mount", "sh", "-c", UNDER_POLICIES, "sh", folder / "policies.json", folder, address, timeout=90
    )


@pytest.mark.parametrize(
    "address",
    ["http://localhost:{port}/", "file:///etc/passwd", "data:text/html,the page was reached"],
    ids=lambda value: value.partition(":")[0],
)
@pytest.mark.parametrize("_", [pytest.param("", marks=real_browser)], ids=["chromium"])
def test_browser_opens_nothing_that_is_not_the_kiosks(address: str, port: int, tmp_path: Path, _: str) -> None:
    address = address.format(port=port)
    assert browse(address, tmp_path, {}).stdout, "without policies it opens"
    assert not browse(address, tmp_path, PRINTABLE).stdout


@pytest.mark.parametrize("_", [pytest.param("", marks=real_browser)], ids=["chromium"])
def test_browser_opens_the_kiosks_page(port: int, tmp_path: Path, _: str) -> None:
    assert "the page was reached" in browse(f"http://127.0.0.1:{port}/", tmp_path, PRINTABLE).stdout


@pytest.mark.skipif(not PROGRAM.exists(), reason="no Chromium of Debian's here")
def test_chromium_knows_every_policy() -> None:
    """It says nothing of a policy that it does not know, so their names are looked for in the program itself."""
    with PROGRAM.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as program:
        assert program.find(b"\0NoSuchPolicyEnabled\0") < 0
        assert not [name for name in POLICY if program.find(b"\0%s\0" % name.encode()) < 0]


def test_only_the_kiosks_page_is_allowed() -> None:
    assert POLICY["URLBlocklist"] == ["*"]
    assert POLICY["URLAllowlist"] == ["http://127.0.0.1", "chrome://print"]
    assert list(POLICY) == sorted(POLICY)
