"""The same publication on a real web server, and servers that are not what they should be."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.bundle.importing import Wanted, import_bundle
from firmware.bundle.state import State
from firmware.clock import ManualClock
from firmware.errors import BundleError
from tests.publishing import TODAY, People, bundle_of, passes

Serve = Callable[[type[http.server.BaseHTTPRequestHandler]], str]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Elsewhere(Quiet):
    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()


class Broken(Quiet):
    def do_GET(self) -> None:
        self.send_response(500)
        self.end_headers()


class Endless(Quiet):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(1 << 16))
        except OSError:
            pass  # nobody reads any more


class Short(Quiet):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"{")


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[http.server.ThreadingHTTPServer] = []

    def begin(handler: type[http.server.BaseHTTPRequestHandler]) -> str:
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/"

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def imported(where: str, state: Path) -> str:
    wanted = Wanted(where, People().anchor)
    return import_bundle(wanted, State(state), ManualClock(TODAY), prover=passes).slot.version


def test_publication_on_a_web_server_is_imported_as_from_a_stick(serve: Serve, tmp_path: Path) -> None:
    People().publish(bundle_of(tmp_path / "made"), tmp_path / "stock")
    assert imported(serve(functools.partial(Quiet, directory=str(tmp_path / "stock"))), tmp_path / "state") == "1.0.0"


def test_file_that_is_altered_on_the_server_is_refused(serve: Serve, tmp_path: Path) -> None:
    People().publish(bundle_of(tmp_path / "made"), tmp_path / "stock")
    (tmp_path / "stock" / "phantom-1.0.0" / "gallery.npz").write_bytes(b"malice")
    with pytest.raises(BundleError, match="BUN-09"):
        imported(serve(functools.partial(Quiet, directory=str(tmp_path / "stock"))), tmp_path / "state")


@pytest.mark.parametrize(
    ("handler", "code"), [(Elsewhere, "BUN-15"), (Broken, "BUN-15"), (Endless, "BUN-09"), (Short, "BUN-")]
)
def test_server_that_is_not_what_it_should_be_ends_in_one_line(
    handler: type[http.server.BaseHTTPRequestHandler], code: str, serve: Serve, tmp_path: Path
) -> None:
    with pytest.raises(BundleError) as caught:
        imported(serve(handler), tmp_path / "state")
    assert str(caught.value).startswith(code) and "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["http://127.0.0.1:1/", "http:///", "https://127.0.0.1:1/x", "http://a b/"])
def test_server_that_is_not_there_ends_in_one_line(where: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        imported(where, tmp_path / "state")
    assert str(caught.value).startswith("BUN-") and "\n" not in str(caught.value)
