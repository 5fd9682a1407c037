"""Cameras: every source of frames behind one Protocol, opened by URI."""

from firmware.camera.base import Camera, CameraListing, CameraSettings
from firmware.camera.opening import open_camera

__all__ = ["Camera", "CameraListing", "CameraSettings", "open_camera"]
