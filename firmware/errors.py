"""Everything that can go wrong, one class each: a code, what happened, what to do.

The code is what the screen and the log show and what the README's table explains. An error is written for the person
who reads it: one line, no traceback. Where a builtin says the same, the class is that builtin too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar


class KioskError(Exception):
    """Something failed that has no code of its own.

    The root of the tree; `str(error)` is the one line that is shown.
    """

    code: ClassVar[str] = "KSK-00"
    remedy: ClassVar[str] = "Restart the kiosk; if it comes again, send the diagnostics to support."

    def __init__(self, what: str, remedy: str | None = None) -> None:
        self.what = what.rstrip(".")
        self.advice = remedy or self.remedy
        end = "" if self.what.endswith(("?", "!")) else "."
        super().__init__(f"{self.code} {self.what}{end} {self.advice}")


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


class MeshError(KioskError, RuntimeError):
    """The face mesh cannot be loaded."""

    code = "MSH-01"
    remedy = "Run make setup; `python -m firmware selftest` shows what is installed."


class MeshAbsentError(MeshError, ImportError):
    """The bundle was trained with a face mesh that is not installed here."""

    code = "MSH-02"
    remedy = (
        "Use a bundle that names the other face mesh, or set the device up with Python 3.11 or 3.12: "
        "requirements.txt has both."
    )


class MeshTaskError(MeshError, FileNotFoundError):
    """FaceLandmarker's file face_landmarker.task is missing, or is not the one it must be. It was not parsed."""

    code = "MSH-03"
    remedy = "Use a bundle that carries the file, or fetch it: make landmarker-task."


class BundleError(KioskError):
    """A model bundle cannot be used."""

    code = "BUN-00"
    remedy = "Install the bundle again from its source."


class BundleAbsentError(BundleError, FileNotFoundError):
    """The bundle's folder, its manifest or one of its files is not there."""

    code = "BUN-01"
    remedy = "Name a folder with a manifest.json and every file it lists (the shipped one: models/phantom)."


class BundleAlteredError(BundleError, ValueError):
    """A file of the bundle is not the one its manifest names. It was not parsed."""

    code = "BUN-02"
    remedy = "Do not use this copy; install the bundle again from its source."


class BundleManifestError(BundleError, ValueError):
    """The manifest is no JSON, or does not say what the format asks for."""

    code = "BUN-03"
    remedy = "models/README.md describes the format; build bundles with python -m tools.bundle."


class BundleModelError(BundleError, ValueError):
    """The classifier is no TFLite model, or not of the shape its manifest states."""

    code = "BUN-04"
    remedy = "Convert the network again with python -m tools.convert."


class BundleUnsignedError(BundleError, PermissionError):
    """Signatures are missing, or are not those of the people whom this device trusts. Nothing was parsed."""

    code = "BUN-05"
    remedy = "Have it signed by everybody whose signature is missing (python -m tools.bundle verify says whose)."


class BundleExpiredError(BundleError, ValueError):
    """The date up to which the signatures hold has passed, as far as the kiosk knows the date."""

    code = "BUN-06"
    remedy = "Check the kiosk's date; if it is right, publish the bundle again (python -m tools.bundle publish)."


class BundleRollbackError(BundleError, ValueError):
    """It is older than what this device has accepted before, or below its security epoch."""

    code = "BUN-07"
    remedy = "Use the newest publication; to go back to an older model, publish that one anew under a higher version."


class PublicationAbsentError(BundleAbsentError):
    """The stick or folder holds no publication of bundles."""

    code = "BUN-08"
    remedy = "Put one on it: python -m tools.flash FOLDER."


class PublicationDamagedError(BundleError, ValueError):
    """A part of the publication is missing, is from another publication, is too large, or is no plain file."""

    code = "BUN-09"
    remedy = "Copy the whole publication anew: python -m tools.flash FOLDER."


class PublicationAmbiguousError(BundleError, ValueError):
    """There are several bundles, and nothing says which one is meant."""

    code = "BUN-10"
    remedy = "Keep one of them there, or name one: --bundle ID."


class BundleUnsuitableError(BundleError, ValueError):
    """The bundle is made for other hardware, for other software, or for a face mesh that is not installed."""

    code = "BUN-11"
    remedy = "Use a bundle that is made for this device, or update the device's software first."


class BundleNotClinicalError(BundleError, PermissionError):
    """The keys that signed it are published, so they are good for demonstrations only."""

    code = "BUN-12"
    remedy = "Sign clinical bundles with your programme's own keys and give the device their root: `bundle.root`."


class BundleProofError(BundleError, ValueError):
    """The bundle did not pass its self-test on this device."""

    code = "BUN-13"
    remedy = "The kiosk goes on with the bundle it had. Tell those who made this one what the line says."


class BundleRoomError(BundleError, OSError):
    """The device's disk has no room for it, or cannot be written."""

    code = "BUN-14"
    remedy = "The kiosk goes on with the bundle it had. Make room, or have the disk looked at."


class PublicationLostError(BundleError, OSError):
    """The stick or folder could not be read to the end."""

    code = "BUN-15"
    remedy = "Put the stick in again and leave it until the kiosk says that it is done; else copy it anew."


class FallBackError(BundleError, LookupError):
    """There is no other bundle that this device may fall back to."""

    code = "BUN-16"
    remedy = "Flash the wanted bundle: python -m tools.flash."


class BundleBusyError(BundleError, BlockingIOError):
    """Another import is under way."""

    code = "BUN-17"
    remedy = "Wait until it is done."


class RuntimeAbsentError(KioskError, ImportError):
    """The library that runs the classifier is not installed, or cannot be loaded."""

    code = "RUN-01"
    remedy = "Run make setup; `python -m firmware selftest` shows what is installed."


class SubjectError(KioskError, ValueError):
    """An age or a sex cannot be used."""

    code = "SUB-01"
    remedy = "Give the age in years (0 to 130) and the sex as F or M, or leave out what is not known."


class OpticsError(KioskError, ValueError):
    """A lens, a picture's size or a scale cannot be used."""

    code = "OPT-01"
    remedy = (
        "Give the lens' horizontal field of view in degrees (5 to 150), the card's side in mm (5 to 200), or neither."
    )


class NormsError(KioskError, ValueError):
    """A table of norms cannot be read, or says something impossible."""

    code = "NRM-01"
    remedy = "Its columns are those of firmware/face/anthropometry/norms.csv; docs/method.md describes them."


class PrevalenceError(KioskError, ValueError):
    """A prevalence at which screening has no meaning."""

    code = "SUB-02"
    remedy = "Give the share of affected people where the kiosk stands, above 0 and below 1 (0.002 is 1 in 500)."


class SettingError(KioskError, ValueError):
    """A setting is unknown, or its value cannot be used."""

    code = "SET-01"
    remedy = "`python -m kiosk --dump-config` shows every setting with its meaning."


class SettingFileError(SettingError):
    """The configuration file cannot be read."""

    code = "SET-02"
    remedy = "Give a readable TOML file; `python -m kiosk --dump-config` writes one."


class SettingFixedError(SettingError, PermissionError):
    """A setting is not to be changed from the page."""

    code = "SET-03"
    remedy = "Change it in the configuration file or on the command line, and start the kiosk again."


class PortInUseError(KioskError, OSError):
    """The web address is taken by another program."""

    code = "WEB-01"
    remedy = "Stop the other program, or choose another port: the setting `page.port`, or PORT=8081 make demo."


class RouteError(KioskError, LookupError):
    """A page's route has no rule that says who may ask for it, or a rule has no route."""

    code = "WEB-02"
    remedy = "This is a mistake in the program: install it again, or give the route a row in kiosk/pages/guard.py."


class LightError(KioskError, OSError):
    """The lights or the button cannot be reached."""

    code = "LGT-01"
    remedy = 'Check the wiring and the settings of [board]; "simulated" runs without lamps.'


class PowerError(KioskError, OSError):
    """The machine cannot be switched off from here."""

    code = "PWR-01"
    remedy = "Switch it off with `sudo poweroff`; the shipped image allows the kiosk to do it."


class StateError(KioskError, OSError):
    """The kiosk's own folder cannot be written."""

    code = "STA-01"
    remedy = "Check the disk and the setting `records.state`; the kiosk needs a folder it may write to."


class StickError(KioskError, OSError):
    """The stick that records are exported to cannot be used."""

    code = "STK-00"
    remedy = "Take another stick and export again; what was exported before is not lost."


class StickGoneError(StickError):
    """The stick was pulled out, or fails."""

    code = "STK-01"
    remedy = "Put the stick in again and export again: it goes on with the records that are not on it yet."


class StickFullError(StickError):
    """There is no room left on the stick."""

    code = "STK-02"
    remedy = "Make room on the stick or take another one and export again: it goes on where it stopped."


class StickReadOnlyError(StickError):
    """The stick does not let itself be written."""

    code = "STK-03"
    remedy = "Move the stick's write lock, or take another one."


class StickTakenError(StickError):
    """What should be written is on the stick already, or a folder is in its place."""

    code = "STK-04"
    remedy = "Move it to another folder, or take another stick, and export again."


class StickAbsentError(StickGoneError):
    """No stick is mounted in the folder: what was written there would stay on the device's own disk."""

    code = "STK-05"
    remedy = "Mount the stick and export again; to write to this disk all the same, say --here."


class ArchiveError(KioskError, ValueError):
    """An archive of records is damaged, or is none."""

    code = "ARC-01"
    remedy = "Copy the archive from its stick again; if that does not help, export the records again on the kiosk."


class ArchiveLockedError(ArchiveError):
    """The archive was sealed for another key."""

    code = "ARC-02"
    remedy = "Name the programme's identity file of the time of the export; after a rotation keep the old one too."


class ArchiveNewerError(ArchiveError):
    """The archive was written by a newer version than this one."""

    code = "ARC-03"
    remedy = "Open it with the version of Phenokiosk that wrote it, or a later one."


class ArchiveOriginError(ArchiveError):
    """The archive was not signed by a device that the centre knows: it may be forged."""

    code = "ARC-04"
    remedy = "Keep it aside and ask whoever brought it; a new device belongs into the list that --devices names."


class RecordError(KioskError):
    """The records cannot be used."""

    code = "REC-00"
    remedy = "Restart the kiosk; `python -m kiosk audit verify` says how the records are."


class VaultBusyError(RecordError, BlockingIOError):
    """Another process has the vault open."""

    code = "REC-01"
    remedy = "Stop the kiosk first (the service: systemctl stop phenokiosk); only one program may own the records."


class VaultKeyError(RecordError, PermissionError):
    """The device secret is missing, or is not the one that the vault was made with."""

    code = "REC-02"
    remedy = "Put the right secret back (`records.device_secret`); the records are untouched. Do not start it anew."


class VaultDamagedError(RecordError, ValueError):
    """The vault's file is truncated or altered, or a file that it needs is gone."""

    code = "REC-03"
    remedy = "Copy the state folder away, do not repair it, and ask support; what was exported is not concerned."


class VaultNewerError(RecordError, ValueError):
    """The vault was written by a newer version of the kiosk."""

    code = "REC-04"
    remedy = "Install that version again; the records are untouched."


class DiskFullError(RecordError, OSError):
    """There is no room to keep a record."""

    code = "REC-05"
    remedy = "Export records and make room on the disk; the kiosk goes on by itself."


class VaultUnwritableError(RecordError, OSError):
    """The vault cannot be written: the disk is read-only or fails."""

    code = "REC-06"
    remedy = "Check the SD card or disk; the kiosk goes on by itself once it can write again."


class RecordDamagedError(RecordError, ValueError):
    """A stored record was altered, or is none of ours. Nothing of it is shown."""

    code = "REC-07"
    remedy = "Do not use this copy; the programme's copy of the record is in the last export."


class RecordSealedError(RecordError, PermissionError):
    """This device can no longer read the record: its time here is over, or the PIN was reset."""

    code = "REC-08"
    remedy = "Export it: the programme opens it with its own key."


class RecordAbsentError(RecordError, LookupError):
    """There is no such record."""

    code = "REC-09"
    remedy = "Check the number on the subject's card."


class AuditBrokenError(RecordError, ValueError):
    """The audit log was altered or cut short."""

    code = "REC-10"
    remedy = "Take the device out of service, keep it as it is, and tell the programme."


class ClockDoubtError(RecordError):
    """The clock says what cannot be: long ago, far ahead, or earlier than the last record."""

    code = "REC-11"
    remedy = "Set the clock (timedatectl), or confirm that it is right: `python -m kiosk clock accept`."


class ProgrammeKeyError(RecordError, ValueError):
    """A key of the programme cannot be understood."""

    code = "REC-12"
    remedy = "records.programme_key starts with age1; records.programme_signing_key is an Ed25519 key of 64 hex digits."


class RecordConsentError(RecordError, PermissionError):
    """Photos were to be kept to which nobody has agreed."""

    code = "REC-13"
    remedy = "Ask for consent to photos first, and begin again; without it none is kept."


class PinError(KioskError):
    """A PIN cannot be used."""

    code = "PIN-00"
    remedy = "A PIN has 6 to 12 digits."


class WrongPinError(PinError, PermissionError):
    """The PIN is wrong."""

    code = "PIN-01"
    remedy = "Try again; after some wrong ones the waits grow."


class LockedOutError(PinError, PermissionError):
    """Too many wrong PINs: the next may be tried later.

    seconds: how long to wait from now on.
    """

    code = "PIN-02"
    remedy = "Wait, or ask the programme for a reset token: `python -m kiosk pin forgot`."

    def __init__(self, what: str, seconds: int = 0) -> None:
        self.seconds = seconds
        super().__init__(what)


class NoPinError(PinError, LookupError):
    """No PIN is set yet."""

    code = "PIN-03"
    remedy = "Set one: `python -m kiosk pin set`."


class ResetTokenError(PinError, ValueError):
    """The token is not the programme's answer to this device's last question."""

    code = "PIN-04"
    remedy = "Ask again with `python -m kiosk pin forgot` and give the programme its whole answer."


def all_errors(root: type[KioskError] = KioskError) -> Iterator[type[KioskError]]:
    """Every class of the tree, for the README's table and its test."""
    yield root
    for child in root.__subclasses__():
        yield from all_errors(child)
