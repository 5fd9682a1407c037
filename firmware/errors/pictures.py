"""Cameras and photos: CAM-, PHO-."""

from __future__ import annotations

from firmware.errors.tree import KioskError


class CameraError(KioskError):
    """A camera gives no frames. Every camera error can pass: the reader closes, waits and opens again."""

    code = "CAM-00"
    remedy = "Check the camera's cable."


class CameraAbsentError(CameraError, FileNotFoundError):
    """There is no such camera."""

    code = "CAM-01"
    remedy = "Plug the camera in; the kiosk goes on by itself. `python -m firmware camera` lists what is there."


class CameraBusyError(CameraError, BlockingIOError):
    """Another program holds the camera."""

    code = "CAM-02"
    remedy = "Only one program may own a camera: stop the other one (the service: systemctl stop phenokiosk)."


class CameraStalledError(CameraError, TimeoutError):
    """The camera is open but no new frame came in time."""

    code = "CAM-03"
    remedy = "The kiosk opens the camera again by itself; if that does not help, check cable and power."


class CameraUriError(CameraError, ValueError):
    """The camera's address cannot be understood."""

    code = "CAM-04"
    remedy = "Use picamera://0, v4l2:///dev/video0, argus://0 or replay:///folder-or-video?fps=10&loop=1."


class CameraDriverError(CameraError, ImportError):
    """The software that drives this kind of camera is not installed."""

    code = "CAM-05"
    remedy = (
        "Install it (Raspberry Pi: apt install python3-picamera2; Jetson: apt install nvidia-l4t-gstreamer) "
        "and run make setup again."
    )


class ReplayEndedError(CameraStalledError):
    """The replay has shown its last picture."""

    code = "CAM-06"
    remedy = "Add loop=1 to the camera's address to play it again and again."


class CameraAccessError(CameraError, PermissionError):
    """This user may not use the camera."""

    code = "CAM-07"
    remedy = "Add the user to the group video: usermod -aG video <user>, then log in again."


class PhotoError(KioskError):
    """A photo cannot be used."""

    code = "PHO-00"
    remedy = "Take the photo again."


class PhotoAbsentError(PhotoError, FileNotFoundError):
    """There is no such file."""

    code = "PHO-01"
    remedy = "Check the path."


class PhotoUnreadableError(PhotoError, ValueError):
    """The file is empty, damaged, or no JPEG or PNG."""

    code = "PHO-02"
    remedy = "Use a complete JPEG or PNG file."


class PhotoSizeError(PhotoError, ValueError):
    """The picture has too many or too few pixels, or a side that is too long."""

    code = "PHO-03"
    remedy = "Use a photo of 64 to 16,384 px a side and 50 megapixels or fewer."


class NoPhotosError(PhotoError, FileNotFoundError):
    """A folder holds no photo."""

    code = "PHO-04"
    remedy = "Name a folder that holds .jpg, .jpeg or .png files."


class PhotoAccessError(PhotoError, OSError):
    """The path is there, but is no file, or may not be read."""

    code = "PHO-05"
    remedy = "Name a photo file that this user may read (ls -l shows who may)."


class PhotoNameError(PhotoError, ValueError):
    """Two photos have the same name but for the ending, so that one crop would overwrite the other."""

    code = "PHO-06"
    remedy = "Rename one of them: the name without its ending is the photo's id."
