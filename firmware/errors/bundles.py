"""Model bundles, publications of them, and the runtime: BUN-, RUN-."""

from __future__ import annotations

from firmware.errors.tree import KioskError


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
