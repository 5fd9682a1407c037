"""The list of cameras, on a folder that looks like a machine, and what importing the cameras loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from picamera2_simulator import Sensor, install

from firmware.camera import CameraListing, list_cameras
from firmware.camera.opening import OPENERS
from firmware.camera.uri import OPTIONS, CameraUri


def add_node(root: Path, number: int, name: str, index: int = 0) -> Path:
    node = root / f"dev/video{number}"
    node.parent.mkdir(parents=True, exist_ok=True)
    node.touch()
    entry = root / f"sys/class/video4linux/video{number}"
    entry.mkdir(parents=True)
    (entry / "name").write_text(name + "\n")
    (entry / "index").write_text(f"{index}\n")
    return node


def test_usb_camera_is_listed_once_by_its_stable_link(tmp_path: Path) -> None:
    add_node(tmp_path, 10, "Brio")
    add_node(tmp_path, 11, "Brio", index=1)
    add_node(tmp_path, 2, "HD Webcam")
    add_node(tmp_path, 19, "bcm2835-codec-decode")
    links = tmp_path / "dev/v4l/by-id"
    links.mkdir(parents=True)
    (links / "usb-Logitech_Brio-video-index0").symlink_to("../../video10")
    (links / "usb-Logitech_Brio-video-index1").symlink_to("../../video11")
    assert list_cameras(tmp_path) == [
        CameraListing("v4l2:///dev/video2", "HD Webcam"),
        CameraListing("v4l2:///dev/v4l/by-id/usb-Logitech_Brio-video-index0", "Brio"),
    ]


def test_jetson_cameras_are_listed_for_argus(tmp_path: Path) -> None:
    add_node(tmp_path, 0, "vi-output, imx219 9-0010")
    add_node(tmp_path, 1, "vi-output, imx219 10-0010")
    assert [camera.uri for camera in list_cameras(tmp_path)] == ["argus://0", "argus://1"]


def test_raspberry_pi_camera_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Sensor(), Sensor("imx219"))
    assert list_cameras(tmp_path) == [CameraListing("picamera://0", "imx708"), CameraListing("picamera://1", "imx219")]


def test_machine_without_cameras_has_an_empty_list(tmp_path: Path) -> None:
    assert list_cameras(tmp_path) == []


def test_listed_addresses_are_addresses(tmp_path: Path) -> None:
    add_node(tmp_path, 0, "Webcam")
    assert CameraUri.parse(list_cameras(tmp_path)[0].uri).target == "/dev/video0"


def test_every_scheme_has_an_opener() -> None:
    assert OPENERS.keys() == OPTIONS.keys()


def test_importing_the_cameras_loads_no_camera_software() -> None:
    program = (
        "import sys, firmware.camera; print([m for m in ('cv2', 'picamera2', 'libcamera', 'gi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
