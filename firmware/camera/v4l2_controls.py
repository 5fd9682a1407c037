"""Mains flicker and focus of a USB camera, which OpenCV cannot set: two ioctls on the device node.

Rules: a camera that lacks a control is used without it. V4L2 has no unit for focus, so a fixed focus only switches the
autofocus off, and the lens stays where it is.
"""

from __future__ import annotations

import fcntl
import logging
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from firmware.camera.base import CameraSettings, Focus

# <linux/videodev2.h> and <linux/v4l2-controls.h>; the same numbers on every architecture.
VIDIOC_S_CTRL = 0xC008561C
V4L2_CONTROL = struct.Struct("=Ii")
POWER_LINE_FREQUENCY = 0x00980918
FOCUS_AUTO = 0x009A090C
AUTO_FOCUS_START = 0x009A091C
POWER_LINE = {0: 0, 50: 1, 60: 2}
"""flicker_hz -> enum v4l2_power_line_frequency."""

_log = logging.getLogger(__name__)


def wanted_controls(settings: CameraSettings) -> Iterator[tuple[int, int]]:
    """The controls (id, value) that the settings ask for, in the order they must be set."""
    yield POWER_LINE_FREQUENCY, POWER_LINE[settings.flicker_hz]
    mode = Focus.parse(settings.focus).mode
    yield FOCUS_AUTO, int(mode == "continuous")
    if mode == "auto":
        yield AUTO_FOCUS_START, 1


def apply_controls(node: Path, settings: CameraSettings) -> list[int]:
    """Set what the camera knows; returns the ids of the controls that it took."""
    taken = []
    try:
        descriptor = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        _log.info("%s: controls cannot be set: %s", node, error)
        return []
    try:
        for control, value in wanted_controls(settings):
            try:
                fcntl.ioctl(descriptor, VIDIOC_S_CTRL, V4L2_CONTROL.pack(control, value))
                taken.append(control)
            except OSError as error:
                _log.info("%s has no control %#x: %s", node, control, error.strerror)
    finally:
        os.close(descriptor)
    return taken
