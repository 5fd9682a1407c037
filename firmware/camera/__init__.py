"""Cameras: every source of frames behind one Protocol, opened by URI."""

from firmware.camera.base import Camera, CameraListing, CameraSettings
from firmware.camera.listing import list_cameras
from firmware.camera.opening import open_camera
from firmware.camera.steady import CameraHealth, SteadyCamera

__all__ = [
    "Camera",
    "CameraHealth",
    "CameraListing",
    "CameraSettings",
    "SteadyCamera",
    "list_cameras",
    "open_camera",
]
