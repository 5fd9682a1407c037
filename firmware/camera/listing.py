"""Which cameras this machine has, as addresses that open them: for people who set up a kiosk.

Rules: nothing is opened; USB cameras are named by their stable link before their number, because the number changes
with the port; the many video nodes of codecs and image processors are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from firmware.camera.base import CameraListing

NO_CAMERA = ("bcm2835-", "rpi-", "rpivid", "pispbe", "rp1-cfe", "unicam", "tegra-")
"""How the names of video nodes begin that are codecs, image processors or raw sensor outputs."""
ARGUS_NODE = "vi-output"


def list_cameras(root: Path = Path("/")) -> list[CameraListing]:
    """The cameras under `root`: Raspberry Pi, Jetson and USB, in this order."""
    return [*_picamera_cameras(), *_argus_cameras(root), *_usb_cameras(root)]


def _picamera_cameras() -> Iterator[CameraListing]:
    try:
        known = import_module("picamera2").Picamera2.global_camera_info()
    except ImportError:
        return
    for index, camera in enumerate(known):
        # libcamera sees USB cameras too; those are listed by their device node.
        if "usb" not in str(camera.get("Id", "")).lower():
            yield CameraListing(f"picamera://{index}", str(camera.get("Model", "unknown")))


def _argus_cameras(root: Path) -> Iterator[CameraListing]:
    names = [name for node in _nodes(root) if (name := _name(root, node)).startswith(ARGUS_NODE)]
    for index, name in enumerate(names):
        yield CameraListing(f"argus://{index}", name)


def _usb_cameras(root: Path) -> Iterator[CameraListing]:
    links = {link.resolve(): link for link in sorted((root / "dev/v4l/by-id").glob("*"))}
    for node in _nodes(root):
        name = _name(root, node)
        if not name.startswith((*NO_CAMERA, ARGUS_NODE)) and _is_first_node(root, node):
            path = links.get(node.resolve(), node).relative_to(root)
            yield CameraListing(f"v4l2:///{path}", name or node.name)


def _nodes(root: Path) -> list[Path]:
    found = (node for node in (root / "dev").glob("video*") if node.name.removeprefix("video").isdecimal())
    return sorted(found, key=lambda node: int(node.name.removeprefix("video")))


def _name(root: Path, node: Path) -> str:
    return _sysfs(root, node, "name")


def _is_first_node(root: Path, node: Path) -> bool:
    """A USB camera has a second node that gives metadata and no picture."""
    return _sysfs(root, node, "index") in ("", "0")


def _sysfs(root: Path, node: Path, attribute: str) -> str:
    try:
        return (root / "sys/class/video4linux" / node.name / attribute).read_text(errors="replace").strip()
    except OSError:
        return ""
