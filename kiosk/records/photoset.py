"""Portraits -> PhotoSet: standardised photos of one subject, with all that is known of how each was taken.

Rules: a set holds photos and nothing that a network has said, and there is none without consent to photos. The set
names the SHA-256 of each JPEG, so that a photo and what is said of it belong together wherever they go.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import cv2

from firmware.face.pose import Pose
from firmware.face.verdict import Quality, Verdict
from firmware.face.wanted import turn_deg
from firmware.portrait import Portrait
from firmware.subject import Sex
from firmware.version import VERSION
from kiosk.records.record import Consent, Intake, Point

JPEG_QUALITY: Final = 95
"""Higher than a screening's photo: these are looked at by geneticists, and learned from."""
Jpegs = Mapping[str, bytes]
"""Name of the pose -> its photo."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A row of the quality report. value: None where it was no finite number."""

    measure: str
    value: float | None
    score: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Shot:
    """One photo of a set; see firmware.portrait.Portrait.

    wanted, wanted_yaw_deg: the pose that was asked for. pose: as the mesh reads it; turned_deg: its yaw as the head was
    really turned, see wanted.turn_deg. judged: frames it was chosen from. sha256: of the JPEG.
    """

    wanted: str
    wanted_yaw_deg: float
    pose: Pose | None
    turned_deg: float | None
    quality: tuple[Judged, ...]
    points: tuple[Point, ...]
    box: tuple[float, float, float, float] | None
    mm_per_px: float | None
    grey_gains: tuple[float, float, float] | None
    judged: int
    width_px: int
    height_px: int
    sha256: str

    @classmethod
    def of(cls, portrait: Portrait, jpeg: bytes) -> Shot:
        """What is kept of a portrait beside its photo."""
        pose = portrait.pose if portrait.pose and math.isfinite(portrait.pose.yaw) else None
        return cls(
            wanted=portrait.wanted.name,
            wanted_yaw_deg=portrait.wanted.yaw_deg,
            pose=pose,
            turned_deg=round(turn_deg(pose.yaw), 2) if pose else None,
            quality=tuple(_judged(row) for row in portrait.quality.measures),
            points=portrait.points,
            box=portrait.box,
            mm_per_px=portrait.mm_per_px,
            grey_gains=portrait.grey_gains,
            judged=portrait.judged,
            width_px=portrait.frame.width,
            height_px=portrait.frame.height,
            sha256=digest(jpeg),
        )


@dataclass(frozen=True, slots=True)
class PhotoSet:
    """The photos of one visit. id, at, time_trusted: as of a Record. software, mesh_backend: what took them."""

    id: str
    at: datetime
    time_trusted: bool
    site: str
    camp_number: str | None
    age_years: float | None
    sex: Sex | None
    skin_tone: int | None
    consent: Consent
    software: str
    mesh_backend: str
    shots: tuple[Shot, ...]

    @classmethod
    def of(
        cls,
        portraits: Sequence[Portrait],
        at: datetime,
        *,
        time_trusted: bool,
        intake: Intake | None = None,
        site: str = "",
        jpegs: Jpegs | None = None,
    ) -> PhotoSet:
        """The set of these portraits, each of another pose. jpegs: of `jpegs_of`, where they were made already."""
        asked, encoded = intake or Intake(), jpegs or jpegs_of(portraits)
        return cls(
            id=secrets.token_hex(16),
            at=at,
            time_trusted=time_trusted,
            site=site,
            camp_number=asked.camp_number,
            age_years=asked.subject.age_years,
            sex=asked.subject.sex,
            skin_tone=asked.skin_tone,
            consent=asked.consent,
            software=VERSION,
            mesh_backend=portraits[0].mesh_backend,
            shots=tuple(Shot.of(portrait, encoded[portrait.wanted.name]) for portrait in portraits),
        )

    def is_of(self, jpegs: Jpegs) -> bool:
        """Whether these are its photos: all of them, no other, and not a bit different."""
        named = {shot.wanted: shot.sha256 for shot in self.shots}
        return len(named) == len(self.shots) and named == {name: digest(jpeg) for name, jpeg in jpegs.items()}


def jpegs_of(portraits: Sequence[Portrait]) -> dict[str, bytes]:
    """The photos as they are kept; the same portraits give the same bytes."""
    return {portrait.wanted.name: _jpeg(portrait) for portrait in portraits}


def digest(jpeg: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(jpeg).hexdigest()


def _jpeg(portrait: Portrait) -> bytes:
    shown = cv2.cvtColor(portrait.frame.pixels, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", shown, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1])


def _judged(row: Quality) -> Judged:
    return Judged(row.measure, row.value if math.isfinite(row.value) else None, row.score, row.verdict)
