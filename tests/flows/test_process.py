"""The kiosk as a process: it starts, serves, tells systemd, and ends without leaving anything behind."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from kiosk.settings import SettingsDesk
from tests.conftest import REPOSITORY

PATIENCE_S = 60


class Service:
    """`python -m kiosk` on a free port, and what it says."""

    def __init__(self, tmp_path: Path, *settings: str, **environment: str) -> None:
        always = ("page.port=0", f"records.state={tmp_path / 'var'}", "board.light=simulated")
        told = (setting if setting.startswith("--") else f"--set={setting}" for setting in (*always, *settings))
        command = [sys.executable, "-m", "kiosk", *told]
        environment = {"PATH": "/usr/bin:/bin", **environment}
        self.process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True, env=environment)
        self.said = ""

    def port(self) -> int:
        """Wait until it serves."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line
            if found := re.search(r"http://.*:(\d+)/", line):
                return int(found[1])
        raise AssertionError(f"it ended before it served: {self.said}")

    def hears(self, text: str) -> bool:
        """Wait until it has said this."""
        assert self.process.stderr is not None
        while text not in self.said and (line := self.process.stderr.readline()):
            self.said += line
        return text in self.said

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it; returns its exit status."""
        self.process.send_signal(number)
        self.said += self.process.communicate(timeout=PATIENCE_S)[1]
        return self.process.returncode


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    running: list[Service] = []

    def begin(*settings: str, **environment: str) -> Service:
        running.append(Service(tmp_path, *settings, **environment))
        return running[-1]

    yield begin
    for service in running:
        if service.process.returncode is None:
            service.process.kill()
            service.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_and_gives_the_port_back(number: signal.Signals, start: Callable[..., Service]) -> None:
    service = start()
    port = service.port()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S):
        pass
    assert service.end(number) == 0
    assert "Traceback" not in service.said
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_cameras_child_process_ends_with_it(start: Callable[..., Service]) -> None:
    if shutil.which("gst-launch-1.0") is None:
        pytest.skip("GStreamer is not installed: apt install gstreamer1.0-tools gstreamer1.0-plugins-base")
    service = start("camera.uri=argus://0?source=videotestsrc")
    service.port()
    assert service.hears("camera runs")
    pid = service.process.pid
    children = [
        child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    assert children, "GStreamer runs as a child"
    assert service.end() == 0
    assert not any(Path(f"/proc/{child}").exists() for child in children)


@pytest.mark.parametrize("module", ["kiosk.app", "kiosk.engine", "mediapipe"])
def test_ctrl_c_while_starting_ends_it_without_a_traceback(module: str, tmp_path: Path) -> None:
    """Ctrl-C comes in the middle of an import, at the same place every time."""
    press = f"""
import os, signal, sys
class Press:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background has it ignored
import kiosk.__main__
sys.meta_path.insert(0, Press())
sys.exit(kiosk.__main__.main(["--set=page.port=0", "--set=records.state={tmp_path}", "--set=board.light=simulated"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", press], cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in {0, 130}


def test_systemd_hears_when_it_is_ready_and_that_it_lives(tmp_path: Path, start: Callable[..., Service]) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(PATIENCE_S)
        service = start(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="3000000")
        heard = iter(lambda: notify.recv(4096).decode(), "")
        assert set(itertools.takewhile(lambda m: not m.startswith("READY=1"), heard)) <= {"WATCHDOG=1"}
        assert any("WATCHDOG=1" in next(heard) for _ in range(2))
        assert service.end() == 0


def test_it_starts_without_a_camera_and_says_so(start: Callable[..., Service]) -> None:
    service = start("camera.uri=v4l2:///dev/no-such-camera")
    service.port()
    assert service.hears("CAM-01")
    assert service.end() == 0


def test_a_second_kiosk_on_the_same_port_is_told_so_at_once(start: Callable[..., Service]) -> None:
    first = start()
    second = start(f"page.port={first.port()}")
    assert second.process.wait(PATIENCE_S) == 2
    said = second.process.communicate()[1]
    assert said.startswith("WEB-01") and said.count("\n") == 1


def test_changed_settings_take_effect_in_the_same_process(tmp_path: Path, start: Callable[..., Service]) -> None:
    service = start("page.port=0")
    service.port()
    SettingsDesk(overrides=[f"records.state={tmp_path / 'var'}"]).edit("site.name", "camp 8")
    service.process.send_signal(signal.SIGUSR1)
    service.port()
    assert service.end() == 0, service.said
    told = [f"--set=records.state={tmp_path / 'var'}", "audit", "show"]
    shown = subprocess.run(
        [sys.executable, "-m", "kiosk", *told], capture_output=True, text=True, cwd=REPOSITORY, check=True
    )
    assert shown.stdout.count("site.name = camp 8") == 1


def test_edit_with_which_it_does_not_start_is_taken_back(tmp_path: Path, start: Callable[..., Service]) -> None:
    """Pins that this machine has not got: without the page's own way back the device would be bricked."""
    (tmp_path / "var").mkdir()
    desk = SettingsDesk(overrides=[f"records.state={tmp_path / 'var'}"])
    desk.edit("board.button", "gpiod")
    service = start()
    service.port()
    assert "is taken back" in service.said and "LGT-01" in service.said
    assert service.end() == 0


def _asked(port: int, path: str) -> tuple[int, str]:
    """What is served there; 0 while nothing is."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


def _until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s
        threading.Event().wait(0.05)


def test_a_kiosk_that_cannot_start_says_why_and_comes_up_once_it_can(
    tmp_path: Path, phantom_folder: Path, start: Callable[..., Service]
) -> None:
    bundle = tmp_path / "models" / phantom_folder.name
    shutil.copytree(phantom_folder, bundle, ignore=shutil.ignore_patterns("frames", "turning"))
    shutil.copytree(phantom_folder.parent / "metadata", bundle.parent / "metadata")
    weights = next(bundle.glob("*.tflite"))
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + b"!")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = start("--fallback", f"page.port={port}", f"bundle.path={bundle}")
    assert service.hears("the kiosk does not start: BUN-02")
    _until(lambda: _asked(port, "/")[0] == 200)
    said = _asked(port, "/")[1]
    assert "BUN-02: the kiosk does not start" in said and "install the bundle again" in said
    assert "the kiosk does not start: BUN-02" in said.partition("<pre")[2], "the last lines of the log"
    status, told = _asked(port, "/healthz")
    assert (status, json.loads(told)) == (503, {"start": False})
    weights.write_bytes(whole)
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("POST", "/again")
    assert connection.getresponse().status == 303
    connection.close()
    assert service.port() == port, "it comes up in the same place"
    _until(lambda: "csrf-token" in _asked(port, "/")[1])
    assert service.end() == 0, service.said


def test_without_a_page_to_say_it_a_kiosk_that_cannot_start_ends(tmp_path: Path, start: Callable[..., Service]) -> None:
    service = start(f"bundle.path={tmp_path}")
    assert service.process.wait(PATIENCE_S) == 2
    assert service.process.communicate()[1].startswith("BUN-01")


def test_a_kiosk_whose_page_says_why_ends_when_it_is_told_to(tmp_path: Path, start: Callable[..., Service]) -> None:
    service = start("--fallback", f"bundle.path={tmp_path}")
    assert service.hears("the kiosk does not start: BUN-01")
    assert service.end() == 0, service.said
