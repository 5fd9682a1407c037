"""Face meshes, and what is known or asked of a subject: MSH-, SUB-, OPT-, NRM-."""

from __future__ import annotations

from firmware.errors.tree import KioskError


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
